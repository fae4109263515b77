"""Commands of the profile `aws`, killed (SIGKILL) at each step: the next one goes on from there.

Real processes against one emulator. The step is the request that the emulator has just written into
its log; the steps are those of a table in docs/17-aws.md.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scones.deploy.settings import SOURCE_ROOT

from . import aws_account
from .aws_account import ACCESS_KEY, PROJECT, Account
from .test_aws_profile import draw_photos

PAGE = SOURCE_ROOT / "docs" / "17-aws.md"
STEP_SECONDS = 120
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Step:
    """The nth request of one operation."""

    operation: str
    nth: int = 1

    def __str__(self) -> str:
        return self.operation if self.nth == 1 else f"{self.operation} ({self.nth})"


STEPS = {
    "deploy": [
        Step("CreateBucket"),
        Step("PutBucketPolicy"),
        Step("PutObject", 2),
        Step("CreateChangeSet"),
        Step("ExecuteChangeSet"),
        Step("CreateChangeSet", 2),
        Step("ExecuteChangeSet"),
    ],
    "train": [Step("PutObject", 3), Step("CreateTrainingJob"), Step("DescribeTrainingJob")],
    "endpoint": [Step("CreateModel"), Step("CreateEndpointConfig"), Step("CreateEndpoint")],
    "retrain": [Step("StartExecution")],
    "destroy": [
        Step("DeleteEndpoint"),
        Step("DeleteModel"),
        Step("DeleteStack"),
        Step("DeleteStack"),
        Step("DeleteObjects"),
        Step("DeleteBucket"),
        Step("DeleteLogGroup"),
    ],
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with aws_account.account(tmp_path_factory.mktemp("killed")) as made:
        made.json("etl", "--folder", str(draw_photos(made.folder / "photos")))
        yield made


@pytest.fixture(scope="module")
def deployed(account: Account) -> Account:
    account.json("deploy")
    return account


def kill(account: Account, command: str, step: Step) -> None:
    """Start a command, and kill it as soon as the emulator has its nth request of an operation."""
    before = account.request_log.stat().st_size if account.request_log.exists() else 0
    process = subprocess.Popen(
        [sys.executable, "-m", "scones.cli", "--profile", "aws", command, "--yes"],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + STEP_SECONDS
        while seen(account, before, step.operation) < step.nth:
            ended = process.poll()
            assert ended is None, (
                f"{command} ended ({ended}) before {step}: {process.stderr.read()}"
            )
            assert time.monotonic() < deadline, f"{command} never came to {step}"
            time.sleep(POLL_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -9


def seen(account: Account, offset: int, operation: str) -> int:
    """Count a caller's requests of an operation in the log, from an offset on."""
    if not account.request_log.exists():
        return 0
    with account.request_log.open() as log:
        log.seek(offset)
        lines = [json.loads(line) for line in log if line.endswith("\n")]
    asked = (r for r in lines if r["operation"] == operation)
    return sum(r["principal"] == ACCESS_KEY for r in asked)


def executions(account: Account) -> list[str]:
    states = account.client("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    (arn,) = (m["stateMachineArn"] for m in machines if m["name"].endswith("-train-and-deploy"))
    return [e["name"] for e in states.list_executions(stateMachineArn=arn)["executions"]]


def training_jobs(account: Account) -> list[str]:
    """The jobs, the newest first."""
    found = account.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in found]


def stacks(account: Account) -> dict[str, str]:
    found = account.client("cloudformation").list_stacks()["StackSummaries"]
    return {s["StackName"]: s["StackStatus"] for s in found if s["StackStatus"][:6] != "DELETE"}


def test_a_deployment_killed_at_every_step_is_completed(account: Account) -> None:
    for step in STEPS["deploy"]:
        kill(account, "deploy", step)
    outputs = account.json("deploy")
    assert outputs["data_bucket"].startswith(PROJECT)
    complete = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    assert set(stacks(account)) == {f"{PROJECT}-core", f"{PROJECT}-operations"}
    assert set(stacks(account).values()) <= complete
    assert account.json("deploy") == outputs
    assert account.json("plan")["changes"] == []


def test_a_training_killed_at_every_step_is_picked_up(
    deployed: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = deployed
    # So that it runs still when the next command looks for it.
    monkeypatch.setenv("SCONES_TRAINING__HYPERPARAMETERS__EPOCHS", "15")
    for step in STEPS["train"]:
        kill(account, "train", step)
    jobs = training_jobs(account)
    code, output, messages = account.run("train", "--json")
    assert code == 0, messages
    assert f"picking up {jobs[0]}" in messages
    assert json.loads(output)["job_name"] == jobs[0]
    assert training_jobs(account) == jobs


def test_an_endpoint_killed_at_every_step_is_completed(deployed: Account) -> None:
    account = deployed
    for step in STEPS["endpoint"]:
        kill(account, "endpoint", step)
    name = account.json("endpoint")["endpoint"]
    sagemaker = account.client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
    assert len(sagemaker.list_models()["Models"]) == 1
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1


def test_a_retraining_that_was_killed_goes_on_and_is_picked_up(deployed: Account) -> None:
    account = deployed
    for step in STEPS["retrain"]:
        kill(account, "retrain", step)
    code, _, messages = account.run("retrain", "--job-name", "another")
    assert code == 1
    assert "is being retrained: run `scones --profile aws retrain` without --job-name" in messages
    code, output, messages = account.run("retrain", "--least-accuracy", "0.123", "--json")
    assert code == 0, messages
    (name,) = executions(account)
    assert f"picking up {name}, which was started with a least accuracy of 0.8" in messages
    result = json.loads(output)
    assert (result["job_name"], result["least_accuracy"]) == (name, 0.8)


def test_a_destruction_killed_at_every_step_is_completed(account: Account) -> None:
    for step in STEPS["destroy"]:
        kill(account, "destroy", step)
    account.json("destroy")
    assert stacks(account) == {}
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("sagemaker").list_endpoints()["Endpoints"] == []
    assert account.json("destroy")["removed"] == []


def test_the_steps_are_documented() -> None:
    table = PAGE.read_text().partition("## Killed at any step")[2].partition("## ")[0]
    for command, steps in STEPS.items():
        rows = table.partition(f"| `{command}` |")[2].partition("\n| `")[0]
        assert [str(s) for s in steps if f"`{s.operation}`" not in rows] == []
