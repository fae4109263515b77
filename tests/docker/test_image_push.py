"""`scones image push` with a real engine and a real registry; ECR's API is moto's."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest

from tests.aws_models import faults
from tests.scones.stack_fixtures.ecr import PASSWORD, REGION, Ecr, running_ecr

from .conftest import ROOT

NAME = "scones-test/pushed:latest"
REPOSITORY = "forest/pushed"
LARGE_BYTES = 60_000_000


@dataclass
class Caller:
    """A person with credentials, an account's registry and a settings file."""

    ecr: Ecr
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": self.ecr.moto_url,
            "AWS_ENDPOINT_URL_ECR": self.ecr.url,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "SCONES_CONFIG": str(self.folder / "scones.toml"),
            "SCONES_STATE_DIR": str(self.folder / "state"),
        }

    @property
    def ssm(self) -> Any:
        keys = {"aws_access_key_id": "moto", "aws_secret_access_key": "moto"}
        url = self.ecr.moto_url
        return boto3.client("ssm", region_name=REGION, endpoint_url=url, **keys)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "scones.cli", "--profile", "aws", *arguments],
            cwd=ROOT,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def push(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        with self.start("image", "push", NAME, "--yes", *arguments) as process:
            said = process.communicate(timeout=300)
        assert process.returncode == code, said
        return said


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    text = (ROOT / "scones.toml").read_text().replace("scones-unlimited", "forest", 1)
    settings = f'\n[profiles.aws]\nowner = "ada"\ntraining_image = "{NAME}"\n'
    (tmp_path / "scones.toml").write_text(text + settings)
    with running_ecr(tmp_path) as ecr:
        yield Caller(ecr, tmp_path)


def build(engine: docker.DockerClient, size_bytes: int = 1000) -> str:
    """Make an image that nobody has seen before; return its id."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        dockerfile = b"FROM scratch\nLABEL org.opencontainers.image.version=7.1\nCOPY noise /\n"
        for name, body in {"Dockerfile": dockerfile, "noise": os.urandom(size_bytes)}.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    context.seek(0)
    image, _ = engine.images.build(fileobj=context, custom_context=True, tag=NAME, rm=True)
    return str(image.id)


@pytest.fixture
def image(engine: docker.DockerClient) -> Iterator[str]:
    yield build(engine)
    engine.images.remove(NAME, force=True)


def test_a_push_makes_the_repository_and_the_next_finds_the_image_there(
    caller: Caller, engine: docker.DockerClient, image: str
) -> None:
    said, messages = caller.push("--json")
    pushed = json.loads(said)
    assert pushed["pushed"]
    assert pushed["tag"] == f"7.1-{image.removeprefix('sha256:')[:12]}"
    assert re.fullmatch(rf"{caller.ecr.host}/{REPOSITORY}@sha256:[0-9a-f]{{64}}", pushed["uri"])
    assert pushed["scan"]["status"] == "COMPLETE"
    assert pushed["scan"]["findings"] == {"HIGH": 1}
    assert PASSWORD not in said + messages

    (made,) = caller.ecr.api.describe_repositories()["repositories"]
    assert made["imageTagMutability"] == "IMMUTABLE"
    assert made["imageScanningConfiguration"] == {"scanOnPush": True}
    assert made["encryptionConfiguration"]["encryptionType"] == "AES256"
    tags = caller.ecr.api.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
    assert {t["Key"]: t["Value"] for t in tags} == {
        "scones:project": "forest",
        "scones:owner": "ada",
    }

    caller.ecr.asked.clear()
    again = json.loads(caller.push("--json")[0])
    assert again == pushed | {"pushed": False}
    assert "GetAuthorizationToken" not in caller.ecr.operations
    left = [tag for each in engine.images.list() for tag in each.tags if REPOSITORY in tag]
    assert left == []


def test_what_is_pushed_can_be_pulled_and_is_the_image(
    caller: Caller, engine: docker.DockerClient, image: str
) -> None:
    uri = json.loads(caller.push("--json")[0])["uri"]
    login = {"username": "AWS", "password": PASSWORD}
    pulled = engine.images.pull(uri, auth_config=login)
    try:
        assert pulled.id == image
    finally:
        engine.images.remove(uri, noprune=True)


def test_another_build_gets_another_tag_and_becomes_the_current_one(
    caller: Caller, engine: docker.DockerClient, image: str
) -> None:
    first = json.loads(caller.push("--json")[0])
    build(engine)
    second = json.loads(caller.push("--json")[0])
    assert second["pushed"]
    assert second["tag"] != first["tag"]
    images = caller.ecr.api.describe_images(repositoryName=REPOSITORY)["imageDetails"]
    assert {i["imageTags"][0] for i in images} == {first["tag"], second["tag"]}
    parameter = caller.ssm.get_parameter(Name="/forest/images/pushed")["Parameter"]["Value"]
    assert parameter == second["uri"]


def test_every_request_is_one_that_ecr_takes_and_is_documented(caller: Caller, image: str) -> None:
    caller.push()
    asked = caller.ecr.asked
    assert len(asked) >= 8
    assert [f for operation, given in asked for f in faults("ecr", operation, given)] == []
    page = (ROOT / "docs" / "17-aws.md").read_text()
    assert [o for o in caller.ecr.operations if f"`ecr:{o}`" not in page] == []


def test_a_push_that_is_interrupted_is_completed_by_the_next(
    caller: Caller, engine: docker.DockerClient, image: str
) -> None:
    build(engine, LARGE_BYTES)
    with caller.start("image", "push", NAME, "--yes") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "pushing" in line:
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
        assert process.wait(30) == 130, said
    assert "interrupted; nothing is lost" in said
    assert "Traceback" not in said
    assert caller.ecr.api.describe_images(repositoryName=REPOSITORY)["imageDetails"] == []
    assert json.loads(caller.push("--json")[0])["pushed"]


def test_what_may_not_be_done_is_said_with_what_is_needed(caller: Caller, image: str) -> None:
    caller.ecr.denied = {"CreateRepository"}
    _, messages = caller.push(code=1)
    (line,) = [line for line in messages.splitlines() if line.startswith("error: ")]
    assert "may not make the repository 'forest/pushed'" in line
    assert "ecr:CreateRepository" in line
    assert "docs/17-aws.md" in line


def test_a_registry_that_refuses_the_layers_is_an_error(caller: Caller, image: str) -> None:
    caller.ecr.password = "of-yesterday"
    _, messages = caller.push(code=1)
    assert "error: the registry does not take 'scones-test/pushed:latest': " in messages


def test_an_image_that_was_not_built_is_named_with_its_command(caller: Caller) -> None:
    with caller.start("image", "push", "scones/no-such", "--yes") as process:
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "there is no image 'scones/no-such' here: build it with `make images`" in messages
    assert caller.ecr.asked == []


def test_a_machine_without_an_engine_is_told_so(caller: Caller) -> None:
    nowhere = f"unix://{caller.folder}/no-engine.sock"
    with caller.start("image", "push", "--yes", DOCKER_HOST=nowhere) as process:
        _, messages = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.search(r"^error: no Docker engine answers .*: start Docker$", messages, re.MULTILINE)
    assert caller.ecr.asked == []
