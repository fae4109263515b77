"""Single parts, without a running service."""

import json
import sys
import tarfile
from contextlib import closing

import pytest

from scones_localstack.sagemaker import images
from scones_localstack.sagemaker.archives import ArchiveError, pack, unpack
from scones_localstack.sagemaker.errors import StartError
from scones_localstack.sagemaker.front.control import ControlPlane
from scones_localstack.sagemaker.front.patterns import compiled
from scones_localstack.sagemaker.hosting.spool import key_of
from scones_localstack.sagemaker.images import UnknownImageError, repository_of
from scones_localstack.sagemaker.jobs.inputs import relative_path
from scones_localstack.sagemaker.objects import S3Uri, parse_uri
from scones_localstack.sagemaker.store import Listing, Resource, Store


@pytest.mark.parametrize(
    ("uri", "repository"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", "image-class"),
        ("000000000000.dkr.ecr.us-east-1.amazonaws.com/team/fake@sha256:" + "0" * 64, "team/fake"),
        ("localhost:5000/team/fake:latest", "team/fake"),
        ("team/fake:1.0", "team/fake"),
        ("fake", "fake"),
    ],
)
def test_an_image_is_known_by_its_repository_path(uri, repository):
    assert repository_of(uri).startswith(repository)
    assert ":" not in repository_of(uri)


def test_an_unknown_image_is_told_what_is_known(tmp_path):
    path = tmp_path / "images.json"
    image = {"repositories": ["b", "a"], "command": [sys.executable]}
    path.write_text(json.dumps({"images": [image]}))
    table = images.load(path)

    assert table.program("registry.example/a:1").command == (sys.executable,)
    with pytest.raises(UnknownImageError, match="knows the repositories a, b"):
        table.program("c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("{}", "must hold"),
        ('{"images": [{"repositories": ["a"], "command": []}]}', "must hold"),
        ('{"images": [{"repositories": ["a"], "image": 1}]}', "must hold"),
    ],
)
def test_a_wrong_images_file_is_an_error_at_start(tmp_path, text, message):
    path = tmp_path / "images.json"
    path.write_text(text)

    with pytest.raises(StartError, match=message):
        images.load(path)


def test_a_program_that_is_not_there_is_an_error_at_start(tmp_path):
    path = tmp_path / "images.json"
    path.write_text('{"images": [{"repositories": ["a"], "command": ["/no/python"]}]}')

    with pytest.raises(StartError, match="/no/python, which is not there"):
        images.load(path).check_programs()


def test_an_image_without_a_program_is_for_another_backend(tmp_path):
    path = tmp_path / "images.json"
    path.write_text('{"images": [{"repositories": ["a"], "image": "team/a:latest"}]}')
    table = images.load(path)

    assert table.find("registry.example/a:1").name == "team/a:latest"
    with pytest.raises(UnknownImageError, match="knows the repositories none"):
        table.program("a")


@pytest.mark.parametrize(
    ("key", "prefix", "path"),
    [
        ("train/a/b.png", "train/", "a/b.png"),
        ("train/a/b.png", "train", "a/b.png"),
        ("train.lst", "train.lst", "train.lst"),
        ("lists/train.lst", "lists/train.lst", "train.lst"),
        ("lists/train.lst", "lists/tr", "train.lst"),
        ("train_more/c.png", "train", "train_more/c.png"),
        ("a/b.png", "", "a/b.png"),
    ],
)
def test_a_key_lands_relative_to_its_prefix(key, prefix, path):
    assert relative_path(key, prefix) == path


@pytest.mark.parametrize("text", ["bucket/key", "https://bucket/key", "s3://", "s3:///key"])
def test_what_is_no_s3_uri_is_refused(text):
    with pytest.raises(ValueError, match="is not an S3 URI"):
        parse_uri(text)


def test_a_uri_is_extended_below_itself():
    assert str(parse_uri("s3://bucket/models/").below("a/b")) == "s3://bucket/models/a/b"
    assert S3Uri("bucket", "").below("a").key == "a"


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "größe 1@x", "a#b"),
        (r"\p{ASCII}*", "plain", "größe"),
        (r"\A\S[\p{Print}]*\z", "id 1", " id"),
        (r"arn:[\p{Alnum}\-]+:x", "arn:aws-cn:x", "arn:a_s:x"),
    ],
)
def test_javas_patterns_are_understood(pattern, accepted, refused):
    assert compiled(pattern).fullmatch(accepted)
    assert not compiled(pattern).fullmatch(refused)


def test_a_packed_folder_is_unpacked_as_it_was(tmp_path):
    (tmp_path / "from" / "deep").mkdir(parents=True)
    (tmp_path / "from" / "deep" / "weights").write_bytes(b"\x00\x01")
    (tmp_path / "to").mkdir()

    pack(tmp_path / "from", tmp_path / "model.tar.gz")
    unpack(tmp_path / "model.tar.gz", tmp_path / "to")

    assert (tmp_path / "to" / "deep" / "weights").read_bytes() == b"\x00\x01"


def test_an_archive_that_is_too_large_is_not_unpacked(tmp_path):
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "zeros").write_bytes(bytes(2_000_000))
    (tmp_path / "to").mkdir()
    pack(tmp_path / "from", tmp_path / "bomb.tar.gz")

    with pytest.raises(ArchiveError, match="more than 1000000 bytes"):
        unpack(tmp_path / "bomb.tar.gz", tmp_path / "to", max_bytes=1_000_000)

    assert list((tmp_path / "to").iterdir()) == []


def test_a_link_out_of_the_folder_is_not_unpacked(tmp_path):
    with tarfile.open(tmp_path / "links.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("innocent")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (tmp_path / "to").mkdir()

    with pytest.raises(ArchiveError):
        unpack(tmp_path / "links.tar.gz", tmp_path / "to")


def test_a_spooled_file_knows_its_key():
    name = "2024-10-16-09-37-02-123-0f0e.jsonl"

    assert key_of(name) == "2024/10/16/09/37-02-123-0f0e.jsonl"


def test_a_resource_survives_in_the_store_and_is_one_object_meanwhile(tmp_path):
    with closing(Store(tmp_path / "service.sqlite")) as store:
        model = Resource("model", "us-east-1", "First", {"a": 1}, tags={"k": "v"})
        store.add(model)
        assert store.find("model", "us-east-1", "FIRST") is model
        model.document["a"] = 2
        store.save(model)
    del model

    with closing(Store(tmp_path / "service.sqlite")) as store:
        found = store.select("model", "us-east-1", Listing())

    assert [(each.name, each.document, each.tags) for each in found] == [
        ("First", {"a": 2}, {"k": "v"})
    ]


def test_a_store_of_another_schema_is_refused(tmp_path):
    store = Store(tmp_path / "service.sqlite")
    store._db.execute("PRAGMA user_version = 99")
    store.close()

    with pytest.raises(StartError, match="has schema 99"):
        Store(tmp_path / "service.sqlite")


def test_an_operation_that_sagemaker_does_not_have_cannot_be_offered():
    async def answer(call):
        return {}

    with pytest.raises(LookupError, match="SageMaker has no operation MakeCoffee"):
        ControlPlane({"MakeCoffee": answer})
