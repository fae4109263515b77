"""What protects and tells, in all templates: TLS, encryption, dead letters, traces, logs, trust.

Each check says what would be wrong; the last test breaks a template in each way, so that no check
can pass for looking at nothing.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.scones.deploy.test_template import TEMPLATES, listed

type Resources = dict[str, dict[str, Any]]

TRACED = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
# Services that say not for which account they act, or have a word of their own for it.
WITHOUT_ACCOUNT = {
    "apigateway.amazonaws.com",
    "ec2.amazonaws.com",
    "elasticbeanstalk.amazonaws.com",
    "lambda.amazonaws.com",
}


def of_type(resources: Resources, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def denies_what_is_not_over_tls(statement: dict[str, Any], target: str) -> bool:
    return (
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Action"] in ("s3:*", "sqs:*")
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and {"Fn::GetAtt": f"{target}.Arn"} in listed(statement["Resource"])
    )


def without_tls(resources: Resources) -> Iterator[str]:
    """Buckets and queues that take what does not come over TLS."""
    policies = [
        (target, statement)
        for kind, field in (
            ("AWS::S3::BucketPolicy", "Bucket"),
            ("AWS::SQS::QueuePolicy", "Queues"),
        )
        for _, properties in of_type(resources, kind)
        for target in listed(properties[field])
        for statement in properties["PolicyDocument"]["Statement"]
    ]
    for kind in ("AWS::S3::Bucket", "AWS::SQS::Queue"):
        for name, _ in of_type(resources, kind):
            if not any(
                target == {"Ref": name} and denies_what_is_not_over_tls(statement, name)
                for target, statement in policies
            ):
                yield name


def public_or_plain_buckets(resources: Resources) -> Iterator[str]:
    """Buckets that could become public, or are not encrypted."""
    for name, properties in of_type(resources, "AWS::S3::Bucket"):
        closed = properties.get("PublicAccessBlockConfiguration", {})
        if list(closed.values()) != [True] * 4 or "BucketEncryption" not in properties:
            yield name


def untraced(resources: Resources) -> Iterator[str]:
    """Functions, state machines and stages that send no traces."""
    for name, properties in of_type(resources, "AWS::Lambda::Function"):
        if properties.get("TracingConfig") != {"Mode": "Active"}:
            yield name
    for name, properties in of_type(resources, "AWS::StepFunctions::StateMachine"):
        if properties.get("TracingConfiguration") != {"Enabled": True}:
            yield name
    for name, properties in of_type(resources, "AWS::ApiGateway::Stage"):
        if properties.get("TracingEnabled") is not True:
            yield name


def logs_for_ever(resources: Resources) -> Iterator[str]:
    """Log groups that nothing empties, and functions whose logs make a group of their own."""
    for name, properties in of_type(resources, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in properties:
            yield name
    groups = [p["LogGroupName"] for _, p in of_type(resources, "AWS::Logs::LogGroup")]
    for name, properties in of_type(resources, "AWS::Lambda::Function"):
        function = properties["FunctionName"]["Fn::Sub"]
        if {"Fn::Sub": f"/aws/lambda/{function}"} not in groups:
            yield name


def lost_events(resources: Resources) -> Iterator[str]:
    """Rules, and functions that S3 or another function starts, whose failures go nowhere."""
    for name, properties in of_type(resources, "AWS::Events::Rule"):
        if not all("DeadLetterConfig" in target for target in properties["Targets"]):
            yield name
    caught = {
        properties["FunctionName"]["Ref"]
        for _, properties in of_type(resources, "AWS::Lambda::EventInvokeConfig")
        if "OnFailure" in properties["DestinationConfig"]
    }
    started = {
        found["Function"]["Fn::GetAtt"].partition(".")[0]
        for _, properties in of_type(resources, "AWS::S3::Bucket")
        for found in properties.get("NotificationConfiguration", {}).get("LambdaConfigurations", ())
    } | {
        properties["DestinationConfig"]["OnSuccess"]["Destination"]["Fn::GetAtt"].partition(".")[0]
        for _, properties in of_type(resources, "AWS::Lambda::EventInvokeConfig")
        if "OnSuccess" in properties["DestinationConfig"]
    }
    yield from sorted(started - caught)


def trusts_any_account(resources: Resources) -> Iterator[str]:
    """Roles that a service may take for another account, and permissions without a source."""
    for name, properties in of_type(resources, "AWS::IAM::Role"):
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
            service = statement["Principal"]["Service"]
            condition = statement.get("Condition", {}).get("StringEquals", {})
            if service not in WITHOUT_ACCOUNT and condition.get("aws:SourceAccount") != {
                "Ref": "AWS::AccountId"
            }:
                yield name
    for name, properties in of_type(resources, "AWS::Lambda::Permission"):
        if "SourceArn" not in properties:
            yield name


def silent_alarms(resources: Resources) -> Iterator[str]:
    """Alarms that tell nobody."""
    for name, properties in of_type(resources, "AWS::CloudWatch::Alarm"):
        if not properties.get("AlarmActions"):
            yield name


def data_that_go_with_the_stack(resources: Resources) -> Iterator[str]:
    """Buckets that a stack's deletion, or a replacement, takes along."""
    for name, resource in resources.items():
        kept = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        if resource["Type"] == "AWS::S3::Bucket" and kept != ("Retain", "Retain"):
            yield name


