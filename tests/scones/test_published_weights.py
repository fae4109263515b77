"""Published weights come by a real download: resumed, checked, kept (a server on loopback)."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scones.errors import DataError, UsageError
from scones.published_weights import (
    REPOSITORY_ENV,
    Published,
    fetch,
    published_classifier,
    published_detector,
)
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


def test_a_detectors_weights_are_chosen_by_its_network() -> None:
    assert published_detector({"network": "mobilenet"}).name == "ssd_512_mobilenet1.0_coco"
    assert (
        published_detector({"base_network": "vgg-16"}).file_name
        == "ssd_300_vgg16_atrous_coco-b302ad8a"
    )
    with pytest.raises(UsageError, match="no published weights for network=wide"):
        published_detector({})


@pytest.mark.parametrize(
    ("hyperparameters", "name"),
    [
        ({"num_layers": 50, "use_pretrained_model": 1}, "resnet50_v1"),
        ({"num_layers": "20", "use_pretrained_model": "1"}, "cifar_resnet20_v1"),
        ({"network": "resnet", "use_pretrained_model": True}, "resnet18_v1"),
        ({"recipe": "builtin", "use_pretrained_model": 1}, "resnet152_v1"),
        ({"image_shape": "3,224,224", "use_pretrained_model": 1}, "resnet18_v1"),
        ({"image_shape": "3,32,32", "use_pretrained_model": 1}, None),
        ({"network": "wide", "use_pretrained_model": 1}, None),
        ({"num_layers": 50, "use_pretrained_model": 0}, None),
        ({"num_layers": 50}, None),
        ({"num_layers": "deep", "use_pretrained_model": 1}, None),
    ],
)
def test_a_classifiers_weights_are_chosen_by_what_the_job_asks_for(
    hyperparameters: dict[str, object], name: str | None
) -> None:
    found = published_classifier(hyperparameters)
    assert (found and found.name) == name


@pytest.mark.parametrize(
    ("num_layers", "image_shape", "words"),
    [
        (200, "3,224,224", "no published weights for num_layers=200: take one of 18"),
        (18, "3,32,32", "for num_layers=18 are for images of 96 pixels and more"),
    ],
)
def test_weights_that_nobody_has_published_are_refused(
    num_layers: int, image_shape: str, words: str
) -> None:
    given = {"num_layers": num_layers, "image_shape": image_shape, "use_pretrained_model": 1}
    with pytest.raises(UsageError, match=words):
        published_classifier(given)
