"""Against botocore's stubs: LocalStack lists every address of a topic as confirmed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from scones.deploy.subscriptions import unconfirmed

TOPIC = "arn:aws:sns:us-east-1:000000000000:bakery-findings"


class StubbedAws:
    """AWS with answers that botocore checks."""

    region, account = "us-east-1", "000000000000"

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self._clients = {n: boto3.client(n, "us-east-1", **keys) for n in ("cloudformation", "sns")}
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}

    def client(self, name: str) -> Any:
        return self._clients[name]


@pytest.fixture
def stubbed() -> Iterator[StubbedAws]:
    aws = StubbedAws()
    with aws.stubs["cloudformation"], aws.stubs["sns"]:
        yield aws
        for stub in aws.stubs.values():
            stub.assert_no_pending_responses()


def resource(kind: str, physical_id: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": "Any",
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "LastUpdatedTimestamp": datetime(2026, 1, 2, tzinfo=UTC),
        "ResourceStatus": "CREATE_COMPLETE",
    }


def subscription(address: str, arn: str) -> dict[str, str]:
    return {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": address, "TopicArn": TOPIC}


def test_addresses_that_have_not_confirmed_are_named(stubbed: StubbedAws) -> None:
    stubbed.stubs["cloudformation"].add_response(
        "list_stack_resources",
        {"StackResourceSummaries": [resource("AWS::SQS::Queue", "bakery")], "NextToken": "more"},
        {"StackName": "bakery-core"},
    )
    stubbed.stubs["cloudformation"].add_response(
        "list_stack_resources",
        {"StackResourceSummaries": [resource("AWS::SNS::Topic", TOPIC)]},
        {"StackName": "bakery-core", "NextToken": "more"},
    )
    stubbed.stubs["sns"].add_response(
        "list_subscriptions_by_topic",
        {
            "Subscriptions": [
                subscription("baker@bakery.example", "PendingConfirmation"),
                subscription("owner@bakery.example", f"{TOPIC}:0b7f2a"),
            ]
        },
        {"TopicArn": TOPIC},
    )
    assert unconfirmed(stubbed, ["bakery-core"]) == [("bakery-findings", "baker@bakery.example")]
