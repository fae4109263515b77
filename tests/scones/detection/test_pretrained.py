"""Published weights come by a real download: resumed, checked, kept (a server on loopback)."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scones.detection.pretrained import REPOSITORY_ENV, Published, fetch, published
from scones.errors import DataError, UsageError
from tests.scones.etl.file_server import Behaviour, serving

CONTENT = bytes(range(256)) * 4000
WANTED = Published("ssd_512_test_coco", hashlib.sha1(CONTENT).hexdigest())


def packed(content: bytes = CONTENT, name: str = f"{WANTED.file_name}.params") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../elsewhere.txt", "never unpacked")
        archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def server() -> Iterator[Behaviour]:
    with serving(Behaviour(packed(), content_type="application/zip")) as behaviour:
        yield behaviour


def repository(server: Behaviour) -> str:
    return server.url.rpartition("/")[0]


def test_weights_are_downloaded_once_and_nothing_else_is_kept(
    tmp_path: Path, server: Behaviour
) -> None:
    for _ in range(2):
        file = fetch(tmp_path / "downloads", WANTED, repository=repository(server))
        assert file.read_bytes() == CONTENT
    assert len(server.asked) == 1
    names = {path.name for path in (tmp_path / "downloads").iterdir()}
    assert names == {f"{WANTED.file_name}.params", ".lock"}
    assert not (tmp_path / "elsewhere.txt").exists()


def test_a_download_that_breaks_off_is_gone_on_with(tmp_path: Path, server: Behaviour) -> None:
    server.drop_after = [300_000]
    assert fetch(tmp_path, WANTED, repository=repository(server)).read_bytes() == CONTENT
    assert [one.get("Range") is not None for one in server.asked] == [False, True]


def test_another_server_is_named_as_gluoncv_has_it(
    tmp_path: Path, server: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REPOSITORY_ENV, repository(server) + "/")
    assert fetch(tmp_path, WANTED).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (packed(b"other weights"), "have SHA-1 .*, not"),
        (packed(name="other.params"), "does not hold ssd_512_test_coco"),
        (packed()[:-40], "is damaged"),
        (b"<html>log in</html>", r"not a \.zip file"),
    ],
)
def test_what_was_not_published_is_not_kept(tmp_path: Path, body: bytes, words: str) -> None:
    with (
        serving(Behaviour(body, content_type="text/html")) as server,
        pytest.raises(DataError, match=words),
    ):
        fetch(tmp_path, WANTED, repository=repository(server))
    assert not list(tmp_path.glob("ssd*.params"))
    assert not list(tmp_path.glob("*.zip"))


def test_weights_are_chosen_by_the_network() -> None:
    assert published({"network": "mobilenet"}).name == "ssd_512_mobilenet1.0_coco"
    assert published({"base_network": "vgg-16"}).file_name == "ssd_300_vgg16_atrous_coco-b302ad8a"
    with pytest.raises(UsageError, match="no published weights for network=wide"):
        published({})
