"""Staged scenes lie as the built-in algorithm reads them, and reach S3 so (real S3)."""

import json
from pathlib import Path
from typing import Any

import pytest

from scones.config import Settings
from scones.detection.composed import ComposedScenes
from scones.detection.staged import StagedScenes, read_staged
from scones.detection.staging import stage
from scones.detection.upload import upload
from scones.errors import DataError
from scones.etl.drawings import Drawings
from scones.project import Project
from scones.steps.detector import hyperparameters_of

CLASSES = ("motorcycle", "bicycle")
COUNTS = {"train": 5, "validation": 2, "test": 3}


def scenes(seed: int = 0) -> ComposedScenes:
    return ComposedScenes(Drawings(), CLASSES, ("bus",), COUNTS, side=64, seed=seed)


@pytest.fixture
def staged(tmp_path: Path) -> StagedScenes:
    return stage(scenes(), CLASSES, tmp_path)


def test_every_picture_has_its_annotation(staged: StagedScenes) -> None:
    assert staged.kind == "drawings"
    assert "drawings, not photographs" in staged.summary()
    for split, count in COUNTS.items():
        pictures = {file.stem for file in staged.images(split).iterdir()}
        documents = {
            file.stem: json.loads(file.read_bytes()) for file in staged.annotations(split).iterdir()
        }
        assert pictures == documents.keys()
        assert len(pictures) == count
        boxes = [box for one in documents.values() for box in one["annotations"]]
        assert len(boxes) == sum(staged.objects[split].values())
        assert {box["class_id"] for box in boxes} <= {0, 1}
    assert documents[max(pictures)]["categories"] == [
        {"class_id": 0, "name": "motorcycle"},
        {"class_id": 1, "name": "bicycle"},
    ]


def test_the_same_scenes_are_not_staged_twice_and_others_replace_them(
    staged: StagedScenes, tmp_path: Path
) -> None:
    before = staged.document.stat().st_ino
    assert stage(scenes(), CLASSES, tmp_path).document.stat().st_ino == before
    assert stage(scenes(seed=1), CLASSES, tmp_path).fingerprint != staged.fingerprint


def test_scenes_that_are_not_whole_are_refused(staged: StagedScenes) -> None:
    next(staged.images("train").iterdir()).unlink()
    with pytest.raises(DataError, match=r"train has 4 files where detection\.json counts 5"):
        read_staged(staged.directory)


def test_a_job_is_told_what_was_staged(staged: StagedScenes) -> None:
    told = hyperparameters_of(Project(Settings()), staged)
    assert told == {
        "num_classes": 2,
        "num_training_samples": 5,
        "image_shape": 128,
        "label_width": 350,
        "seed": 0,
    }
    on_aws = hyperparameters_of(Project(Settings(profile="aws")), staged)
    assert on_aws["image_shape"] == 300
    assert "seed" not in on_aws


def test_the_bucket_comes_to_hold_exactly_the_scenes(
    s3: Any, bucket: str, staged: StagedScenes, tmp_path: Path
) -> None:
    channels = upload(s3, staged, bucket)
    assert channels["train_annotation"] == f"s3://{bucket}/detection/train_annotation/"
    other = stage(scenes(seed=1), CLASSES, tmp_path / "other")
    upload(s3, other, bucket)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = {found["Key"] for page in pages for found in page["Contents"]}
    files = {
        f"detection/{file.relative_to(other.directory)}"
        for file in other.directory.rglob("*")
        if file.is_file()
    }
    assert keys == files
    key = min(key for key in files if key.startswith("detection/test/"))
    answer = s3.get_object(Bucket=bucket, Key=key)
    assert answer["ContentType"] == "image/jpeg"
