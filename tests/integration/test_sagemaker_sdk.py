"""The SageMaker SDK's example against our service: jobs and endpoints as processes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.integration.conftest import ROOT, Scones

EXAMPLE = ROOT / "examples" / "train_and_deploy.py"


def few_images(folder: Path) -> Path:
    """24 training and 4 test images of each class: enough to run, too few to learn."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 4)):
        for name in ("bicycle", "motorcycle"):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


def run_example(scones: Scones, word: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLE), word],
        cwd=ROOT,
        env=scones.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_example_trains_deploys_asks_and_cleans_up(scones: Scones, tmp_path: Path) -> None:
    scones.ok("up")
    scones.ok("etl", "--folder", str(few_images(tmp_path / "vehicles")))
    done = run_example(scones, "local")
    assert done.returncode == 0, done.stderr + scones.logs()

    assert "Epoch[1] Validation-accuracy=" in done.stdout  # the job's log
    assert len([line for line in done.stdout.splitlines() if ".png: " in line]) == 4
    for noise in ("Warning", "telemetry", "sagemaker.config", "SageMaker Python SDK v2"):
        assert noise not in done.stderr + done.stdout

    sagemaker, s3 = scones.aws.client("sagemaker"), scones.aws.client("s3")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_models()["Models"] == []
    (job,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    assert job["TrainingJobStatus"] == "Completed"
    bucket = f"sagemaker-us-east-1-{scones.aws.account}"
    found = s3.list_objects_v2(Bucket=bucket, Prefix="train-and-deploy/captures/")["Contents"]
    lines = [
        json.loads(line)
        for entry in found
        for line in s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().splitlines()
    ]
    assert len(lines) == 4
    assert all(line["captureData"]["endpointOutput"]["mode"] == "OUTPUT" for line in lines)
