"""Ground truth in Model Monitor's form is merged by inference id or by event id."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from scones.errors import DataError, UsageError
from scones.monitor import read_truth
from scones.monitor.figures import Figures
from scones.shares import Share
from tests.scones.monitor.records import capture, log

CLASSES = ["bicycle", "motorcycle"]


def label(event_id: str, data: str, encoding: str = "CSV") -> str:
    document = {
        "groundTruthData": {"data": data, "encoding": encoding},
        "eventMetadata": {"eventId": event_id},
        "eventVersion": "0",
    }
    return json.dumps(document) + "\n"


def write(folder: Path, *lines: str) -> Path:
    place = folder / "2026" / "01" / "02" / "03"
    place.mkdir(parents=True)
    (place / "labels.jsonl").write_text("".join(lines))
    return folder


def test_a_class_is_its_index_or_its_name_in_any_encoding(tmp_path: Path) -> None:
    coded = base64.b64encode(b"motorcycle").decode()
    lines = [
        label("a", "1"),
        label("b", "bicycle"),
        label("c", "1.0"),
        label("d", coded, "BASE64"),
        label("e", '"motorcycle"', "JSON"),
        label("f", "0\n"),
    ]
    truth = read_truth(write(tmp_path, *lines), CLASSES)
    assert truth.labels == {"a": 1, "b": 0, "c": 1, "d": 1, "e": 1, "f": 0}
    assert truth.broken_count == 0


def test_what_is_no_label_is_counted_with_place_and_reason(tmp_path: Path) -> None:
    lines = [
        "{\n",
        "[]\n",
        json.dumps({"groundTruthData": {"data": "1"}}) + "\n",
        label("a", "2"),
        label("a", "lorry"),
        label("a", "0.5"),
        json.dumps({"groundTruthData": None, "eventMetadata": {"eventId": "x"}}) + "\n",
        "\n",
        label("b", "1"),
    ]
    truth = read_truth(write(tmp_path, *lines), CLASSES)
    assert truth.labels == {"b": 1}
    assert truth.broken_count == 7
    assert [broken.where.rpartition(":")[2] for broken in truth.broken] == [*"1234567"]
    reasons = [broken.reason for broken in truth.broken]
    assert reasons[0].startswith("not JSON")
    assert reasons[2] == "no eventMetadata"
    assert reasons[4] == "'lorry' is none of the classes bicycle, motorcycle"


def test_a_source_without_labels_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("x\n")
    with pytest.raises(DataError, match=r"no ground truth in .*: 1 lines .*a.jsonl:1: not JSON"):
        read_truth(tmp_path, CLASSES)
    with pytest.raises(UsageError, match="neither a folder nor an S3 URI"):
        read_truth(tmp_path / "nowhere", CLASSES)


def test_labels_are_read_from_s3(s3: Any, bucket: str) -> None:
    for hour, data in (("03", "0"), ("04", "1")):
        key = f"truth/2026/01/02/{hour}/a.jsonl"
        s3.put_object(Bucket=bucket, Key=key, Body=(label(hour, data)).encode())
    truth = read_truth(f"s3://{bucket}/truth", CLASSES, s3)
    assert truth.labels == {"03": 0, "04": 1}


def test_labels_are_merged_by_inference_id_else_by_event_id() -> None:
    captures = [
        capture(1, 0.9, 0.1, inference_id="a"),  # by inference id: right
        capture(2, 0.9, 0.1),  # by event id: wrong
        capture(3, 0.9, 0.1, inference_id="c"),  # has an inference id, is labelled by event id
        capture(4, 0.9, 0.1, inference_id="unknown"),
    ]
    labels = {"a": 0, "event-1": 1, "event-2": 1, "event-3": 0}
    figures = Figures.of(log(captures), CLASSES, 0.5, labels)
    assert figures.accuracy == Share(2, 3)
    assert figures.confusion() == [[2, 0], [1, 0]]
    assert [item.event_id for item in figures.wrong] == ["event-2"]
