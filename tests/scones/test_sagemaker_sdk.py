"""Sessions of the SageMaker SDK: the words, what each gives, and what would be sent to AWS."""

import json
import os
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import boto3
import botocore.httpsession
import numpy as np
import pytest
from PIL import Image

import scones
from scones import config
from scones.aws import Session
from scones.deploy.settings import OUTPUT_KEYS
from scones.errors import DeployError, InterruptionError, StackError, UsageError
from scones.etl.folder import ImageFolder
from scones.profiles import PROFILES
from scones.project import Project
from scones.sagemaker_sdk import compose
from scones.sagemaker_sdk.target import LOCAL_MODE, Target
from scones.steps import data
from tests.scones.aws_wire import Wire


@pytest.fixture(autouse=True)
def _boto3_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put boto3's default session back after a test."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scones-unlimited-core-SageMakerRole"


# The words


def test_importing_scones_does_not_import_the_sdk() -> None:
    code = "import sys, scones, scones.cli.app; sys.exit('sagemaker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_the_sdk_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(UsageError, match=r"pip install 'scones\[sagemaker\]'"):
        scones.sagemaker_session("local")


def test_version_3_of_the_sdk_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _name: "3.4.0")
    with pytest.raises(UsageError, match=r"3\.4\.0 has neither Estimator nor local mode"):
        scones.sagemaker_session("local")


def test_an_unknown_word_is_an_error_that_lists_the_words() -> None:
    with pytest.raises(UsageError, match=r"'lokal'; there are local-mode, local, docker, aws"):
        scones.sagemaker_session("lokal")


def test_a_session_needs_running_services(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="run `scones up`"):
        scones.sagemaker_session("local", config=_settings(tmp_path), state_dir=tmp_path)


@pytest.mark.parametrize("word", [LOCAL_MODE, "local", "docker", "aws"])
def test_all_that_differs_hangs_on_the_word(word: str, tmp_path: Path) -> None:
    profile = "local" if word == LOCAL_MODE else word
    target = Target(word, Project(config.load(_settings(tmp_path), profile=profile)))
    types = (target.training_instance_type, target.endpoint_instance_type)
    if word == LOCAL_MODE:
        assert types == ("local", "local")
    else:
        described = PROFILES[word]
        assert types == (described.training_instance_type, described.endpoint_instance_type)
    assert target.image_uri == PROFILES[profile].training_image
    assert target.captures_data == (word != LOCAL_MODE)


# Clients


def test_the_sdks_own_clients_stay_in_the_emulation() -> None:
    boto_session = Session(PROFILES["local"]).boto_session
    sts = boto_session.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    assert sts.meta.endpoint_url == "http://127.0.0.1:4566"
    assert boto_session.resource("s3").meta.client.meta.endpoint_url == "http://127.0.0.1:4566"
    for name in ("sagemaker", "runtime.sagemaker"):
        client = boto_session.client(name, region_name="eu-west-1")
        assert client.meta.endpoint_url == "http://127.0.0.1:4567"
        assert client.meta.region_name == "us-east-1"


# Docker and Compose


