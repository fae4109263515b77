"""What an answer rests on is found by covering, for models whose answer is known to rest on it."""

import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.errors import DataError, EndpointError, UsageError
from scones.explain import (
    Endpoint,
    Explanation,
    Photo,
    explain,
    read_photo,
    request_count,
    write_page,
)
from scones.monitor.capture import PROBE_PREFIX

CLASSES = ("bun", "roll")
RED = (255, 0, 0)


def share_of_red(pixels: np.ndarray) -> float:
    return float((np.abs(pixels.astype(int) - RED).max(axis=2) < 60).mean())


class RedIsABun:
    """A model whose answer rests on what is red, and on nothing else."""

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign
        self.asked: list[np.ndarray] = []

    def __call__(self, pictures: Iterable[np.ndarray]) -> Iterator[tuple[float, ...]]:
        for picture in pictures:
            self.asked.append(picture)
            bun = 0.5 + self.sign * 5 * share_of_red(picture)
            yield (bun, 1 - bun)


def with_patch(folder: Path, left: int, top: int, side: int = 8, size: int = 64) -> Path:
    """A photo of noise in which only one patch is red."""
    noise = np.random.default_rng(2).integers(0, 120, (size, size, 3), np.uint8)
    noise[top : top + side, left : left + side] = RED
    Image.fromarray(noise).save(folder / "photo.png")
    return folder / "photo.png"


def explained(photo: Photo, model: Any = None, **more: Any) -> Explanation:
    given = {"threshold": 0.93, "grid": 8} | more
    return explain(photo, model or RedIsABun(), CLASSES, **given)


@pytest.mark.parametrize(("column", "row"), [(0, 0), (7, 0), (2, 5), (4, 3), (7, 7)])
def test_the_map_peaks_on_the_patch_that_decides(tmp_path: Path, column: int, row: int) -> None:
    found = explained(read_photo(with_patch(tmp_path, 8 * column, 8 * row)))
    peak = np.unravel_index(int(found.heat.argmax()), found.heat.shape)
    assert peak == (row, column)
    left, top, width, height = found.lowest_box
    assert left <= 8 * column < left + width
    assert top <= 8 * row < top + height
    assert found.label == "bun"
    assert found.lowest == pytest.approx(0.5)
    others = np.delete(found.heat.ravel(), 8 * row + column)
    assert others.max() <= found.heat.max() / 2


def test_what_speaks_against_a_class_is_below_zero(tmp_path: Path) -> None:
    photo = read_photo(with_patch(tmp_path, 16, 40))
    found = explained(photo, label="roll")
    assert found.heat.min() == found.heat[5, 2] < 0
    assert found.confidence == pytest.approx(0.5 - 5 / 64)
    assert "Covering no part of the picture makes it less" in found.text


def test_every_cell_is_covered_as_often_and_no_more_is_asked_than_said(tmp_path: Path) -> None:
    model = RedIsABun()
    answers = []
    photo = read_photo(with_patch(tmp_path, 0, 0))
    explained(photo, model, grid=5, on_answer=lambda: answers.append(1))
    assert len(model.asked) == len(answers) == request_count(5) == 37
    whole = model.asked[0]
    changed = sum((picture != whole).any(axis=2).astype(int) for picture in model.asked[1:])
    assert (whole == photo.pixels).all()
    assert set(np.unique(changed)) == {4}


def test_a_large_photo_is_shrunk_whole_and_told_in_its_own_pixels(tmp_path: Path) -> None:
    Image.open(with_patch(tmp_path, 40, 16)).resize((960, 480), 0).save(tmp_path / "wide.png")
    photo = read_photo(tmp_path / "wide.png")
    assert photo.pixels.shape == (128, 256, 3)
    assert photo.size == (960, 480)
    found = explained(photo)
    assert np.unravel_index(int(found.heat.argmax()), found.heat.shape) == (2, 5)
    left, top, width, height = found.lowest_box
    assert (width, height) == (240, 120)
    assert left <= 600 < left + width
    assert top <= 120 < top + height


def test_a_photo_is_read_upright_and_on_white(tmp_path: Path) -> None:
    turned = Image.new("RGB", (8, 4), RED)
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert read_photo(tmp_path / "turned.jpg").size == (4, 8)
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (read_photo(tmp_path / "clear.png").pixels == 255).all()


