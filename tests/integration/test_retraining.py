"""The state machine that trains and deploys: both branches of its choice, on the running stack."""

import time
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from .conftest import Scones, make_scones


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scones]:
    """A stack with staged drawings, and no model yet."""
    made = make_scones(tmp_path_factory.mktemp("retraining"))
    try:
        made.ok("up")
        made.ok("etl", "--drawings")
        made.ok("deploy")
        yield made
    finally:
        made.run("down")


def await_email(scones: Scones, subject: str) -> None:
    deadline = time.monotonic() + 90
    while subject not in subjects(scones):
        assert time.monotonic() < deadline, f"no email '{subject}': {subjects(scones)}"
        time.sleep(0.1)


def subjects(scones: Scones) -> set[str]:
    emails = (scones.state_dir / "inbox").glob("*.eml")
    return {str(message_from_bytes(path.read_bytes())["Subject"]) for path in emails}


def test_a_model_that_is_accurate_enough_is_deployed_and_then_updated(deployed: Scones) -> None:
    endpoint = deployed.project().settings.endpoint_name
    sagemaker = deployed.aws.client("sagemaker")

    first = deployed.json("retrain", "--least-accuracy", "0")

    assert first["deployed"]
    assert first["endpoint_name"] == endpoint
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointConfigName"] == first["job_name"]
    assert described["EndpointStatus"] == "InService"

    second = deployed.json("retrain", "--least-accuracy", "0")

    after = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert after["EndpointConfigName"] == second["job_name"] != first["job_name"]
    assert after["CreationTime"] == described["CreationTime"], "it was updated, not made anew"


def test_a_model_that_is_not_is_notified_of_and_the_endpoint_stays(deployed: Scones) -> None:
    endpoint = deployed.project().settings.endpoint_name
    sagemaker = deployed.aws.client("sagemaker")
    before = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]

    result = deployed.json("retrain", "--least-accuracy", "1")

    assert not result["deployed"]
    assert 0 <= result["accuracy"] < 1
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"] == before
    await_email(deployed, "A model is not accurate enough")


def test_a_job_that_fails_is_notified_of_and_fails_the_command(
    deployed: Scones, tmp_path: Path
) -> None:
    config = tmp_path / "scones.toml"
    text = deployed.environment_config().read_text()
    config.write_text(text.replace("epochs = 2", "epochs = 0"))
    deployed.environment["SCONES_CONFIG"] = str(config)

    line = deployed.refused("retrain", code=1)

    assert "ModelNotDeployed" in line
    assert "epochs" in line
    await_email(deployed, "A model could not be trained or deployed")
