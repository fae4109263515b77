"""What a detector's endpoint says: both forms, boxes in the original photo, and refusals."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.algorithms.detector_jobs import Box, picture
from tests.algorithms.pictures import encoded
from tests.algorithms.servers import Server

PHOTO, BOXES = picture(np.random.default_rng(21))
PNG = encoded(PHOTO)
ANNOTATION = "application/json;annotation=1"


def rows(server: Server, body: bytes) -> list[list[float]]:
    found: list[list[float]] = json.loads(server.classify(body))["prediction"]
    return found


def overlap(row: list[float], box: Box, size: tuple[int, int]) -> float:
    """Intersection over union of an answer and a box in pixels."""
    width, height = size
    _, left, top, wide, high = box
    theirs = (left / width, top / height, (left + wide) / width, (top + high) / height)
    ours = row[2:]
    sides = [min(ours[n + 2], theirs[n + 2]) - max(ours[n], theirs[n]) for n in (0, 1)]
    common = max(0.0, sides[0]) * max(0.0, sides[1])
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (ours, theirs)]
    return common / (sum(areas) - common)


def assert_found(found: list[list[float]], boxes: list[Box], size: tuple[int, int]) -> None:
    for box in boxes:
        assert any(row[0] == box[0] and overlap(row, box, size) > 0.6 for row in found)


def test_ping_answers_once_the_model_is_ready(detector_server: Server) -> None:
    assert detector_server.request("GET", "/ping")[0] == 200


def test_a_prediction_is_the_built_ins_rows_likeliest_first(detector_server: Server) -> None:
    status, content_type, text = detector_server.request(
        "POST", "/invocations", PNG, Content_Type="image/png"
    )
    assert (status, content_type) == (200, "application/json")
    (name, found), *others = json.loads(text).items()
    assert (name, others) == ("prediction", [])
    assert found
    scores = [row[1] for row in found]
    assert scores == sorted(scores, reverse=True)
    for class_id, score, left, top, right, bottom in found:
        assert class_id in (0, 1)
        assert 0 < score <= 1
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


@pytest.mark.parametrize("seed", [21, 22, 23])
@pytest.mark.parametrize("size", [(96, 72), (640, 480), (300, 900)])
def test_boxes_lie_where_the_objects_are_in_a_photo_of_any_size(
    detector_server: Server, seed: int, size: tuple[int, int]
) -> None:
    photo, boxes = picture(np.random.default_rng(seed))
    larger = photo.resize(size, Image.Resampling.NEAREST)
    assert_found(rows(detector_server, encoded(larger)), boxes, photo.size)


def test_the_other_form_is_in_pixels_of_the_photo(detector_server: Server) -> None:
    larger = PHOTO.resize((640, 480), Image.Resampling.NEAREST)
    plain = json.loads(detector_server.classify(encoded(larger)))["prediction"]
    status, content_type, text = detector_server.request(
        "POST", "/invocations", encoded(larger), Content_Type="image/png", Accept=ANNOTATION
    )
    document = json.loads(text)
    assert (status, content_type) == (200, ANNOTATION)
    assert document["image_size"] == [{"width": 640, "height": 480, "depth": 3}]
    assert len(document["annotations"]) == len(plain)
    for one, (class_id, score, left, top, right, bottom) in zip(
        document["annotations"], plain, strict=True
    ):
        assert (one["class_id"], one["score"]) == (class_id, score)
        assert (one["left"], one["top"]) == (round(left * 640), round(top * 480))
        assert one["left"] + one["width"] == round(right * 640)
        assert one["top"] + one["height"] == round(bottom * 480)


def test_boxes_of_a_photo_turned_by_the_camera_are_those_of_the_upright_one(
    detector_server: Server,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    lying = PHOTO.transpose(Image.Transpose.ROTATE_90)
    turned = json.loads(detector_server.classify(encoded(lying, exif=exif)))
    assert turned == json.loads(detector_server.classify(PNG))


def test_json_lines_is_the_same_and_ends_its_line(detector_server: Server) -> None:
    text = detector_server.classify(PNG, Accept="application/jsonlines")
    assert text.endswith("\n")
    assert json.loads(text) == json.loads(detector_server.classify(PNG))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/jpeg", encoded(PHOTO, "JPEG", quality=95)),
        ("application/x-image", PNG),
        ("image/png", encoded(PHOTO.convert("RGBA"))),
    ],
)
def test_every_content_type_of_the_built_in_is_taken(
    detector_server: Server, content_type: str, body: bytes
) -> None:
    found = json.loads(detector_server.classify(body, content_type))["prediction"]
    assert_found(found, BOXES, PHOTO.size)


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (PNG, {"Content_Type": "text/csv"}, 415, "text/csv"),
        (PNG, {"Content_Type": "image/png", "Accept": "text/html"}, 406, "application/json"),
        (b"", {"Content_Type": "image/png"}, 400, "empty"),
        (PNG[: len(PNG) // 2], {"Content_Type": "image/png"}, 400, "broken"),
        (encoded(Image.new("1", (8000, 8000))), {"Content_Type": "image/png"}, 413, "50,000,000"),
    ],
    ids=["csv", "accept", "empty", "truncated", "bomb"],
)
def test_a_wrong_request_gets_a_status_and_one_line(
    detector_server: Server, body: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    got, _, text = detector_server.request("POST", "/invocations", body, **headers)
    assert (got, words in text) == (status, True)
