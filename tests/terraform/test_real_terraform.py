"""Terraform itself accepts the modules, with the schemas of provider 5 and of provider 6."""

import json
import re

import pytest

from tests.terraform.conftest import NEWEST, VERSIONS
from tests.terraform.systems import EVERYTHING, LEAST
from tests.terraform.workspace import ROOT, Workspace

TAGS = {"scones:project": "scones-test", "scones:owner": "tests", "scones:expiry": "2030-01-31"}
every_version = pytest.mark.parametrize("provider", VERSIONS, indirect=True)
oldest_and_newest = pytest.mark.parametrize("provider", [VERSIONS[0], NEWEST], indirect=True)


def test_the_sources_are_formatted(workspace: Workspace) -> None:
    assert workspace.must("fmt", "-check", "-recursive", "-diff") == ""


def test_there_is_a_schema_of_the_oldest_provider_allowed_and_of_both_major_versions() -> None:
    allowed = re.search(r">= ([\d.]+)\.0, < 7\.0\.0", (ROOT / "terraform/versions.tf").read_text())
    assert allowed is not None
    assert allowed[1] == VERSIONS[0]
    assert {version.split(".")[0] for version in VERSIONS} == {"5", "6"}


@every_version
def test_everything_can_be_applied_and_then_nothing_is_left_to_change(workspace: Workspace) -> None:
    workspace.apply(EVERYTHING)
    assert len(list(workspace.resources())) > 100
    done = workspace.run("plan", "-input=false", "-detailed-exitcode")
    assert done.returncode == 0, done.stdout
    tagged = [r for r in workspace.resources() if "tags_all" in r["values"]]
    assert len(tagged) > 40
    assert not [r["address"] for r in tagged if r["values"]["tags_all"] != TAGS]


def test_a_second_model_replaces_the_first_and_updates_the_endpoint(workspace: Workspace) -> None:
    workspace.apply(EVERYTHING)
    variables = json.loads(json.dumps(EVERYTHING))
    variables["classifier"]["variants"]["current"]["model_data_url"] += ".2"
    (workspace.path / "terraform.tfvars.json").write_text(json.dumps(variables))
    workspace.must("plan", "-input=false", "-out=tfplan")
    changes = json.loads(workspace.must("show", "-json", "tfplan"))["resource_changes"]
    assert {
        change["address"].removeprefix("module.classifier[0].aws_sagemaker_"): actions
        for change in changes
        if (actions := change["change"]["actions"]) != ["no-op"]
    } == {
        'model.this["current"]': ["create", "delete"],
        "endpoint_configuration.this": ["create", "delete"],
        "endpoint.this": ["update"],
    }


def test_what_is_applied_can_be_destroyed(workspace: Workspace) -> None:
    workspace.apply(LEAST)
    workspace.must("destroy", "-input=false", "-auto-approve")
    assert "values" not in json.loads(workspace.must("show", "-json"))


def test_terraforms_own_tests_pass(workspace: Workspace) -> None:
    workspace.must("init", "-input=false", "-backend=false")
    told = workspace.must("test")
    assert re.search(r"^Success! [1-9]\d* passed, 0 failed\.$", told, re.MULTILINE), told


@oldest_and_newest
def test_localstack_takes_the_place_of_aws_by_an_override(workspace: Workspace) -> None:
    localstack = workspace.path / "localstack"
    (localstack / "provider_override.tf").rename(workspace.path / "provider_override.tf")
    workspace.must("init", "-input=false", "-backend=false")
    workspace.must("plan", "-input=false", f"-var-file={localstack / 'localstack.tfvars'}")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("  fifo_topics = true\n", 'An argument named "fifo_topics" is not expected here'),
        ("  tracing {}\n", 'Blocks of type "tracing" are not expected here'),
    ],
)
def test_what_the_provider_does_not_know_is_refused(
    workspace: Workspace, fault: str, told: str
) -> None:
    file = workspace.path / "modules" / "core" / "main.tf"
    place = '"model" {\n'
    assert place in file.read_text()
    file.write_text(file.read_text().replace(place, place + fault))
    workspace.must("init", "-input=false", "-backend=false")
    done = workspace.run("validate")
    assert done.returncode == 1
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_what_version_6_took_away_is_refused(workspace: Workspace) -> None:
    file = workspace.path / "modules" / "api" / "main.tf"
    place = '"aws_api_gateway_deployment" "this" {\n'
    assert place in file.read_text()
    file.write_text(file.read_text().replace(place, place + '  stage_name = "v1"\n'))
    workspace.must("init", "-input=false", "-backend=false")
    done = workspace.run("validate")
    assert done.returncode == 1
    assert 'An argument named "stage_name" is not expected here' in done.stderr
