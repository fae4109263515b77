"""Version 3 of the SageMaker SDK, in an environment of its own, against our API by its address."""

import os
import subprocess
from pathlib import Path

from scones.emulation.services import interpreter
from tests.integration.conftest import ROOT, Scones, make_scones
from tests.integration.test_sagemaker_sdk import few_images


def test_model_trainer_and_the_core_resources_work_by_endpoint_url(tmp_path: Path) -> None:
    scones = make_scones(tmp_path)
    try:
        scones.ok("up")
        scones.ok("etl", "--folder", str(few_images(tmp_path / "vehicles")))
        done = _run_example(scones)
        assert done.returncode == 0, done.stdout + done.stderr + scones.logs()
        assert len([line for line in done.stdout.splitlines() if ".png: [0." in line]) == 4
        sagemaker = scones.aws.client("sagemaker")
        (job,) = sagemaker.list_training_jobs()["TrainingJobSummaries"]
        assert job["TrainingJobStatus"] == "Completed"
        assert sagemaker.list_models()["Models"] == []
        captured = scones.aws.client("s3").list_objects_v2(
            Bucket="train-and-deploy-v3", Prefix="captures/"
        )
        assert captured["KeyCount"] > 0
    finally:
        scones.run("down")


def _run_example(scones: Scones) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {
        "AWS_ENDPOINT_URL": str(scones.project().settings.target.localstack_url),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAGEMAKER_VALIDATE_ROLE": "false",
    }
    return subprocess.run(
        [
            str(interpreter("sdk3")),
            str(ROOT / "examples" / "train_and_deploy_v3.py"),
            str(scones.project().dataset().directory),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
