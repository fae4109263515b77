"""Capture files of any make are read; what is broken is counted and never stops the rest."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scones.errors import DataError, UsageError
from scones.monitor import read_captures, read_folder
from scones.monitor.reading import LINE_MAX_BYTES
from tests.scones.monitor.records import DATA

HOUR = "AllTraffic/2024/10/16/09"


def line(event_id: str, time: str = "2024-10-16T09:30:00Z") -> bytes:
    document = {
        "captureData": {"endpointOutput": {"data": "[0.9, 0.1]", "encoding": "JSON"}},
        "eventMetadata": {"eventId": event_id, "inferenceTime": time},
        "eventVersion": "0",
    }
    return json.dumps(document).encode() + b"\n"


def test_pictures_that_were_covered_to_explain_an_answer_are_left_out(tmp_path: Path) -> None:
    probe = json.loads(line("probe"))
    probe["eventMetadata"]["inferenceId"] = "scones-explain/0f"
    lines = [line("a"), json.dumps(probe).encode() + b"\n", line("b")]
    (tmp_path / "captures.jsonl").write_bytes(b"".join(lines))
    log = read_folder(tmp_path)
    assert [capture.event_id for capture in log.captures] == ["a", "b"]
    assert log.broken_count == 0


def folder_of(tmp_path: Path, name: str) -> Path:
    (tmp_path / "captures.jsonl").write_bytes((DATA / name).read_bytes())
    return tmp_path


def test_every_encoding_of_the_same_answer_is_understood(tmp_path: Path) -> None:
    log = read_folder(folder_of(tmp_path, "encodings.jsonl"))
    assert [capture.probabilities for capture in log.captures] == [
        (0.97, 0.03),
        (0.2, 0.8),
        (0.4, 0.6),
        (0.95, 0.05),
        (0.01, 0.99),
        (0.7, 0.3),
        (0.94, 0.06),
    ]
    assert [capture.predicted for capture in log.captures] == [0, 1, 1, 0, 1, 0, 0]
    assert [capture.confidence for capture in log.captures][:2] == [0.97, 0.8]
    first = log.captures[0]
    assert first.inference_id == "test/a.png"
    assert first.time == datetime(2024, 10, 16, 9, 31, tzinfo=UTC)
    assert first.content_type == "image/png"
    assert (first.input or b"").startswith(b"\x89PNG")
    assert log.captures[2].inference_id is None


def test_broken_lines_are_counted_with_place_and_reason(tmp_path: Path) -> None:
    log = read_folder(folder_of(tmp_path, "broken.jsonl"))
    assert [capture.event_id[-1] for capture in log.captures] == ["5"]
    assert [broken.where for broken in log.broken] == [f"captures.jsonl:{n}" for n in range(1, 7)]
    reasons = [broken.reason for broken in log.broken]
    assert reasons[0].startswith("not JSON")
    assert "base64" in reasons[1]
    assert reasons[2] == "no inferenceTime"
    assert "laid out" in reasons[3]
    assert "yesterday" in reasons[5]


def test_a_capture_without_a_readable_answer_is_kept_without_one(tmp_path: Path) -> None:
    log = read_folder(folder_of(tmp_path, "without_answers.jsonl"))
    assert [capture.probabilities for capture in log.captures] == [None] * 6 + [(0.9, 0.1)]
    assert log.captures[-1].input is None
    assert not log.broken


def test_captures_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        line("late", "2024-10-16T09:30:00Z") + line("zone", "2024-10-16T11:10:00+02:00")
    )
    (tmp_path / "b.jsonl").write_bytes(line("early", "2024-10-16T09:00:00"))
    log = read_folder(tmp_path)
    assert [capture.event_id for capture in log.captures] == ["early", "zone", "late"]
    assert log.files == 2


def test_a_line_that_never_ends_is_passed_over_and_the_next_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl").open("wb") as file:
        file.write(line("one"))
        file.write(b"x" * (LINE_MAX_BYTES + 1) + b"\n")
        file.write(line("two").rstrip())
    log = read_folder(tmp_path)
    assert [capture.event_id for capture in log.captures] == ["one", "two"]
    assert [broken.where for broken in log.broken] == ["a.jsonl:2"]


def test_a_line_of_six_megabytes_is_read_whole(tmp_path: Path) -> None:
    document = json.loads(line("large"))
    document["captureData"]["endpointInput"] = {"data": "x" * 6_291_456, "encoding": "CSV"}
    (tmp_path / "a.jsonl").write_text(json.dumps(document) + "\n")
    (only,) = read_folder(tmp_path).captures
    assert len(only.input or b"") == 6_291_456


def test_since_and_until_cut_by_the_time_of_inference(tmp_path: Path) -> None:
    times = [f"2024-10-16T09:{minute:02d}:00Z" for minute in (0, 10, 20)]
    (tmp_path / "a.jsonl").write_bytes(b"".join(line(time, time) for time in times))
    since, until = datetime.fromisoformat(times[1]), datetime.fromisoformat(times[2])
    assert [c.event_id for c in read_folder(tmp_path, since=since, until=until).captures] == [
        times[1]
    ]
    with pytest.raises(UsageError, match="is not before until"):
        read_folder(tmp_path, since=until, until=since)


def test_a_path_that_is_no_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere is not a folder"):
        read_folder(tmp_path / "nowhere")


@pytest.mark.skipif("SCONES_TEST_DATA" not in os.environ, reason="SCONES_TEST_DATA is not set")
def test_files_of_real_endpoints_are_read_without_loss() -> None:
    log = read_folder(Path(os.environ["SCONES_TEST_DATA"]) / "data-capture")
    assert (log.files, len(log.captures), len(log.broken)) == (25, 38, 0)
    assert all((capture.input or b"").startswith(b"\x89PNG") for capture in log.captures)
    assert all(abs(sum(capture.probabilities or ()) - 1) < 1e-5 for capture in log.captures)


# From S3


def put(s3: Any, bucket: str, key: str, *lines: bytes) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"".join(lines))


def read_ids(s3: Any, uri: str, **span: datetime) -> list[str]:
    return [capture.event_id for capture in read_captures(s3, uri, **span).captures]


def test_an_endpoints_captures_are_read_and_no_others(s3: Any, bucket: str) -> None:
    put(s3, bucket, f"data_capture/scones/{HOUR}/30-00-000-a.jsonl", line("1"), line("2"))
    put(s3, bucket, f"data_capture/scones-2/{HOUR}/30-00-000-b.jsonl", line("other"))
    put(s3, bucket, f"data_capture/scones/{HOUR}/notes.txt", b"not a capture")
    assert read_ids(s3, f"s3://{bucket}/data_capture/scones") == ["1", "2"]
    assert read_ids(s3, f"s3://{bucket}/data_capture/scones/") == ["1", "2"]


def test_a_destination_with_a_slash_at_its_end_is_found_in_either_spelling(
    s3: Any, bucket: str
) -> None:
    put(s3, bucket, f"data_capture//scones/{HOUR}/30-00-000-a.jsonl", line("double"))
    put(s3, bucket, f"data_capture/scones/{HOUR}/31-00-000-b.jsonl", line("single"))
    uri = f"s3://{bucket}/data_capture//scones/"
    assert sorted(read_ids(s3, uri)) == ["double", "single"]


def test_more_files_than_one_page_lists_are_all_read(s3: Any, bucket: str) -> None:
    for number in range(1003):
        put(s3, bucket, f"c/e/{HOUR}/00-00-000-{number:04d}.jsonl", line(str(number)))
    assert len(read_ids(s3, f"s3://{bucket}/c/e")) == 1003


def test_only_the_hours_asked_for_are_fetched(s3: Any, bucket: str) -> None:
    moment = datetime(2024, 10, 16, 12, 30, tzinfo=UTC)
    for hours in (-5, -1, 0, 5):
        time = moment + timedelta(hours=hours)
        put(s3, bucket, f"c/e/v/{time:%Y/%m/%d/%H}/30-00-000-a.jsonl", line(str(hours), f"{time}"))
    span = {"since": moment, "until": moment + timedelta(minutes=1)}
    log = read_captures(s3, f"s3://{bucket}/c/e", **span)
    assert [capture.event_id for capture in log.captures] == ["0"]
    assert log.files == 2  # the hour itself, and the one before, whose last file may reach into it


def test_no_captures_make_an_empty_log(s3: Any, bucket: str) -> None:
    assert read_captures(s3, f"s3://{bucket}").captures == ()


@pytest.mark.parametrize("uri", ["bucket/key", "s3://", "https://bucket.s3.amazonaws.com/a"])
def test_a_uri_that_is_not_of_s3_is_named(s3: Any, uri: str) -> None:
    with pytest.raises(UsageError, match="is not an S3 URI"):
        read_captures(s3, uri)


def test_a_missing_bucket_is_named(s3: Any) -> None:
    with pytest.raises(DataError, match="cannot read captures from s3://nowhere-at-all/a"):
        read_captures(s3, "s3://nowhere-at-all/a")
