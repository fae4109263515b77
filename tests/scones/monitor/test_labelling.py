"""Unsure images are set aside once, in a manifest that SageMaker Ground Truth reads."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scones.monitor.capture import Capture
from scones.monitor.keeping import ImageKeeper
from scones.monitor.labelling import set_aside
from tests.scones.monitor.records import capture, log, png

CLASSES = ["bicycle", "motorcycle"]
TIME = datetime(2026, 3, 2, 6, 7, 8, tzinfo=UTC)
OPTIONS = {"classes": CLASSES, "threshold": 0.93}


def captures() -> list[Capture]:
    return [
        capture(1, 0.6, 0.4, body=png("red")),
        capture(2, 0.45, 0.55, body=png("blue")),
        capture(3, 0.7, 0.3, body=png("red")),  # the same image again
        capture(4, 0.99, 0.01, body=png("green")),  # sure
        capture(5, 0.5, 0.5, body=b"no image"),
        capture(6, 0.4, 0.3, 0.3, body=png("black")),  # another model's
        capture(7, body=png("white")),  # without an answer
    ]


def lines(s3: Any, bucket: str, uri: str) -> list[dict[str, Any]]:
    body = s3.get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))["Body"].read()
    return [json.loads(line) for line in body.decode().splitlines()]


def test_unsure_images_go_into_a_manifest_the_least_sure_first(s3: Any, bucket: str) -> None:
    done = set_aside(s3, log(captures()), bucket, "labelling/e", time=TIME, **OPTIONS)
    place = f"s3://{bucket}/labelling/e/20260302T060708Z"
    assert (done.images, done.before, done.manifest_uri) == (2, 0, f"{place}/manifest.jsonl")
    rows = lines(s3, bucket, f"{place}/manifest.jsonl")
    said = [(row["predicted"], row["confidence"]) for row in rows]
    assert said == [("motorcycle", 0.55), ("bicycle", 0.6)]
    for row, colour in zip(rows, ("blue", "red"), strict=True):
        assert row["source-ref"].startswith(f"{place}/images/")
        key = row["source-ref"].removeprefix(f"s3://{bucket}/")
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == png(colour)


def test_what_was_set_aside_before_is_not_again(s3: Any, bucket: str) -> None:
    set_aside(s3, log(captures()), bucket, "labelling/e", time=TIME, **OPTIONS)
    later = TIME + timedelta(days=1)
    again = set_aside(s3, log(captures()), bucket, "labelling/e", time=later, **OPTIONS)
    assert (again.images, again.before, again.manifest_uri) == (0, 2, None)
    more = log([*captures(), capture(8, 0.8, 0.2, body=png("pink"))])
    third = set_aside(s3, more, bucket, "labelling/e", time=later, **OPTIONS)
    assert (third.images, third.before) == (1, 2)
    elsewhere = set_aside(s3, more, bucket, "labelling/e2", time=later, **OPTIONS)
    assert elsewhere.images == 3


def test_images_of_a_copy_that_was_interrupted_are_set_aside_anew(s3: Any, bucket: str) -> None:
    done = set_aside(s3, log(captures()), bucket, "labelling/e", time=TIME, **OPTIONS)
    s3.delete_object(Bucket=bucket, Key=(done.manifest_uri or "").removeprefix(f"s3://{bucket}/"))
    again = set_aside(s3, log(captures()), bucket, "labelling/e", time=TIME, **OPTIONS)
    assert again.images == 2


def test_of_very_many_the_least_sure_are_taken(s3: Any, bucket: str) -> None:
    many = [capture(n, 0.6 + n / 100, 0.4 - n / 100, body=png(f"#0000{n:02x}")) for n in range(20)]
    done = set_aside(s3, log(many), bucket, "labelling/e", time=TIME, limit=3, **OPTIONS)
    rows = lines(s3, bucket, done.manifest_uri or "")
    assert [row["confidence"] for row in rows] == [0.6, 0.61, 0.62]


def test_a_keeper_holds_no_more_files_than_its_limit(tmp_path: Path) -> None:
    keeper = ImageKeeper(tmp_path, 2)
    for rank in (5, 3, 4, 1, 3):
        keeper.offer(rank, png(f"#0000{rank:02x}"))
    assert [item.rank for item in keeper.items()] == [1, 3]
    assert {file.name for file in tmp_path.iterdir()} == {item.name for item in keeper.items()}
    assert keeper.repeated == 0
    keeper.offer(0, png("#000001"))
    assert (keeper.repeated, [item.rank for item in keeper.items()]) == (1, [1, 3])