CHECKS = (
    without_tls,
    public_or_plain_buckets,
    untraced,
    logs_for_ever,
    lost_events,
    trusts_any_account,
    silent_alarms,
    data_that_go_with_the_stack,
)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_is_left_open(check: Callable[[Resources], Iterator[str]], template: str) -> None:
    assert list(check(TEMPLATES[template])) == []


def test_whoever_sends_traces_may_send_them() -> None:
    for resources in TEMPLATES.values():
        for _, properties in of_type(resources, "AWS::Lambda::Function"):
            role = resources[properties["Role"]["Fn::GetAtt"].partition(".")[0]]["Properties"]
            granted = [
                action
                for policy in role["Policies"]
                for statement in policy["PolicyDocument"]["Statement"]
                for action in listed(statement.get("Action", []))
            ]
            assert set(TRACED) <= set(granted)


Break = Callable[[Resources], Any]
# Check, template, what is broken, and who is then named.
BREAKS: tuple[tuple[Any, str, Break, str], ...] = (
    (without_tls, "core", lambda r: r.pop("UploadsBucketPolicy"), "UploadsBucket"),
    (
        without_tls,
        "core",
        lambda r: r["UndeliveredQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"].pop(0),
        "UndeliveredQueue",
    ),
    (
        public_or_plain_buckets,
        "core",
        lambda r: r["DataBucket"]["Properties"].pop("PublicAccessBlockConfiguration"),
        "DataBucket",
    ),
    (untraced, "core", lambda r: r["DetectFunction"]["Properties"].pop("TracingConfig"), "DetectF"),
    (
        untraced,
        "operations",
        lambda r: r["EndpointHours"]["Properties"].pop("TracingConfiguration"),
        "EndpointHours",
    ),
    (untraced, "core", lambda r: r["ApiStage"]["Properties"].pop("TracingEnabled"), "ApiStage"),
    (logs_for_ever, "core", lambda r: r.pop("FilterLogGroup"), "FilterFunction"),
    (
        logs_for_ever,
        "core",
        lambda r: r["ApiLogGroup"]["Properties"].pop("RetentionInDays"),
        "ApiLogGroup",
    ),
    (
        lost_events,
        "core",
        lambda r: r["IncomingImageRule"]["Properties"]["Targets"][0].pop("DeadLetterConfig"),
        "IncomingImageRule",
    ),
    (lost_events, "core", lambda r: r.pop("AnnotateAttempts"), "AnnotateFunction"),
    (
        trusts_any_account,
        "operations",
        lambda r: r["EndpointScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][
            0
        ].pop("Condition"),
        "EndpointScheduleRole",
    ),
    (
        trusts_any_account,
        "core",
        lambda r: r["ApiPermission"]["Properties"].pop("SourceArn"),
        "ApiPermission",
    ),
    (
        silent_alarms,
        "operations",
        lambda r: r["EndpointErrors"]["Properties"].pop("AlarmActions"),
        "EndpointErrors",
    ),
    (
        data_that_go_with_the_stack,
        "core",
        lambda r: r["UploadsBucket"].pop("DeletionPolicy"),
        "UploadsBucket",
    ),
)


@pytest.mark.parametrize(("check", "template", "broken", "named"), BREAKS)
def test_what_is_left_open_is_found(check: Any, template: str, broken: Break, named: str) -> None:
    resources = copy.deepcopy(TEMPLATES[template])
    broken(resources)
    (found,) = check(resources)
    assert found.startswith(named)


def test_every_check_can_fail() -> None:
    assert {check for check, *_ in BREAKS} == set(CHECKS)
