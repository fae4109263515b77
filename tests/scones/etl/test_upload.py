"""A bucket comes to hold exactly the dataset, and only what differs is sent (real S3)."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from scones.errors import DataError
from scones.etl.dataset import Dataset
from scones.etl.drawings import Drawings
from scones.etl.staging import stage
from scones.etl.upload import upload

CLASSES = ("bicycle", "motorcycle")
FILES = 2 * (10 + 2) + 4  # images, three lists, one document


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return stage(Drawings(train=10, test=2), CLASSES, tmp_path)


def keys(s3: Any, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {found["Key"] for page in pages for found in page.get("Contents", ())}


def local(dataset: Dataset) -> set[str]:
    files = (path for path in dataset.directory.rglob("*") if path.is_file())
    return {str(file.relative_to(dataset.directory)) for file in files}


def test_everything_arrives_as_it_is(s3: Any, bucket: str, dataset: Dataset) -> None:
    result = upload(s3, dataset, bucket)
    assert (result.uploaded, result.skipped, result.removed) == (FILES, 0, 0)
    assert keys(s3, bucket) == local(dataset)
    key = f"train/{dataset.entries('train')[0].path}"
    answer = s3.get_object(Bucket=bucket, Key=key)
    assert answer["ContentType"] == "image/png"
    assert answer["Body"].read() == (dataset.directory / key).read_bytes()
    sizes = sum((dataset.directory / name).stat().st_size for name in local(dataset))
    assert result.sent_bytes == sizes


def test_channels_are_named_as_training_names_them(s3: Any, bucket: str, dataset: Dataset) -> None:
    result = asdict(upload(s3, dataset, bucket, prefix="a/b"))
    assert {name: uri for name, uri in result.items() if str(uri).startswith("s3:")} == {
        "train": f"s3://{bucket}/a/b/train/",
        "validation": f"s3://{bucket}/a/b/validation/",
        "test": f"s3://{bucket}/a/b/test/",
        "train_lst": f"s3://{bucket}/a/b/train.lst",
        "validation_lst": f"s3://{bucket}/a/b/validation.lst",
        "test_lst": f"s3://{bucket}/a/b/test.lst",
    }
    assert keys(s3, bucket) == {f"a/b/{name}" for name in local(dataset)}


def test_what_is_there_already_is_not_sent(s3: Any, bucket: str, dataset: Dataset) -> None:
    upload(s3, dataset, bucket)
    again = upload(s3, dataset, bucket)
    assert (again.uploaded, again.skipped, again.removed, again.sent_bytes) == (0, FILES, 0, 0)


def test_only_what_differs_is_sent(s3: Any, bucket: str, dataset: Dataset) -> None:
    upload(s3, dataset, bucket)
    key = f"test/{dataset.entries('test')[0].path}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"something else")
    s3.delete_object(Bucket=bucket, Key="train.lst")
    again = upload(s3, dataset, bucket)
    assert (again.uploaded, again.skipped) == (2, FILES - 2)
    assert keys(s3, bucket) == local(dataset)


def test_what_is_no_longer_part_of_the_dataset_goes_and_nothing_else(
    s3: Any, bucket: str, dataset: Dataset
) -> None:
    others = {
        "incoming/a.png",
        "models/m.tar.gz",
        "train.lst.backup",
        "training/a.png",
        "a/train/b",
    }
    for key in {*others, "train/old.png", "validation/old.png", "test/deep/old.png"}:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    assert upload(s3, dataset, bucket).removed == 3
    assert keys(s3, bucket) == local(dataset) | others


def test_another_dataset_takes_the_place_of_the_first(
    s3: Any, bucket: str, dataset: Dataset, tmp_path: Path
) -> None:
    upload(s3, dataset, bucket)
    other = stage(Drawings(train=6, test=2, seed=1), ("bus", "bicycle"), tmp_path)
    upload(s3, other, bucket)
    assert keys(s3, bucket) == local(other)


def test_lists_arrive_after_the_images_that_they_name(
    s3: Any, bucket: str, dataset: Dataset
) -> None:
    upload(s3, dataset, bucket)
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    times = {item["Key"]: item["LastModified"] for item in found}
    images = [time for key, time in times.items() if key.endswith(".png")]
    assert max(images) <= min(times[f"{split}.lst"] for split in ("train", "validation", "test"))


def test_a_missing_bucket_is_named(s3: Any, dataset: Dataset) -> None:
    with pytest.raises(DataError, match=r"s3://nowhere-at-all/.*deploy the stack first"):
        upload(s3, dataset, "nowhere-at-all")


def test_more_objects_than_one_page_or_one_delete_holds(
    s3: Any, bucket: str, dataset: Dataset
) -> None:
    for number in range(1005):
        s3.put_object(Bucket=bucket, Key=f"test/old{number}.png", Body=b"")
    assert upload(s3, dataset, bucket).removed == 1005
    assert keys(s3, bucket) == local(dataset)
