"""Training's pure parts: RecordIO, streams of a channel, named pipes, metrics in a log."""

import gzip
import io
import json
import random
import threading
from collections.abc import Iterator

import pytest

from scones_localstack.sagemaker.jobs.inputs import DownloadError
from scones_localstack.sagemaker.objects import ObjectMissingError, S3Uri
from scones_localstack.sagemaker.recordio import framed, read_records
from scones_localstack.sagemaker.training.metric_tail import MetricTail
from scones_localstack.sagemaker.training.pipes import PipedChannel
from scones_localstack.sagemaker.training.streams import ChannelStream
from tests.emulator.running import wait_until

MAGIC = b"\x0a\x23\xd7\xce"


@pytest.mark.parametrize("seed", range(30))
def test_recordio_reads_what_it_has_written(seed):
    chance = random.Random(seed)
    pieces = [MAGIC, b"\x0a", b"abc", b"", b"\x00\x00\x00\x00", b"four"]
    records = [
        b"".join(chance.choice(pieces) for _ in range(chance.randrange(0, 9))) for _ in range(5)
    ]
    file = io.BytesIO(b"".join(framed(record) for record in records))
    assert [record.content for record in read_records(file)] == records


def test_a_record_is_padded_and_cut_at_the_magic_number():
    assert framed(b"hello") == MAGIC + b"\x05\x00\x00\x00hello\x00\x00\x00"
    cut = framed(b"abcd" + MAGIC + b"e")
    assert cut == (MAGIC + b"\x04\x00\x00\x20abcd" + MAGIC + b"\x01\x00\x00\x60e\x00\x00\x00")


