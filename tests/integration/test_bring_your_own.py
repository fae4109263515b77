"""Another image, function and state machine, with boto3 alone: examples/bring_your_own."""

import json
import subprocess
import sys

import boto3
import pytest

from .conftest import ROOT, Scones

EXAMPLE = ROOT / "examples" / "bring_your_own"
OWN_IMAGE = f"""
[[images]]
repository = "example/rent"
command = ["{sys.executable}", "{EXAMPLE.relative_to(ROOT)}/rent.py"]
"""


def exported(scones: Scones) -> dict[str, str]:
    """The environment of a shell after `eval "$(scones env)"`."""
    script = f'eval "$({sys.executable} -m scones.cli env)" && env -0'
    shell = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=scones.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(entry.split("=", 1) for entry in shell.stdout.split("\0") if "=" in entry)


def test_someone_elses_project_runs_and_leaves_nothing(scones: Scones) -> None:
    config = scones.environment_config()
    config.write_text(config.read_text().replace("[etl]", OWN_IMAGE + "\n[etl]", 1))
    scones.ok("up")
    environment = exported(scones)

    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr + scones.logs()
    fair, dear = (json.loads(line) for line in done.stdout.splitlines())
    assert (fair["verdict"], dear["verdict"]) == ("fair", "too dear")
    assert fair["expected"] == pytest.approx(603, abs=4)
    session = boto3.Session("test", "test", region_name=environment["AWS_DEFAULT_REGION"])
    url = environment["AWS_ENDPOINT_URL"]
    sagemaker = session.client("sagemaker", endpoint_url=url)
    assert sagemaker.list_endpoints()["Endpoints"] == sagemaker.list_models()["Models"] == []
    assert session.client("lambda", endpoint_url=url).list_functions()["Functions"] == []
    assert session.client("s3", endpoint_url=url).list_buckets()["Buckets"] == []


def test_a_program_that_is_not_there_is_refused_before_anything_starts(scones: Scones) -> None:
    config = scones.environment_config()
    missing = '[[images]]\nrepository = "example/rent"\ncommand = ["no-such-program"]\n'
    config.write_text(config.read_text().replace("[etl]", missing + "\n[etl]", 1))

    line = scones.refused("up", code=2)

    assert "no-such-program" in line
    assert "example/rent" in line
