"""Emails that do not arrive yet, because their owner has not confirmed the subscription."""

from collections.abc import Iterator, Sequence
from typing import Any

from scones.aws import Aws

_PENDING = "PendingConfirmation"


def unconfirmed(aws: Aws, stack_names: Sequence[str]) -> list[tuple[str, str]]:
    """Return topic and address of each subscription of the stacks' topics that is unconfirmed.

    On AWS an address gets nothing but the question until its owner follows the link in it, which
    is valid for three days; LocalStack sends without, and lists every address as confirmed.
    """
    sns = aws.client("sns")
    return [
        (arn.rpartition(":")[2], one["Endpoint"])
        for name in stack_names
        for arn in _topics(aws.client("cloudformation"), name)
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
        for one in page["Subscriptions"]
        if one["SubscriptionArn"] == _PENDING
    ]


def _topics(cloudformation: Any, stack_name: str) -> Iterator[str]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
    for page in pages:
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::SNS::Topic":
                yield resource["PhysicalResourceId"]
