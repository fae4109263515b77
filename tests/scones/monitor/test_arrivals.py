"""What arrives is read once: new files in S3, new lines in a folder."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scones.errors import UsageError
from scones.monitor import arrivals
from scones.monitor.arrivals import arriving_captures, arriving_in_folder


def line(event_id: str, time: str = "2026-01-02T03:04:05Z") -> bytes:
    document = {
        "captureData": {"endpointOutput": {"data": "[0.9, 0.1]", "encoding": "JSON"}},
        "eventMetadata": {"eventId": event_id, "inferenceTime": time},
    }
    return json.dumps(document).encode() + b"\n"


def ids(stream: Any) -> list[str]:
    return [capture.event_id for capture in stream.new()]


def test_a_folders_files_are_read_on_from_their_last_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "a" / "captures.jsonl"
    file.parent.mkdir()
    half = line("3")[:40]
    file.write_bytes(line("1") + line("2") + half)
    stream = arriving_in_folder(tmp_path)
    assert ids(stream) == ["1", "2"]
    with file.open("ab") as opened:
        opened.write(line("3")[40:] + line("4"))
    (tmp_path / "b.jsonl").write_bytes(line("5"))
    assert ids(stream) == ["3", "4", "5"]
    assert ids(stream) == []
    assert stream.broken_count == 0


def test_a_last_line_without_its_line_feed_is_read_once_it_no_longer_grows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("1") + line("2").rstrip())
    stream = arriving_in_folder(tmp_path)
    assert ids(stream) == ["1"]
    assert ids(stream) == ["2"]
    assert ids(stream) == []


def test_what_is_broken_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"no\n" + line("1"))
    stream = arriving_in_folder(tmp_path)
    assert ids(stream) == ["1"]
    (tmp_path / "b.jsonl").write_bytes(b"neither\n")
    assert ids(stream) == []
    assert (stream.broken_count, [b.where for b in stream.broken]) == (
        2,
        ["a.jsonl:1", "b.jsonl:1"],
    )


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        arriving_in_folder(tmp_path / "nowhere")


def test_each_object_is_fetched_once_and_old_hours_are_not_listed_each_time(
    s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    hour = f"captures/e/AllTraffic/{now:%Y/%m/%d/%H}"
    s3.put_object(Bucket=bucket, Key=f"{hour}/00-00-000-a.jsonl", Body=line("1"))
    fetched: list[str] = []
    events = s3.meta.events
    events.register("before-call.s3.GetObject", lambda params, **_: fetched.append(params["url"]))
    stream = arriving_captures(s3, f"s3://{bucket}/captures/e")
    assert ids(stream) == ["1"]
    s3.put_object(Bucket=bucket, Key=f"{hour}/00-00-001-b.jsonl", Body=line("2"))
    old = "captures/e/AllTraffic/2024/01/01/00/00-00-000-c.jsonl"
    s3.put_object(Bucket=bucket, Key=old, Body=line("3"))
    assert ids(stream) == ["2"]
    assert len(fetched) == 2
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: 1e12)  # the time for a whole listing
    assert ids(stream) == ["3"]
    assert len(fetched) == 3
