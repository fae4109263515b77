"""Drift detection against botocore's stubs: neither LocalStack nor moto compares stacks."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from scones.aws import Aws
from scones.deploy import drift as module
from scones.deploy.drift import Difference, drift
from scones.errors import DeployError

STACK = "bakery-core"
DETECTION = "b78ac9b0-dec1-11e7-a451-503a3example"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class FakeAws:
    region, account = "us-east-1", "000000000000"

    def __init__(self) -> None:
        self.cloudformation = boto3.client(
            "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.stubs = Stubber(self.cloudformation)

    def client(self, _: str) -> Any:
        return self.cloudformation


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    made = FakeAws()
    with made.stubs:
        yield made
        made.stubs.assert_no_pending_responses()


def begin(stubbed: FakeAws, *statuses: str, **more: str) -> None:
    asked = {"StackName": STACK}
    stubbed.stubs.add_response("detect_stack_drift", {"StackDriftDetectionId": DETECTION}, asked)
    for status in statuses:
        answer = {
            "StackId": STACK,
            "StackDriftDetectionId": DETECTION,
            "DetectionStatus": status,
            "Timestamp": NOW,
            **more,
        }
        stubbed.stubs.add_response("describe_stack_drift_detection_status", answer)


def page(*ids: str, token: str | None = None) -> dict[str, Any]:
    drifts = [
        {
            "StackId": STACK,
            "LogicalResourceId": name,
            "PhysicalResourceId": f"bakery-{name.lower()}",
            "ResourceType": "AWS::S3::Bucket",
            "StackResourceDriftStatus": "MODIFIED",
            "Timestamp": NOW,
            "PropertyDifferences": [
                {
                    "PropertyPath": "/VersioningConfiguration/Status",
                    "ExpectedValue": "Enabled",
                    "ActualValue": "Suspended",
                    "DifferenceType": "NOT_EQUAL",
                }
            ],
        }
        for name in ids
    ]
    return {"StackResourceDrifts": drifts} | ({"NextToken": token} if token else {})


def test_what_was_changed_by_hand_is_found_on_every_page(stubbed: FakeAws) -> None:
    begin(stubbed, "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE")
    filters = {"StackName": STACK, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
    answer = "describe_stack_resource_drifts"
    stubbed.stubs.add_response(answer, page("DataBucket", token="more"), filters)
    stubbed.stubs.add_response(answer, page("Uploads"), filters | {"NextToken": "more"})
    found = drift(stubbed, STACK)
    assert [item.logical_id for item in found] == ["DataBucket", "Uploads"]
    assert found[0].physical_id == "bakery-databucket"
    assert list(found[0].differences) == [
        Difference("/VersioningConfiguration/Status", "Enabled", "Suspended")
    ]


def test_a_stack_that_is_as_it_says_has_drifted_nowhere(stubbed: FakeAws) -> None:
    begin(stubbed, "DETECTION_COMPLETE")
    stubbed.stubs.add_response("describe_stack_resource_drifts", page())
    assert drift(stubbed, STACK) == []


def test_a_comparison_that_failed_says_why(stubbed: FakeAws) -> None:
    begin(stubbed, "DETECTION_FAILED", DetectionStatusReason="no permission for s3:GetBucketPolicy")
    with pytest.raises(DeployError, match="no permission for s3:GetBucketPolicy"):
        drift(stubbed, STACK)


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        ("InternalFailure", "not yet implemented", "use a profile on AWS"),
        ("ValidationError", "Stack [bakery-core] does not exist", "run `scones deploy`"),
        ("ValidationError", "drift is being detected", "drift is being detected"),
    ],
)
def test_a_refusal_says_what_to_do(stubbed: FakeAws, code: str, message: str, told: str) -> None:
    stubbed.stubs.add_client_error("detect_stack_drift", code, message)
    with pytest.raises(DeployError, match=told):
        drift(stubbed, STACK)


def test_where_stacks_are_not_compared_it_says_so(aws: Aws) -> None:
    """Against the running LocalStack, whose CloudFormation has no such operation."""
    with pytest.raises(DeployError, match="has no drift detection"):
        drift(aws, STACK)
