"""A capture's values are those of its answer, its image and its row."""

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from scones.monitor.capture import Capture
from scones.monitor.features import features
from scones.monitor.pictures import measure
from tests.scones.monitor.records import START, capture, png

CLASSES = ("bicycle", "motorcycle", "bus")


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    target = io.BytesIO()
    picture.save(target, format=kind)
    return target.getvalue()


def noise(side: int = 64) -> Image.Image:
    values = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(values)


def row(body: bytes, content_type: str) -> dict[str, Any]:
    made = Capture("e", None, START, body, content_type, None, "a:1")
    return features(made, CLASSES, 0.93)


def test_an_answer_gives_confidence_entropy_margin_and_outcome() -> None:
    found = features(capture(1, 0.2, 0.7, 0.1, body=b""), CLASSES, 0.7)
    bits = -sum(p * math.log2(p) for p in (0.2, 0.7, 0.1))
    assert found == {
        "confidence": 0.7,
        "entropy": pytest.approx(bits),
        "margin": pytest.approx(0.5),
        "passed": "yes",
        "predicted_class": "motorcycle",
    }


def test_a_certain_answer_has_no_entropy() -> None:
    found = features(capture(1, 0.0, 0.0, 1.0, body=b""), CLASSES, 1.0)
    assert (found["entropy"], found["margin"], found["passed"]) == (0, 1, "yes")


def test_an_answer_of_another_model_or_none_has_no_values() -> None:
    assert features(capture(1, 0.5, 0.5, body=b""), CLASSES, 0.9) == {}
    assert features(capture(1, body=b""), CLASSES, 0.9) == {}


def test_a_plain_image_has_its_size_and_colour_and_neither_contrast_nor_sharpness() -> None:
    found = measure(encoded(Image.new("RGB", (40, 20), (255, 0, 51))))
    assert found is not None
    assert (found["width"], found["height"]) == (40, 20)
    assert found["brightness"] == pytest.approx(0.299 + 0.114 * 0.2, abs=1e-4)
    assert found["contrast"] == pytest.approx(0, abs=1e-6)
    assert found["sharpness"] == pytest.approx(0, abs=1e-6)
    assert [found[name] for name in ("red", "green", "blue")] == pytest.approx(
        [1, 0, 0.2], abs=1e-4
    )


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("brightness", ImageEnhance.Brightness(noise()).enhance(0.5)),
        ("contrast", ImageEnhance.Contrast(noise()).enhance(0.5)),
        ("sharpness", noise().filter(ImageFilter.GaussianBlur(1))),
        ("colourfulness", ImageEnhance.Color(noise()).enhance(0.2)),
    ],
)
def test_a_measure_falls_with_what_it_measures(name: str, changed: Image.Image) -> None:
    before, after = measure(encoded(noise())), measure(encoded(changed))
    assert before is not None
    assert after is not None
    assert after[name] < 0.75 * before[name]


def test_grey_is_not_colourful() -> None:
    found = measure(encoded(noise().convert("L")))
    assert found is not None
    assert found["colourfulness"] == pytest.approx(0, abs=1e-6)


def test_a_large_photo_is_measured_and_keeps_its_size_on_record() -> None:
    found = measure(encoded(noise(1500), "JPEG"))
    assert found is not None
    assert (found["width"], found["height"]) == (1500, 1500)


def test_a_tiny_image_is_measured() -> None:
    found = measure(png(side=1))
    assert found is not None
    assert found["sharpness"] == 0


def test_a_broken_image_has_no_values() -> None:
    assert row(png()[:30], "image/png") == {}


def test_csv_and_json_rows_have_their_columns() -> None:
    assert row(b"5.1,3,,red\n", "text/csv; charset=utf-8") == {
        "_c0": 5.1,
        "_c1": 3,
        "_c2": None,
        "_c3": "red",
    }
    body = b'{"age": 41, "home": {"city": "Bonn"}, "tags": [true, null]}'
    assert row(body, "application/json") == {
        "age": 41,
        "home.city": "Bonn",
        "tags._c0": "true",
        "tags._c1": None,
    }
    assert row(b"[0.5, 2]", "application/json") == {"_c0": 0.5, "_c1": 2}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000, b'"' + b"x" * 2**20])
def test_a_body_that_is_no_row_has_no_values(body: bytes) -> None:
    assert row(body, "application/json") == {}


def test_not_a_number_is_missing() -> None:
    assert row(b"nan,1", "text/csv") == {"_c0": None, "_c1": 1}
    assert row(b'{"a": NaN}', "application/json") == {"a": None}
