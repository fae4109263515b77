"""One clear line, a non-zero exit code, nothing half done; and the next command works."""

import io
import os
import pickle
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Scones, make_scones


def test_a_missing_archive_is_named_before_anything_starts(scones: Scones) -> None:
    assert "/nowhere.tar.gz" in scones.refused("demo", "--archive", "/nowhere.tar.gz", code=1)
    assert "stopped" in scones.run("status").stdout


def test_a_wrong_archive_is_named(scones: Scones, tmp_path: Path) -> None:
    text = tmp_path / "cifar.tar.gz"
    text.write_text("this is no archive")
    assert "cifar.tar.gz" in scones.refused("etl", "--archive", str(text), code=1)
    other = tmp_path / "other.tar.gz"
    with tarfile.open(other, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("holiday.txt"), io.BytesIO())
    assert "other.tar.gz" in scones.refused("etl", "--archive", str(other), code=1)


def test_a_pickle_that_would_run_code_is_refused(scones: Scones, tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)

    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        for name in ("meta", "train", "test"):
            content = pickle.dumps(Evil())
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert "system" in scones.refused("etl", "--archive", str(evil), code=1)
    assert not marker.exists()


def test_a_class_that_is_not_there_is_named_with_what_to_do(scones: Scones) -> None:
    line = scones.refused("demo", "--drawings", "--classes", "bicycle,submarine", code=2)
    assert "submarine" in line
    assert "stopped" in scones.run("status").stdout
    assert "tricycle" in scones.refused("etl", "--drawings", "--classes", "tricycle,bus", code=2)


@pytest.mark.parametrize("threshold", ["1.5", "-0.1", "high"])
def test_a_threshold_outside_0_to_1_is_refused(scones: Scones, threshold: str) -> None:
    assert "threshold" in scones.refused("demo", "--threshold", threshold, code=2)


def test_an_unknown_profile_lists_the_profiles(scones: Scones) -> None:
    assert "local, docker, aws" in scones.refused("--profile", "azure", "up", code=2)


def test_an_unknown_command_or_option_is_wrong_usage(scones: Scones) -> None:
    assert "No such command" in scones.refused("bake", code=2)
    assert "No such option" in scones.refused("up", "--hard", code=2)


def test_nothing_running_says_to_run_up(scones: Scones) -> None:
    assert "run `scones up`" in scones.refused("deploy", code=1)
    assert "run `scones up`" in scones.refused("train", code=1)


def test_a_taken_port_names_its_holder_and_the_setting(scones: Scones) -> None:
    port = scones.project().settings.target.localstack_port
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        line = scones.refused("up", code=1)
    assert f"port {port} is held by process {os.getpid()}" in line
    assert "SCONES_PROFILES__LOCAL__LOCALSTACK_PORT" in line
    scones.ok("up")


def test_the_plan_for_aws_needs_no_account(scones: Scones) -> None:
    document = scones.json("--profile", "aws", "plan")
    types = {resource["type"] for resource in document["resources"]}
    assert {"AWS::S3::Bucket", "AWS::Lambda::Function", "AWS::SNS::Topic"} <= types
    assert "AWS::StepFunctions::StateMachine" in types


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scones]:
    """A stack without a model."""
    made = make_scones(tmp_path_factory.mktemp("deployed"))
    made.ok("up")
    made.ok("etl", "--drawings")
    made.ok("deploy")
    yield made
    made.run("down")


def test_an_endpoint_that_is_not_there_says_how_to_get_one(deployed: Scones) -> None:
    image = next((deployed.state_dir / "data").glob("*/test/*.png"))
    line = deployed.refused("classify", str(image), code=2)
    assert "scones-unlimited-classifier" in line
    assert "scones train" in line
    assert "scones train" in deployed.refused("endpoint", code=1)


def test_a_bad_hyperparameter_fails_the_job_by_name(deployed: Scones) -> None:
    config = deployed.environment_config()
    before = config.read_text()
    config.write_text(before.replace("epochs = 2", 'epochs = 2\nlearning_rate = -1\nmagic = "on"'))
    try:
        line = deployed.refused("train", code=1)
    finally:
        config.write_text(before)
    assert "learning_rate" in line
    assert "magic" in line


def test_captures_that_are_not_there_say_what_to_do(deployed: Scones) -> None:
    assert "scones classify" in deployed.refused("monitor", code=1)


def test_no_space_left_is_said_and_the_next_command_works(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a file system of two megabytes needs root")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)])
    if mounted.returncode != 0:
        pytest.skip("this machine does not let root mount a file system")
    try:
        made = make_scones(small)
        line = made.refused("etl", "--drawings", code=1)
        assert "space" in line
        subprocess.run(["mount", "-o", "remount,size=200m", str(small)], check=True)
        made.ok("etl", "--drawings")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
