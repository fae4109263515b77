"""What an endpoint answers, in names and pixels, and what is made of its faults."""

import json
from collections.abc import Iterator

import pytest
from PIL import Image

from scones.lambdas.detection import drawing, endpoint, looking
from scones.lambdas.detection.faults import EndpointNotFound, EndpointTooSlow, ModelFailed
from tests.scones.stack_fixtures.endpoint import ENDPOINT, FakeEndpoint

RED = Image.new("RGB", (640, 480), "red")
ROWS = [
    [1, 0.4, 0.5, 0.5, 0.75, 1.0],
    [0, 0.9, 0.1, 0.2, 0.6, 0.7],
    [-1, -1, -1, -1, -1, -1],  # the built-in pads with these
]


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    endpoint.runtime.cache_clear()
    with FakeEndpoint(answer=json.dumps({"prediction": ROWS}).encode()) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", fake.url)
        monkeypatch.setenv(looking.DETECTOR_ENV, ENDPOINT)
        monkeypatch.setenv(looking.CLASSIFIER_ENV, ENDPOINT)
        monkeypatch.setenv(looking.DETECTOR_CLASSES_ENV, '["bicycle", "motorcycle"]')
        yield fake
    endpoint.runtime.cache_clear()


def test_boxes_are_in_the_photos_pixels_the_surest_first(detector: FakeEndpoint) -> None:
    found = looking.detect(RED, 0.3, "a" * 32)
    assert found == {
        "id": "a" * 32,
        "image": {"width": 640, "height": 480},
        "threshold": 0.3,
        "objects": [
            {
                "label": "bicycle",
                "confidence": 0.9,
                "box": {"left": 64.0, "top": 96.0, "width": 320.0, "height": 240.0},
            },
            {
                "label": "motorcycle",
                "confidence": 0.4,
                "box": {"left": 320.0, "top": 240.0, "width": 160.0, "height": 240.0},
            },
        ],
    }
    assert detector.requests[0]["X-Amzn-SageMaker-Inference-Id"] == "a" * 32


def test_a_confidence_at_the_threshold_is_enough(detector: FakeEndpoint) -> None:
    assert len(looking.detect(RED, 0.4, "a" * 32)["objects"]) == 2
    assert len(looking.detect(RED, 0.41, "a" * 32)["objects"]) == 1


def test_a_box_beyond_the_photo_ends_at_its_edge(detector: FakeEndpoint) -> None:
    detector.answer = json.dumps({"prediction": [[0, 1.0, -0.5, 0.9, 1.5, 0.2]]}).encode()
    (found,) = looking.detect(RED, 0.5, "a" * 32)["objects"]
    assert found["box"] == {"left": 0.0, "top": 96.0, "width": 640.0, "height": 336.0}


@pytest.mark.parametrize(
    "answer",
    [
        "[0.1, 0.9]",
        "{}",
        '{"prediction": [[0, 0.9]]}',
        '{"prediction": [[0.5, 0.9, 0, 0, 1, 1]]}',
        '{"prediction": [[0, 0.9, NaN, 0, 1, 1]]}',
        '{"prediction": [[7, 0.9, 0, 0, 1, 1]]}',
        "<html>",
        "null",
    ],
)
def test_an_answer_that_is_not_the_contracts_is_the_models_fault(
    detector: FakeEndpoint, answer: str
) -> None:
    detector.answer = answer.encode()
    with pytest.raises(ModelFailed):
        looking.detect(RED, 0.5, "a" * 32)


def test_classes_are_named_and_compared_with_the_threshold(detector: FakeEndpoint) -> None:
    detector.answer = b"[0.97, 0.03]"
    assert looking.classify(RED) == {
        "label": "bicycle",
        "confidence": 0.97,
        "threshold": 0.93,
        "routed": True,
        "probabilities": {"bicycle": 0.97, "motorcycle": 0.03},
    }
    detector.answer = b'{"prediction": [0.5, 0.3, 0.2]}'
    with pytest.raises(ModelFailed, match="not 2 probabilities"):
        looking.classify(RED)


def test_an_endpoint_that_is_not_there_names_the_command(
    detector: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(looking.DETECTOR_ENV, "another")
    with pytest.raises(EndpointNotFound, match="run `scones detector deploy`"):
        looking.detect(RED, 0.5, "a" * 32)


def test_nothing_at_the_address_names_the_command(
    detector: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", "http://127.0.0.1:9")
    with pytest.raises(EndpointNotFound, match="nothing serves"):
        looking.detect(RED, 0.5, "a" * 32)


def test_a_slow_endpoint_is_told_as_slow(
    detector: FakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "ANSWER_SECONDS", 0.2)
    detector.delay_seconds = 5.0
    with pytest.raises(EndpointTooSlow, match="did not answer within"):
        looking.detect(RED, 0.5, "a" * 32)


def test_boxes_are_drawn_where_they_are_and_nowhere_else() -> None:
    grey = Image.new("RGB", (400, 300), (128, 128, 128))
    objects = [
        {
            "label": "bicycle",
            "confidence": 0.9,
            "box": {"left": 100, "top": 100, "width": 200, "height": 150},
        },
        {
            "label": "motorcycle",
            "confidence": 0.5,
            "box": {"left": -50, "top": -50, "width": 9_000, "height": 9_000},
        },
    ]
    drawn = drawing.draw(grey, objects)
    assert drawn.size == grey.size
    assert grey.getpixel((100, 200)) == (128, 128, 128)  # the photo itself is left alone
    first, second = drawing._colours(objects).values()
    assert drawn.convert("RGB").getpixel((100, 200)) == tuple(bytes.fromhex(first[1:]))
    assert drawn.getpixel((399, 150)) == tuple(bytes.fromhex(second[1:]))
    assert drawn.getpixel((200, 200)) == (128, 128, 128)
