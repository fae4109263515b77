"""The profile for AWS on the emulator: by AWS_ENDPOINT_URL, as any AWS program is sent elsewhere.

`scones --profile aws` runs in this process, so that each request that it makes can be seen before
botocore touches it. What the stack's own roles ask is read from the emulator's request log.
"""

import contextlib
import functools
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from scones.aws import Session
from scones.cli import main
from scones.emulation.services import interpreter
from tests.scones.stack_fixtures.ecr import Ecr, running_ecr
from tests.scones.stack_fixtures.services import running_services

from .conftest import ROOT

PROJECT = "scones-unlimited"
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
ONLOOKERS_KEY = "AKIAI44QH8DHBEXAMPLE"
SAGEMAKER_KEY = "test"  # with which our SageMaker service asks for S3 and logs
REGION = "us-east-1"
SPENDING = {"deploy", "train", "endpoint", "explain", "retrain", "destroy"}
SETTINGS = """
[profiles.aws]
endpoint_instance_type = "ml.m5.large"
protected = false # LocalStack knows no stack policies
owner = "dispatch"
expiry = "2030-01-31"
training_spot = true
training_volume_gb = 20
subnets = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]
security_groups = ["sg-0a1b2c3d"]
endpoint_off = "cron(0 20 * * ? *)"
endpoint_on = "cron(0 6 ? * MON-FRI *)"
"""
# The network of AWS's choice would be twenty times larger, and train on a CPU here.
SHORT = "epochs = 1\nnum_layers = 20\n"
MANY_TO_VALIDATE = ("validation_fraction = 0.1", "validation_fraction = 0.4")


@dataclass(frozen=True)
class Request:
    """One request to AWS: who asked, and what."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    principal: str = ACCESS_KEY


@dataclass
class Account:
    """An emulated account, and what was asked of it."""

    folder: Path
    url: str
    ecr: Ecr
    sent: list[Request] = field(default_factory=list)
    key_arn: str = ""

    @property
    def state_dir(self) -> Path:
        return self.folder / "work"

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run `scones --profile aws ...` here; return exit code, output and messages."""
        output, messages = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(messages):
            yes = ["--yes"] if set(arguments) & SPENDING else []
            code = main(["--profile", "aws", *arguments, *yes])
        return code, output.getvalue(), messages.getvalue()

    def json(self, *arguments: str) -> Any:
        code, output, messages = self.run(*arguments, "--json")
        assert code == 0, f"scones --profile aws {' '.join(arguments)}: {messages}"
        return json.loads(output)

    def logged(self) -> list[Request]:
        """What the emulator has been asked, by everybody."""
        lines = self.request_log.read_text().splitlines()
        return [Request(**json.loads(line)) for line in lines]

    @property
    def request_log(self) -> Path:
        return self.folder / "requests.jsonl"

    def client(self, service: str) -> Any:
        """A client of somebody else's, for looking around."""
        return boto3.client(service, aws_access_key_id=ONLOOKERS_KEY, aws_secret_access_key="test")


@contextlib.contextmanager
def account(folder: Path) -> Iterator[Account]:
    """Run the emulator, and send the AWS profile's clients to it."""
    algorithm = {
        "repositories": ["image-classification"],
        "command": [str(interpreter("algorithms")), "-m", "scones_algorithms.image_classification"],
    }
    log = folder / "requests.jsonl"
    with (
        running_services(folder, image=algorithm, request_log=log) as services,
        running_ecr(folder, registry=False) as ecr,  # LocalStack has none
        pytest.MonkeyPatch.context() as patch,
    ):
        url = f"http://127.0.0.1:{services.localstack_port}"
        made = Account(folder, url, ecr)
        _enter(patch, made)
        yield made


def _enter(patch: pytest.MonkeyPatch, made: Account) -> None:
    config = made.folder / "scones.toml"
    text = (ROOT / "scones.toml").read_text().replace(*MANY_TO_VALIDATE)
    nothing = made.folder / "no-aws-configuration"
    nothing.write_text("")
    for name, value in {
        "AWS_ENDPOINT_URL": made.url,
        "AWS_ENDPOINT_URL_ECR": made.ecr.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "SCONES_CONFIG": str(config),
        "SCONES_STATE_DIR": str(made.state_dir),
        "NO_PROXY": "127.0.0.1",
    }.items():
        patch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "SCONES_PROFILE"):
        patch.delenv(name, raising=False)
    made.key_arn = made.client("kms").create_key()["KeyMetadata"]["Arn"]
    config.write_text(f'{text}{SHORT}{SETTINGS}kms_key_arn = "{made.key_arn}"\n')
    create = Session._create

    def recorded(session: Session, service_name: str) -> Any:
        client = create(session, service_name)
        events = client.meta.events
        events.register_first(
            "provide-client-params.*.*", functools.partial(_record, made.sent, service_name)
        )
        return client

    patch.setattr(Session, "_create", recorded)


def _record(sent: list[Request], service: str, /, params: Any, model: Any, **_: Any) -> None:
    sent.append(Request(service, model.name, dict(params)))