@pytest.mark.parametrize(
    ("plugin", "program", "expected"),
    [
        ("2.26.1-4", None, ["docker", "compose"]),  # Debian 13
        ("v2.27.0", None, ["docker", "compose"]),
        ("5.0.1", None, ["docker", "compose"]),
        ("2.26.1-4", "1.29.2", ["docker", "compose"]),
        (None, "1.29.2", ["docker-compose"]),  # Debian 12
        (None, "unknown", None),
        (None, None, None),
    ],
)
def test_compose_is_recognised_whatever_its_version_prints(
    plugin: str | None,
    program: str | None,
    expected: list[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = "echo 'unknown flag: --short' >&2; exit 125"
    _program(tmp_path / "docker", f"echo {plugin}" if plugin else unknown)
    if program:
        _program(tmp_path / "docker-compose", f"echo {program}")
    monkeypatch.setenv("PATH", str(tmp_path))
    if expected:
        assert compose.compose_command() == expected
    else:
        with pytest.raises(StackError, match=r"install docker-compose-plugin .* or use the target"):
            compose.compose_command()


def test_a_missing_image_is_not_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(
        tmp_path / "docker", f'echo "$@" >> {tmp_path}/asked; echo "No such image" >&2; exit 1'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StackError, match=r"no image 'mine:1': .*`make images`.*build -t mine:1"):
        compose.require_image("mine:1")
    assert (tmp_path / "asked").read_text() == "image inspect mine:1\n"


def test_without_an_engine_the_error_names_the_way_without_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(StackError, match=r"Cannot connect.*use the target `local`"):
        compose.require_engine()


# AWS


def test_the_example_asks_aws_for_what_aws_understands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = _aws(monkeypatch)
    settings = _settings(tmp_path)
    monkeypatch.setenv(config.CONFIG_ENV, str(settings))
    monkeypatch.setenv("SCONES_STATE_DIR", str(tmp_path / "state"))
    project = Project(config.load(settings, state_dir=tmp_path / "state"))
    data.stage_images(project, ImageFolder(_images(tmp_path / "vehicles")))

    monkeypatch.setattr(sys, "argv", ["train_and_deploy.py", "aws"])
    runpy.run_path(str(ROOT / "examples" / "train_and_deploy.py"), run_name="__main__")

    job = wire.asked("CreateTrainingJob")
    aws = PROFILES["aws"]
    assert job["AlgorithmSpecification"]["TrainingImage"] == aws.training_image
    assert job["ResourceConfig"]["InstanceType"] == aws.training_instance_type
    assert job["RoleArn"] == ROLE
    assert job["HyperParameters"]["num_training_samples"] == "14"
    assert [channel["ChannelName"] for channel in job["InputDataConfig"]] == [
        "train", "validation", "train_lst", "validation_lst",
    ]  # fmt: skip
    variant = wire.asked("CreateEndpointConfig")["ProductionVariants"][0]
    assert variant["InstanceType"] == aws.endpoint_instance_type
    captured = wire.asked("CreateEndpointConfig")["DataCaptureConfig"]
    assert captured["EnableCapture"] is True
    assert captured["DestinationS3Uri"] == "s3://scones-unlimited-data/train-and-deploy/captures"
    asked = [sent for sent in wire.sent if sent.operation == "InvokeEndpoint"]
    assert len(asked) == 4
    assert all(sent.body.startswith(b"\x89PNG") for sent in asked)
    assert wire.operations()[-3:] == ["DeleteModel", "DeleteEndpointConfig", "DeleteEndpoint"]
    hosts = {sent.host for sent in wire.sent}
    assert all(host.endswith(".amazonaws.com") for host in hosts)
    assert not [host for host in hosts if "telemetry" in host or "sm-pysdk" in host]
    assert "bicycle (0.90)" in capsys.readouterr().out


def test_ctrl_c_in_fit_ends_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's telemetry wrapper swallows it, and a script would go on to deploy."""
    wire = _aws(monkeypatch)
    session = scones.sagemaker_session("aws", config=_settings(tmp_path), state_dir=tmp_path)

    def press(_asked: object) -> tuple[int, str]:
        raise KeyboardInterrupt

    from sagemaker.estimator import Estimator

    where = session.target
    estimator = Estimator(
        where.image_uri, where.role_arn, 1, where.training_instance_type, sagemaker_session=session
    )
    wire.answers["DescribeTrainingJob"] = press
    with pytest.raises(InterruptionError, match=r"training job 'image-.*' goes on"):
        estimator.fit()


def test_on_aws_a_role_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = _aws(monkeypatch)
    missing = "<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack with id scones-"
    missing += "unlimited-core does not exist</Message></Error></ErrorResponse>"
    wire.answers["DescribeStacks"] = lambda _: (400, missing)
    session = scones.sagemaker_session("aws", config=_settings(tmp_path), state_dir=tmp_path)
    with pytest.raises(DeployError, match=r"scones --profile aws deploy.*your own as `role`"):
        _ = session.target.role_arn


def _settings(folder: Path) -> Path:
    """This project's settings, on ports where nothing listens."""
    file = folder / "scones.toml"
    ports = "localstack_port = 5390\nsagemaker_port = 5391\nsmtp_port = 5392\n"
    file.write_text((ROOT / "scones.toml").read_text() + f"[profiles.local]\n{ports}")
    return file


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _images(folder: Path) -> Path:
    """Eight training and two test images of each class, of one colour per class."""
    for split, count in (("train", 8), ("test", 2)):
        for name, colour in (("bicycle", 40), ("motorcycle", 200)):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.full((32, 32, 3), colour + number, dtype=np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


def _aws(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """An account in which everything succeeds at once."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    outputs = dict.fromkeys(OUTPUT_KEYS.values(), "-")
    outputs |= {"DataBucketName": "scones-unlimited-data", "SageMakerRoleArn": ROLE}
    listed = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    stack = (
        "<StackName>scones-unlimited-core</StackName><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>{listed}</Outputs>"
    )
    stacks = (
        f"<DescribeStacksResult><Stacks><member>{stack}</member></Stacks></DescribeStacksResult>"
    )
    identity = f"<GetCallerIdentityResult><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    bucket = "<Name>scones-unlimited-data</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate>"
    job = {
        "TrainingJobName": "vehicles",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "SecondaryStatusTransitions": [],
        "ModelArtifacts": {"S3ModelArtifacts": "s3://scones-unlimited-data/model.tar.gz"},
        "ResourceConfig": {"InstanceCount": 1},
        "CreationTime": 1,
        "LastModifiedTime": 1,
    }
    config_name = {"EndpointConfigName": "vehicles", "EndpointStatus": "InService"}
    variants = {"ProductionVariants": [{"ModelName": "vehicles", "VariantName": "AllTraffic"}]}
    wire = Wire(
        {
            "DescribeStacks": lambda _: (
                200,
                f"<DescribeStacksResponse>{stacks}</DescribeStacksResponse>",
            ),
            "GetCallerIdentity": lambda _: (
                200,
                f"<GetCallerIdentityResponse>{identity}</GetCallerIdentityResponse>",
            ),
            "GET /": lambda _: (
                200,
                "<ListAllMyBucketsResult><Buckets><Bucket>"
                f"{bucket}</Bucket></Buckets></ListAllMyBucketsResult>",
            ),
            "CreateTrainingJob": lambda _: (200, "{}"),
            "DescribeTrainingJob": lambda _: (200, json.dumps(job)),
            "DescribeLogStreams": lambda _: (200, '{"logStreams": []}'),
            "CreateEndpoint": lambda _: (200, json.dumps({"EndpointArn": "arn:of:it"})),
            "DescribeEndpoint": lambda _: (200, json.dumps(config_name)),
            "DescribeEndpointConfig": lambda _: (200, json.dumps(variants)),
            "InvokeEndpoint": lambda _: (200, "[0.9, 0.1]"),
        }
    )
    monkeypatch.setattr(
        botocore.httpsession.URLLib3Session, "send", lambda _self, request: wire.send(request)
    )
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # the SDK's own, of 35 s
    return wire