def test_what_cannot_be_explained_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no image"):
        read_photo(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match="cannot be read as a PNG or JPEG"):
        read_photo(tmp_path / "text.png")
    photo = read_photo(with_patch(tmp_path, 0, 0, size=16))
    with pytest.raises(UsageError, match="smaller than 32 pixels: give a smaller --grid"):
        explained(photo, grid=32)
    with pytest.raises(UsageError, match="no class 'cake': choose from bun, roll"):
        explained(photo, label="cake")
    with pytest.raises(EndpointError, match="tells 2 classes apart, and the project has 3"):
        explain(photo, RedIsABun(), ("a", "b", "c"), threshold=0.5, grid=2)


def test_the_text_says_what_the_picture_shows(tmp_path: Path) -> None:
    found = explained(read_photo(with_patch(tmp_path, 56, 0)), grid=8)
    assert found.text == (
        "bun 0.578, which is below the threshold of 0.93. It rests most on the upper right of the "
        "picture: covering 8 x 8 pixels at 56, 0 there brings it to 0.500."
    )
    centre = explained(read_photo(with_patch(tmp_path, 28, 28)), threshold=0.5, grid=8)
    assert centre.place == "middle"
    assert "meets the threshold" in centre.text
    finer = explained(read_photo(with_patch(tmp_path, 28, 28)), grid=32)  # a quarter of it covered
    assert finer.lowest < finer.confidence
    assert finer.text.endswith(
        f"No part alone decides it: whatever is covered, at least {finer.lowest:.3f} is left."
    )


def test_files_and_page_hold_the_map_and_its_text(tmp_path: Path) -> None:
    found = explained(read_photo(with_patch(tmp_path, 48, 8)))
    written = write_page([found, found], tmp_path / "new", title="bakery", endpoint="oven")
    text = written.page.read_text()
    assert text.count(f'alt="{found.text}"') == 2
    assert text.count("data:image/png") == 4
    assert [plot.light.name for plot in written.plots] == ["photo.png", "photo-2.png"]
    with Image.open(written.plots[0].light) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    right = pixels[:, pixels.shape[1] // 2 :]
    orange = np.argwhere((right[..., 0] > 180) & (right[..., 2] < 90) & (right[..., 1] < 130))
    assert len(orange) > 100  # the hot cell, in the theme's colour, over grey
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot write explanations"):
        write_page([found], tmp_path / "file", title="t", endpoint="oven")


class Runtime:
    """What SageMaker's runtime answers, without a server."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def client(self, name: str) -> "Runtime":
        assert name == "sagemaker-runtime"
        return self

    def invoke_endpoint(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"Body": io.BytesIO(self.answer)}


def test_an_endpoint_is_asked_with_pictures_that_reports_can_leave_out() -> None:
    runtime = Runtime(json.dumps({"prediction": [0.25, 0.75]}).encode())
    pictures = [np.full((3, 5, 3), shade, np.uint8) for shade in range(20)]
    assert list(Endpoint(runtime, "oven")(pictures)) == [(0.25, 0.75)] * 20  # type: ignore[arg-type]
    shades = set()
    for asked in runtime.asked:
        assert (asked["EndpointName"], asked["ContentType"]) == ("oven", "image/png")
        assert asked["InferenceId"].startswith(PROBE_PREFIX)
        assert len(asked["InferenceId"]) <= 64
        with Image.open(io.BytesIO(asked["Body"])) as sent:
            assert sent.size == (5, 3)
            shades.add(np.asarray(sent)[0, 0, 0])
    assert shades == set(range(20))
    assert len({asked["InferenceId"] for asked in runtime.asked}) == 20


def test_an_endpoint_that_is_no_classifier_is_told() -> None:
    detector = Runtime(b'{"prediction": [[0, 0.9, 0, 0, 1, 1], [1, 0.8, 0, 0, 1, 1]]}')
    with pytest.raises(EndpointError, match=r"'oven' answers .* only classifiers"):
        list(Endpoint(detector, "oven")([np.zeros((2, 2, 3), np.uint8)]))  # type: ignore[arg-type]