class Bucket:
    """Objects in memory, with what a stream needs of S3."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = {name.replace("__", "/"): content for name, content in objects.items()}

    def keys(self, uri: S3Uri, limit: int | None = None) -> list[str]:
        return [key for key in self.objects if key.startswith(uri.key)]

    def read(self, uri: S3Uri) -> bytes:
        if uri.key not in self.objects:
            raise ObjectMissingError(f"{uri}: no such key")
        return self.objects[uri.key]

    def open(self, uri: S3Uri) -> io.BytesIO:
        return io.BytesIO(self.read(uri))


def channel(uri: str, data_type: str = "S3Prefix", source: dict | None = None, **more) -> dict:
    source = {"S3DataType": data_type, "S3Uri": uri, **(source or {})}
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}, **more}


def epoch(stream: ChannelStream, number: int = 0) -> bytes:
    return b"".join(stream.epoch(number))


def test_a_stream_is_the_objects_one_after_the_other():
    bucket = Bucket(in__a=b"A", in__b=b"B", other=b"X")
    stream = ChannelStream(bucket, channel("s3://b/in/"))
    assert epoch(stream) == epoch(stream, 1) == b"AB"


def test_a_wrapped_stream_has_one_record_for_each_object():
    bucket = Bucket(in__a=b"A", in__b=gzip.compress(b"B"))
    stream = ChannelStream(bucket, channel("s3://b/in/a", RecordWrapperType="RecordIO"))
    assert epoch(stream) == framed(b"A")
    both = {"RecordWrapperType": "RecordIO", "CompressionType": "Gzip"}
    assert epoch(ChannelStream(bucket, channel("s3://b/in/b", **both))) == framed(b"B")


def test_gzip_is_undone_in_a_stream_and_missed_where_there_is_none():
    content = bytes(range(256)) * 3000
    bucket = Bucket(packed=gzip.compress(content), plain=b"plain")
    assert epoch(ChannelStream(bucket, channel("s3://b/packed", CompressionType="Gzip"))) == content
    with pytest.raises(DownloadError, match=r"[Nn]ot a gzipped file"):
        epoch(ChannelStream(bucket, channel("s3://b/plain", CompressionType="Gzip")))


def test_shuffling_differs_by_epoch_and_repeats_by_seed():
    bucket = Bucket(**{f"in__{number:02}": b"%02d" % number for number in range(30)})
    shuffled = ChannelStream(bucket, channel("s3://b/in/", ShuffleConfig={"Seed": 7}))
    again = ChannelStream(bucket, channel("s3://b/in/", ShuffleConfig={"Seed": 7}))
    other = ChannelStream(bucket, channel("s3://b/in/", ShuffleConfig={"Seed": 8}))
    epochs = [epoch(shuffled, number) for number in range(3)]
    assert len(set(epochs)) == 3
    assert epochs == [epoch(again, number) for number in range(3)]
    assert epoch(other) != epochs[0]
    assert sorted(epochs[0]) == sorted(epoch(ChannelStream(bucket, channel("s3://b/in/"))))


def test_an_augmented_manifest_gives_its_attributes_in_turn():
    lines = [
        {"source-ref": "s3://b/one", "class": "0", "deep": {"a": 1}},
        {"source-ref": "s3://b/two", "class": 1, "deep": {}},
    ]
    manifest = "\n".join(json.dumps(line) for line in lines).encode() + b"\n\n"
    bucket = Bucket(one=b"ONE", two=b"TWO", list=manifest)
    source = {"AttributeNames": ["source-ref", "class"]}

    plain = channel("s3://b/list", "AugmentedManifestFile", source)
    assert epoch(ChannelStream(bucket, plain)) == b"ONE0TWO1"
    wrapped = channel("s3://b/list", "AugmentedManifestFile", source, RecordWrapperType="RecordIO")
    records = [framed(part) for part in (b"ONE", b"0", b"TWO", b"1")]
    assert epoch(ChannelStream(bucket, wrapped)) == b"".join(records)
    missing = channel("s3://b/list", "AugmentedManifestFile", {"AttributeNames": ["label"]})
    with pytest.raises(DownloadError, match="no attribute 'label'"):
        epoch(ChannelStream(bucket, missing))


def test_an_object_that_is_missing_ends_an_epoch():
    bucket = Bucket(list=b'[{"prefix": "s3://b/"}, "one", "gone"]', one=b"ONE")
    parts = ChannelStream(bucket, channel("s3://b/list", "ManifestFile")).epoch(0)
    assert next(parts) == b"ONE"
    with pytest.raises(DownloadError, match="s3://b/gone: no such key"):
        next(parts)


@pytest.fixture
def piped(tmp_path) -> Iterator[PipedChannel]:
    """A channel of large epochs, the third of which fails."""

    def parts(number: int) -> Iterator[bytes]:
        if number == 2:
            raise DownloadError("gone")
        for _ in range(50):
            yield b"%d" % number * 10_000

    channel = PipedChannel(tmp_path / "data", "train", parts)
    channel.start()
    yield channel
    channel.close()


def test_each_epoch_has_a_pipe_and_the_next_is_there_at_its_end(piped, tmp_path):
    first, second = (tmp_path / "data" / f"train_{number}" for number in (0, 1))
    assert first.is_fifo()
    assert not second.exists()
    assert first.read_bytes() == b"0" * 500_000
    assert second.read_bytes() == b"1" * 500_000


def test_a_reader_may_leave_an_epoch_before_its_end(piped, tmp_path):
    with (tmp_path / "data" / "train_0").open("rb") as pipe:
        assert pipe.read(3) == b"000"
    following = tmp_path / "data" / "train_1"
    wait_until(following.exists, 5, "the next epoch's pipe")
    assert following.read_bytes() == b"1" * 500_000


def test_an_epoch_that_fails_ends_and_says_why(piped, tmp_path):
    for number in range(2):
        (tmp_path / "data" / f"train_{number}").read_bytes()
    assert (tmp_path / "data" / "train_2").read_bytes() == b""
    wait_until(lambda: piped.error == "gone", 5, "the error")


def test_a_channel_that_nobody_reads_ends_with_the_container(tmp_path):
    channel = PipedChannel(tmp_path, "train", lambda _: iter([b"never read"]))
    channel.start()
    channel.close()
    assert not any(thread.name == "pipe-train" for thread in threading.enumerate())
    assert channel.error == ""


DEFINITIONS = [
    {"Name": "loss", "Regex": r"loss=(\S+)"},
    {"Name": "accuracy", "Regex": r"accuracy=([0-9.]+)"},
]


def values(found: list[dict]) -> list[tuple[str, float]]:
    return [(item["MetricName"], item["Value"]) for item in found]


def test_metrics_are_found_as_the_log_grows(tmp_path):
    log = tmp_path / "log"
    tail = MetricTail(log, DEFINITIONS)
    assert tail.read() == []
    log.write_text("loss=0.5 accuracy=0.25\nloss=nan\nloss=0.")
    assert values(tail.read()) == [("loss", 0.5), ("accuracy", 0.25)]
    with log.open("a") as file:
        file.write("25\nloss=high\naccuracy=0.75")
    assert values(tail.read()) == [("loss", 0.25)]
    assert values(tail.read(to_the_end=True)) == [("accuracy", 0.75)]
    assert values(tail.final()) == [("loss", 0.25), ("accuracy", 0.75)]
