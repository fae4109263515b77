"""The templates: lint, least privilege, and what the plan says of them without an account."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scones.deploy import DetectionSettings, OperationsSettings, plan
from scones.deploy.planning import named
from scones.deploy.settings import SOURCE_ROOT
from scones.deploy.template import read_template, wanted
from scones.errors import DeployError
from tests.scones.stack_fixtures.fixtures import stack_settings

TEMPLATES = {
    path.stem: read_template(path)[1]["Resources"]
    for path in sorted((SOURCE_ROOT / "cloudformation").glob("*.yaml"))
}
RESOURCES = TEMPLATES["core"]

# These know no resources: AWS's authorization reference lists them with "*" only.
WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each statement of a role's own policies, in all templates; of a condition, both sides."""
    for stem, resources in TEMPLATES.items():
        for logical_id, resource in resources.items():
            for policy in resource.get("Properties", {}).get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    conditional = statement.get("Fn::If", [])  # name, then, else
                    for possible in conditional[1:] or [statement]:
                        if possible != {"Ref": "AWS::NoValue"}:
                            yield f"{stem}: {logical_id}", possible


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_cfn_lint_finds_nothing():
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint")],
        cwd=SOURCE_ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_policies_of_all_templates_are_looked_at():
    assert {where.partition(":")[0] for where, _ in statements()} == set(TEMPLATES)


def test_no_role_may_do_everything():
    for logical_id, statement in statements():
        for action in listed(statement["Action"]):
            assert "*" not in action, f"{logical_id}: {action}"


def test_a_star_stands_only_where_no_arn_can():
    for logical_id, statement in statements():
        if "*" in listed(statement["Resource"]):
            assert set(listed(statement["Action"])) <= WITHOUT_RESOURCE, logical_id


def test_each_function_has_a_role_and_a_log_group_of_its_own():
    functions = [r for r in RESOURCES.values() if r["Type"] == "AWS::Lambda::Function"]
    roles = {str(function["Properties"]["Role"]) for function in functions}
    groups = {function["DependsOn"] for function in functions}
    assert (len(functions), len(roles), len(groups)) == (6, 6, 6)
    assert all("RetentionInDays" in RESOURCES[group]["Properties"] for group in groups)


def test_the_data_bucket_is_private_encrypted_and_outlives_the_stack():
    bucket = RESOURCES["DataBucket"]
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert "BucketEncryption" in bucket["Properties"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_plan_names_every_resource_without_an_account(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # nobody may be asked
    planned = plan(stack_settings("scones"))
    names = {resource.logical_id: resource.name for resource in planned}
    assert set(names) == set(RESOURCES) | {"ArtifactsBucket"}
    assert names["DataBucket"] == "scones-data-<account>-<region>"
    assert names["ArtifactsBucket"] == "scones-artifacts-<account>-<region>"
    assert names["FilterFunction"] == "scones-filter-confidence"
    assert names["ClassifyBatchStateMachine"] == "scones-classify-batch"
    assert names["LowConfidenceEmail"] == "dispatch@scones.example"


def test_the_plan_of_a_known_account_names_its_buckets():
    planned = plan(stack_settings("scones"), account="123456789012", region="eu-west-1")
    assert planned[0].name == "scones-artifacts-123456789012-eu-west-1"


SCALED = OperationsSettings(50, 1, 3, 600, "", "", "UTC")
AT_NIGHT = OperationsSettings(0, 1, 1, 600, "cron(0 20 * * ? *)", "cron(0 7 * * ? *)", "UTC")


def conditional(operations, **changes):
    """The planned resources that a condition decides on."""
    settings = stack_settings("scones", operations=operations, **changes)
    asked = {n for r in TEMPLATES.values() for n, one in r.items() if "Condition" in one}
    return {resource.logical_id for resource in plan(settings)} & asked


def test_what_no_setting_asks_for_is_not_planned():
    log_role = {"ApiAccount", "ApiLogRole"}
    # The endpoint is made after the stack, and grows only then.
    assert conditional(SCALED) == log_role | {"Budget"}
    hours = {name for name in TEMPLATES["operations"] if name.startswith("Endpoint")}
    hours -= {"EndpointErrors", "EndpointNameParameter", "EndpointCapacity", "EndpointScaling"}
    assert conditional(AT_NIGHT) == log_role | hours
    assert not conditional(None, detection=DetectionSettings(set_log_role=False))


def test_what_was_ever_made_can_be_looked_for():
    settings = stack_settings("scones", operations=SCALED)
    assert {r.logical_id for r in named(settings, "1" * 12, "us-east-1")} == {
        *TEMPLATES["core"],
        *TEMPLATES["operations"],
    }


def test_a_condition_that_is_not_understood_is_an_error():
    strange = {
        "Conditions": {"C": {"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]}},
        "Resources": {"R": {"Type": "AWS::SNS::Topic", "Condition": "C"}},
    }
    with pytest.raises(DeployError, match="does not read the condition"):
        wanted(strange, {})


@pytest.mark.parametrize("resource", plan(stack_settings()), ids=lambda r: r.logical_id)
def test_no_planned_name_has_an_unresolved_part(resource):
    assert "${" not in resource.name
