"""The object detector by its commands: scenes staged, a model trained on them, and served."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scones import training
from tests.drawn_boxes import boxes_that_lack_a_line

from .conftest import Scones

SMALL = {
    "SCONES_DETECTOR__TRAIN": "24",
    "SCONES_DETECTOR__VALIDATION": "6",
    "SCONES_DETECTOR__TEST": "4",
    "SCONES_DETECTOR__IMAGE_SHAPE": "64",
    "SCONES_DETECTOR__HYPERPARAMETERS": json.dumps({"epochs": 2, "mini_batch_size": 8}),
}
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"


@pytest.fixture
def deployed(scones: Scones) -> Iterator[Scones]:
    scones.environment |= SMALL
    scones.ok("up")
    scones.ok("deploy")
    yield scones
    scones.ok("destroy")


def ask(scones: Scones, photo: bytes, accept: str) -> Any:
    answer = scones.aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="scones-unlimited-detector",
        ContentType="image/jpeg",
        Accept=accept,
        Body=photo,
    )
    return json.loads(answer["Body"].read())


def test_a_detector_is_trained_and_served_by_three_commands(
    deployed: Scones, tmp_path: Path
) -> None:
    assert "scones detector stage" in deployed.refused("detector", "train", code=1)
    staged = deployed.json("detector", "stage", "--drawings")
    assert staged["pictures"] == {"train": 24, "validation": 6, "test": 4}

    assert "scones detector train" in deployed.refused("detector", "deploy", code=1)
    trained = deployed.json("detector", "train")
    assert trained["job_name"].startswith("scones-unlimited-detector-")
    assert {"train:cross_entropy", "train:smooth_l1", "validation:mAP"} <= trained["metrics"].keys()
    assert deployed.json("detector", "deploy") == {"endpoint": "scones-unlimited-detector"}

    path = next((Path(staged["directory"]) / "test").iterdir())
    photo = path.read_bytes()
    rows = ask(deployed, photo, "application/json")["prediction"]
    document = ask(deployed, photo, "application/json;annotation=1")
    assert len(document["annotations"]) == len(rows)
    assert all(len(row) == 6 for row in rows)
    # The REST API asks the same model, at once and by an upload, and draws what it says.
    for way in ((), ("--upload",)):
        asked = ("detect", str(path), "--threshold", "0", "--output", str(tmp_path), *way)
        (found,) = deployed.json(*asked)["photos"]
        assert [one["confidence"] for one in found["objects"]] == pytest.approx(
            sorted((row[1] for row in rows), reverse=True), abs=1e-3
        )
        drawn = next(Path(name) for name in found["files"] if not name.endswith(".json"))
        with Image.open(drawn) as picture, Image.open(path) as original:
            assert picture.size == original.size
        drawn.unlink()
    # The classifier's commands leave the detector's jobs alone.
    assert training.latest_model(deployed.aws, "scones-unlimited") is None


def test_the_demo_sends_photos_to_s3_and_their_boxes_come_back(scones: Scones) -> None:
    scones.environment |= SMALL
    shown = scones.json("detector", "demo", "--threshold", "0", "--keep")
    steps = ["up", "stage", "deploy", "train", "endpoint", "upload", "end"]
    assert list(shown["seconds"]) == steps
    assert shown["note"], "drawings are called drawings"
    assert len(shown["photos"]) == 4
    for photo in shown["photos"]:
        assert photo["objects"]
        path = Path(photo["photo"])
        picture = next(Path(name) for name in photo["files"] if not name.endswith(".json"))
        assert picture.parent == scones.state_dir / "reports" / "detector-demo"
        assert not boxes_that_lack_a_line(path, picture, photo["objects"])
        assert boxes_that_lack_a_line(path, path, photo["objects"]) == photo["objects"]

    a_job_for_the_built_in_algorithm_runs_unchanged(scones, shown["training_job"])
    scones.ok("destroy")


def a_job_for_the_built_in_algorithm_runs_unchanged(scones: Scones, first: str) -> None:
    sagemaker = scones.aws.client("sagemaker")
    about = sagemaker.describe_training_job(TrainingJobName=first)
    sagemaker.create_training_job(
        TrainingJobName="as-for-the-built-in",
        AlgorithmSpecification={"TrainingImage": BUILT_IN, "TrainingInputMode": "File"},
        RoleArn=about["RoleArn"],
        InputDataConfig=about["InputDataConfig"],
        OutputDataConfig=about["OutputDataConfig"],
        ResourceConfig=about["ResourceConfig"],
        StoppingCondition=about["StoppingCondition"],
        HyperParameters=about["HyperParameters"],
    )
    result = training.wait(scones.aws, "as-for-the-built-in")
    assert {"train:smooth_l1", "validation:mAP"} <= result.metrics.keys()
