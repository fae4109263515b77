"""What `deploy` would change, by change sets: nothing is changed, and none is left."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from scones.deploy import OperationsSettings, PlannedChange, deploy, destroy, preview
from scones.deploy.operation import describe
from scones.deploy.planning import plan
from scones.deploy.preview import _described
from tests.scones.stack_fixtures.fixtures import stack_settings

PROJECT = "foresight"
HOURS = OperationsSettings(50, 1, 1, 600, "cron(0 20 * * ? *)", "cron(0 6 * * ? *)", "UTC")
SETTINGS = stack_settings(PROJECT, operations=HOURS)


@pytest.fixture(scope="module")
def stacks(aws):
    before = preview(aws, SETTINGS)
    deploy(aws, SETTINGS)
    yield before
    destroy(aws, SETTINGS)


def actions(changes):
    return {change.logical_id: change.action for change in changes}


def change_sets(aws):
    pages = aws.client("cloudformation").list_change_sets(StackName=SETTINGS.stack_name)
    return [s["ChangeSetName"] for s in pages["Summaries"] if s["ExecutionStatus"] == "AVAILABLE"]


def test_before_the_first_deployment_all_is_new(aws, stacks):
    assert set(actions(stacks).values()) == {"create"}
    planned = plan(SETTINGS, account=aws.account, region=aws.region)
    assert [c.logical_id for c in stacks] == [r.logical_id for r in planned]


def test_after_it_nothing_would_change(aws, stacks):
    assert preview(aws, SETTINGS) == []


def test_a_change_is_foreseen_and_not_made(aws, stacks):
    changed = replace(SETTINGS, threshold=0.5)
    before = describe(aws.client("cloudformation"), SETTINGS.stack_name)
    found = actions(preview(aws, changed))
    assert found["FilterFunction"] == "change"
    assert set(found.values()) == {"change"}
    assert describe(aws.client("cloudformation"), SETTINGS.stack_name) == before
    assert change_sets(aws) == []


def test_a_replacement_is_foreseen(aws, stacks):
    found = actions(preview(aws, replace(SETTINGS, email="another@scones.example")))
    assert found["LowConfidenceEmail"] == "replace"


def test_what_is_no_longer_asked_for_would_be_deleted(aws, stacks):
    found = actions(
        preview(aws, replace(SETTINGS, operations=replace(HOURS, monthly_budget_usd=0)))
    )
    assert found == {"Budget": "delete"}


def test_a_replacement_is_told_from_a_change():
    entry = {
        "Action": "Modify",
        "LogicalResourceId": "Topic",
        "PhysicalResourceId": "arn:aws:sns:us-east-1:123456789012:t",
        "ResourceType": "AWS::SNS::Topic",
        "Replacement": "True",
        "Details": [{"Target": {"Attribute": "Properties", "Name": "TopicName"}}],
    }
    assert _described(entry, {}) == PlannedChange(
        "replace", "Topic", "AWS::SNS::Topic", entry["PhysicalResourceId"], ("TopicName",)
    )
    assert _described(entry | {"Replacement": "False"}, {}).action == "change"
    assert _described(entry | {"Replacement": "Conditional"}, {}).action == "change, maybe replace"


class Denied:
    """An account in which the caller may look, and not make change sets."""

    def __init__(self, aws):
        self._aws = aws
        self.region, self.account = aws.region, aws.account

    def client(self, service_name):
        client = self._aws.client(service_name)
        return _NoChangeSets(client) if service_name == "cloudformation" else client


class _NoChangeSets:
    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return getattr(self._client, name)

    def create_change_set(self, **_):
        said = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
        raise ClientError(said, "CreateChangeSet")


def test_who_may_not_make_change_sets_is_told_so(aws, stacks):
    with pytest.raises(ClientError, match=r"AccessDenied.*CreateChangeSet.*not you"):
        preview(Denied(aws), SETTINGS)
