"""What an endpoint says to every kind of image, and to what is none."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests.algorithms.pictures import encoded, picture
from tests.algorithms.servers import Server

MAX_BODY_BYTES = 6_291_456
PHOTO = picture(0, np.random.default_rng(1))
PNG = encoded(PHOTO)


def with_alpha(photo: Image.Image) -> bytes:
    opaque = photo.convert("RGBA")
    return encoded(opaque)


def as_palette(photo: Image.Image) -> tuple[bytes, bytes]:
    palette = photo.quantize(64)
    return encoded(palette), encoded(palette.convert("RGB"))


def as_grey(photo: Image.Image) -> tuple[bytes, bytes]:
    grey = photo.convert("L")
    return encoded(grey), encoded(grey.convert("RGB"))


def as_16_bit(photo: Image.Image) -> tuple[bytes, bytes]:
    grey = photo.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return encoded(deep), encoded(grey.convert("RGB"))


def turned_by_camera(photo: Image.Image) -> tuple[bytes, bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    return encoded(photo, exif=exif), encoded(photo.transpose(Image.Transpose.ROTATE_270))


def as_cmyk(photo: Image.Image) -> tuple[bytes, bytes]:
    content = encoded(photo.convert("CMYK"), "JPEG", quality=95)
    with Image.open(io.BytesIO(content)) as reread:
        return content, encoded(reread.convert("RGB"))


SAME_PICTURES = {
    "opaque alpha": (with_alpha(PHOTO), PNG),
    "palette": as_palette(PHOTO),
    "greyscale": as_grey(PHOTO),
    "16 bits": as_16_bit(PHOTO),
    "EXIF orientation": turned_by_camera(PHOTO),
    "CMYK": as_cmyk(PHOTO),
}


def test_ping_answers_once_the_model_is_ready(server: Server) -> None:
    assert server.request("GET", "/ping") == (200, "text/plain; charset=utf-8", "")


def test_json_is_a_bare_list_of_probabilities(server: Server) -> None:
    status, content_type, text = server.request(
        "POST", "/invocations", PNG, Content_Type="image/png"
    )
    probabilities = json.loads(text)
    assert (status, content_type) == (200, "application/json")
    assert len(probabilities) == 2
    assert all(isinstance(p, float) and 0 <= p <= 1 for p in probabilities)
    assert sum(probabilities) == pytest.approx(1, abs=1e-6)


def test_json_lines_is_an_object_with_the_same_numbers(server: Server) -> None:
    text = server.classify(PNG, Accept="application/jsonlines")
    assert text.endswith("\n")
    assert json.loads(text) == {"prediction": json.loads(server.classify(PNG))}


@pytest.mark.parametrize("accept", ["", "*/*", "text/html, application/json;q=0.5"])
def test_json_is_what_a_client_without_a_wish_gets(server: Server, accept: str) -> None:
    assert json.loads(server.classify(PNG, Accept=accept)) == json.loads(server.classify(PNG))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("image/jpeg", encoded(PHOTO, "JPEG", quality=95)),
        ("application/x-image", PNG),
        ("Image/PNG; charset=binary", PNG),
    ],
)
def test_every_content_type_of_the_built_in_is_taken(
    server: Server, content_type: str, body: bytes
) -> None:
    assert np.argmax(json.loads(server.classify(body, content_type))) == 0


@pytest.mark.parametrize("name", SAME_PICTURES)
def test_a_picture_means_the_same_in_every_colour_mode(server: Server, name: str) -> None:
    odd, plain = SAME_PICTURES[name]
    expected = json.loads(server.classify(plain))
    assert json.loads(server.classify(odd)) == pytest.approx(expected, abs=1e-6)


def test_what_is_transparent_counts_as_white(server: Server) -> None:
    clear = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    white = Image.new("RGB", (32, 32), "white")
    expected = json.loads(server.classify(encoded(white)))
    assert json.loads(server.classify(encoded(clear))) == pytest.approx(expected, abs=1e-6)


def test_an_image_of_any_size_is_brought_to_the_networks(server: Server) -> None:
    larger = PHOTO.resize((320, 320), Image.Resampling.NEAREST)
    assert np.argmax(json.loads(server.classify(encoded(larger)))) == 0
    assert len(json.loads(server.classify(encoded(Image.new("RGB", (1, 1)))))) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (PNG, {"Content_Type": "text/csv"}, 415, "text/csv"),
        (PNG, {}, 415, "image/png"),
        (PNG, {"Content_Type": "image/png", "Accept": "text/html"}, 406, "application/jsonlines"),
        (b"", {"Content_Type": "image/png"}, 400, "empty"),
        (b"GIF89a...", {"Content_Type": "image/png"}, 400, "neither a PNG nor a JPEG"),
        (PNG[: len(PNG) // 2], {"Content_Type": "image/png"}, 400, "broken"),
        (bytes(MAX_BODY_BYTES), {"Content_Type": "image/png"}, 400, "neither"),
        (bytes(MAX_BODY_BYTES + 1), {"Content_Type": "image/png"}, 413, "6,291,456"),
    ],
    ids=["csv", "no type", "accept", "empty", "gif", "truncated", "largest", "too large"],
)
def test_a_wrong_request_gets_a_status_and_one_line(
    server: Server, body: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    got, content_type, text = server.request("POST", "/invocations", body, **headers)
    assert got == status
    assert content_type.startswith("text/plain")
    assert words in text
    assert text.count("\n") == 1


def test_a_decompression_bomb_is_not_unpacked(server: Server) -> None:
    bomb = encoded(Image.new("1", (8_000, 8_000)))
    assert len(bomb) < 100_000
    status, _, text = server.request("POST", "/invocations", bomb, Content_Type="image/png")
    assert (status, "50,000,000" in text) == (413, True)


def test_requests_at_the_same_time_get_the_answers_of_requests_in_turn(server: Server) -> None:
    rng = np.random.default_rng(3)
    images = [encoded(picture(n % 2, rng)) for n in range(12)]
    in_turn = [server.classify(image) for image in images]
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(server.classify, images * 3)) == in_turn * 3
    assert len(set(in_turn)) > 6
