"""Batch transform's pure parts: splitting, gathering, JSONPaths, filters and joins."""

import gzip
import io
import json
import random
import struct

import pytest

from scones_localstack.sagemaker.objects import S3Uri
from scones_localstack.sagemaker.transform.association import (
    CSV,
    JSON,
    JSON_LINES,
    Association,
    AssociationError,
)
from scones_localstack.sagemaker.transform.capture import write_manifest
from scones_localstack.sagemaker.transform.jsonpath import PathError, select
from scones_localstack.sagemaker.transform.plan import sending_plan
from scones_localstack.sagemaker.transform.records import (
    Record,
    RecordError,
    gathered,
    opened,
    split,
)

MAGIC = struct.pack("<I", 0xCED7230A)


def part(content: bytes, flag: int = 0) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(content)) + content + bytes(-len(content) % 4)


def tfrecord(content: bytes) -> bytes:
    return struct.pack("<QI", len(content), 1) + content + struct.pack("<I", 2)


def contents(data: bytes, split_type: str) -> list[bytes]:
    return [record.content for record in split(io.BytesIO(data), split_type)]


def test_an_object_that_is_not_split_is_one_record():
    assert contents(b"a\nb\n", "None") == [b"a\nb\n"]
    assert contents(b"", "None") == [b""]


def test_lines_are_records_and_empty_lines_are_none():
    assert contents(b"a,1\n\n  \r\nb,2\r\n\r\nc,3", "Line") == [b"a,1", b"  \r", b"b,2\r", b"c,3"]
    framed = [record.framed for record in split(io.BytesIO(b"a\nb"), "Line")]
    assert framed == [b"a\n", b"b\n"]


def test_recordio_is_split_with_and_without_its_padding():
    data = part(b"hello") + part(b"sixteen.bytes..!")
    records = list(split(io.BytesIO(data), "RecordIO"))
    assert [record.content for record in records] == [b"hello", b"sixteen.bytes..!"]
    assert b"".join(record.framed for record in records) == data


def test_a_recordio_record_in_parts_is_put_together():
    data = part(b"begi", 1) + part(b"midd", 2) + part(b"end", 3) + part(b"next")
    assert contents(data, "RecordIO") == [b"begi" + MAGIC + b"midd" + MAGIC + b"end", b"next"]


def test_tfrecords_are_split_with_and_without_their_checksums():
    data = tfrecord(b"one") + tfrecord(b"")
    records = list(split(io.BytesIO(data), "TFRecord"))
    assert [record.content for record in records] == [b"one", b""]
    assert b"".join(record.framed for record in records) == data


@pytest.mark.parametrize(
    ("data", "split_type"),
    [
        (part(b"hello")[:-1], "RecordIO"),
        (part(b"hello")[:6], "RecordIO"),
        (part(b"begi", 1), "RecordIO"),
        (b"not a record at all", "RecordIO"),
        (tfrecord(b"one")[:-1], "TFRecord"),
        (tfrecord(b"one")[:5], "TFRecord"),
    ],
)
def test_what_is_no_whole_record_is_refused(data, split_type):
    with pytest.raises(RecordError, match=split_type):
        contents(data, split_type)


def test_gzip_is_undone_on_the_way(tmp_path):
    (tmp_path / "packed").write_bytes(gzip.compress(b"a\nb\n"))
    with opened(tmp_path / "packed", compressed=True) as file:
        assert [record.content for record in split(file, "Line")] == [b"a", b"b"]
    (tmp_path / "plain").write_bytes(b"a\nb\n")
    with (
        opened(tmp_path / "plain", compressed=True) as file,
        pytest.raises(RecordError, match="not a gzip file"),
    ):
        list(split(file, "Line"))


@pytest.mark.parametrize("seed", range(20))
def test_gathered_records_keep_their_order_and_fit_as_many_as_can(seed):
    chance = random.Random(seed)
    records = [
        Record(content, content + b"\n")
        for content in (bytes(chance.randrange(0, 50)) for _ in range(chance.randrange(0, 40)))
    ]
    limit = 60

    batches = list(gathered(records, many=True, max_bytes=limit))

    assert [record for batch in batches for record in batch] == records
    sizes = [sum(len(record.framed) for record in batch) for batch in batches]
    assert all(0 < size <= limit for size in sizes)
    for size, following in zip(sizes, batches[1:], strict=False):
        assert size + len(following[0].framed) > limit
    assert list(gathered(records, many=False, max_bytes=limit)) == [[record] for record in records]
    if records:
        assert list(gathered(records, many=True, max_bytes=0)) == [records]


def test_a_record_that_is_too_large_is_refused_by_its_size():
    record = Record(bytes(11), bytes(12))
    with pytest.raises(RecordError, match="a record of 12 bytes is larger"):
        list(gathered([record], many=True, max_bytes=11))
    assert list(gathered([record], many=False, max_bytes=11)) == [[record]]


ROW = ["a", "b", "c", "d"]
DOCUMENT = {"id": 7, "features": [1, 2], "deep": {"x-y": {"z": "end"}}}


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", ROW, ROW),
        ("$[0]", ROW, "a"),
        ("$[-1]", ROW, "d"),
        ("$[1:]", ROW, ["b", "c", "d"]),
        ("$[:3]", ROW, ["a", "b", "c"]),
        ("$[1:3]", ROW, ["b", "c"]),
        ("$[:-1]", ROW, ["a", "b", "c"]),
        ("$[0,-1]", ROW, ["a", "d"]),
        ("$[3, 0]", ROW, ["d", "a"]),
        ("$[*]", ROW, ROW),
        ("$.id", DOCUMENT, 7),
        ("$.features[1]", DOCUMENT, 2),
        ("$['features']", DOCUMENT, [1, 2]),
        ('$["deep"].x-y.z', DOCUMENT, "end"),
        ("$.deep.['x-y']", DOCUMENT, {"z": "end"}),
        ("$['id','features']", DOCUMENT, {"id": 7, "features": [1, 2]}),
        ("$.deep.*", DOCUMENT, [{"z": "end"}]),
    ],
)
def test_a_path_selects(path, value, selected):
    assert select(path, value) == selected


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("id", DOCUMENT, "must begin with"),
        ("$[0:2,3:]", ROW, "only single range filters"),
        ("$[0,5:]", ROW, "only single range filters"),
        ("$..id", DOCUMENT, "unexpected"),
        ("$.id?", DOCUMENT, "unexpected"),
        ("$[4]", ROW, "no index 4 in 4 entries"),
        ("$[-5]", ROW, "no index -5"),
        ("$.name", DOCUMENT, "no attribute 'name'"),
        ("$['id','name']", DOCUMENT, "no attribute 'name'"),
        ("$.id[0]", DOCUMENT, "needs an array"),
        ("$.id", ROW, "no attribute 'id'"),
    ],
)
def test_a_path_that_leads_nowhere_says_why(path, value, message):
    with pytest.raises(PathError, match=message.replace("(", r"\(")):
        select(path, value)


def test_without_processing_everything_passes_as_it_is():
    plain = Association("image/png", "image/png")
    assert plain.asked(b"\x89PNG") == b"\x89PNG"
    assert plain.outputs([b"a", b"b"], b"one\nanswer\n") == [b"one\nanswer\n"]


def test_csv_is_filtered_joined_and_filtered_again():
    association = Association("text/csv; charset=utf-8", CSV, "$[1:]", "$[0,-1]", join=True)
    records = [b'7,"a, b",2', b"8,c,3"]
    assert [association.asked(record) for record in records] == [b'"a, b",2', b"c,3"]
    assert association.outputs(records, b"0.1\n0.2\n") == [b"7,0.1", b"8,0.2"]


def test_joined_csv_has_the_answers_columns_at_the_end():
    association = Association(CSV, CSV, join=True)
    assert association.outputs([b"1,2,3\r"], b'1,"x,y"\n') == [b'1,2,3,1,"x,y"']


def test_a_json_object_gets_the_answer_as_an_attribute():
    association = Association(JSON, JSON, join=True)
    assert association.outputs([b'{"key": 1}'], b'{"label": 1}') == [
        b'{"key":1,"SageMakerOutput":{"label":1}}'
    ]


def test_json_that_is_no_object_is_put_beside_the_answer():
    association = Association(JSON_LINES, JSON_LINES, join=True)
    assert association.outputs([b"[1]", b'"\xc3\xb6"'], b"0.5\n[0.6]\n") == [
        b'{"SageMakerInput":[1],"SageMakerOutput":0.5}',
        '{"SageMakerInput":"ö","SageMakerOutput":[0.6]}'.encode(),
    ]


def test_an_id_is_kept_from_the_model_and_comes_out_with_the_answer():
    association = Association(
        JSON_LINES, JSON_LINES, "$.features", "$['id','SageMakerOutput']", join=True
    )
    record = json.dumps(DOCUMENT).encode()
    assert association.asked(record) == b"[1,2]"
    assert association.outputs([record], b"0.9") == [b'{"id":7,"SageMakerOutput":0.9}']


def test_the_output_filter_alone_reads_what_accept_says():
    association = Association(CSV, JSON_LINES, output_filter="$['class']")
    assert association.outputs([b"1,2"], b'{"class": "x", "score": 1}\n') == [b'"x"']


def test_generated_ids_come_with_the_time_of_the_job():
    stamp = "2022-08-30T00:49:15Z"
    [row] = Association(CSV, CSV, stamp=stamp).outputs([b"1"], b"0\n")
    assert row.startswith(b"0,")
    assert row.endswith(f",{stamp}".encode())
    [line] = Association(JSON, JSON, stamp=stamp).outputs([b"1"], b'{"output": 0}')
    document = json.loads(line)
    assert document["SageMakerInferenceTime"] == stamp
    assert set(document) == {"output", "SageMakerInferenceId", "SageMakerInferenceTime"}


@pytest.mark.parametrize(
    ("records", "answer", "message"),
    [
        ([b"1,2", b"3,4"], b"only one\n", "2 records with 1 lines"),
        ([b"1,2"], b"1\n2\n", "one row, and these are 2"),
        ([b"1,2"], b"\xff", "not text/csv"),
        ([b"1,2"], b"1", "no index 5 in 3 entries"),
    ],
)
def test_an_answer_that_does_not_fit_says_why(records, answer, message):
    association = Association(CSV, CSV, output_filter="$[5]", join=True)
    with pytest.raises(AssociationError, match=message):
        association.outputs(records, answer)


def test_the_request_comes_before_the_container_and_the_container_before_the_defaults():
    default = sending_plan({}, {})
    assert str(default) == (
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD"
    )
    assert (default.timeout_seconds, default.retries) == (600, 3)
    offered = {"MaxConcurrentTransforms": 8, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    assert str(sending_plan({"MaxConcurrentTransforms": 0}, offered)) == (
        "MaxConcurrentTransforms=8, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD"
    )
    asked = {"MaxConcurrentTransforms": 3, "BatchStrategy": "MultiRecord", "MaxPayloadInMB": 0}
    plan = sending_plan(asked, offered)
    assert (plan.concurrent, plan.many, plan.max_bytes) == (3, True, 0)


@pytest.mark.parametrize(
    "offered",
    [{"BatchStrategy": "SOME"}, {"MaxConcurrentTransforms": 0}, {"MaxPayloadInMB": "many"}],
)
def test_parameters_that_mean_nothing_are_refused(offered):
    with pytest.raises(ValueError):
        sending_plan({}, offered)


class Kept:
    """The one thing that a manifest needs of S3."""

    def __init__(self) -> None:
        self.kept: list[tuple[bytes, S3Uri]] = []

    def put(self, content: bytes, uri: S3Uri, content_type: str) -> None:
        self.kept.append((content, uri))


def test_a_manifest_lists_what_lies_below_the_folder_of_all():
    objects = Kept()
    uris = [S3Uri("b", "in/a/1.csv"), S3Uri("b", "in/a2.csv")]
    write_manifest(objects, S3Uri("c", "capture"), "input", 1661518800.0, uris)
    write_manifest(objects, S3Uri("c", ""), "output", 1661518800.0, uris[:1])
    write_manifest(objects, S3Uri("c", ""), "output", 1661518800.0, [])

    [(first, target), (second, other)] = objects.kept
    assert json.loads(first) == [{"prefix": "s3://b/in/"}, "a/1.csv", "a2.csv"]
    assert target.key.startswith("capture/input/2022/08/26/13/")
    assert json.loads(second) == [{"prefix": "s3://b/in/a/"}, "1.csv"]
    assert other.key.startswith("output/2022/08/26/13/")
