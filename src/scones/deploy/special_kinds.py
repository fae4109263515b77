"""Looking for, and deleting, what takes more than one operation by one name."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from scones.deploy.arns import Arn
from scones.deploy.remains import delete_if_there
from scones.deploy.strays import delete_rule

# EC2 names an instance for an hour after it has gone; it costs nothing then.
_GOING = {"shutting-down", "terminated"}


def alarm_is_there(client: Any, arn: Arn) -> bool:
    """Look for an alarm, which CloudWatch leaves out where there is none."""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = client.describe_alarms(AlarmNames=[arn.name], AlarmTypes=kinds)
    return bool(found.get("MetricAlarms") or found.get("CompositeAlarms"))


def budget_is_there(client: Any, arn: Arn) -> bool:
    """Look for a budget; fails where there is none."""
    return bool(client.describe_budget(AccountId=arn.account, BudgetName=arn.name))


def delete_budget(client: Any, arn: Arn) -> None:
    """Delete a budget."""
    delete_if_there(client.delete_budget, AccountId=arn.account, BudgetName=arn.name)


def instance_is_there(client: Any, arn: Arn) -> bool:
    """Look for an EC2 instance that has not been terminated; fails where there never was one."""
    answer = client.describe_instances(InstanceIds=[arn.name])
    states = {i["State"]["Name"] for r in answer["Reservations"] for i in r["Instances"]}
    return bool(states - _GOING)


def delete_instance_profile(client: Any, arn: Arn) -> None:
    """Delete an instance profile; its role goes by itself."""
    found = client.get_instance_profile(InstanceProfileName=arn.last)["InstanceProfile"]
    for role in found["Roles"]:
        client.remove_role_from_instance_profile(
            InstanceProfileName=arn.last, RoleName=role["RoleName"]
        )
    delete_if_there(client.delete_instance_profile, InstanceProfileName=arn.last)


def log_group_is_there(client: Any, arn: Arn) -> bool:
    """Look for a log group of exactly this name."""
    found = client.describe_log_groups(logGroupNamePrefix=arn.name)["logGroups"]
    return any(group["logGroupName"] == arn.name for group in found)


def queue_is_there(client: Any, arn: Arn) -> bool:
    """Look for a queue; fails where there is none."""
    return bool(client.get_queue_url(QueueName=arn.rest))


def delete_queue(client: Any, arn: Arn) -> None:
    """Delete a queue."""
    url = client.get_queue_url(QueueName=arn.rest)["QueueUrl"]
    delete_if_there(client.delete_queue, QueueUrl=url)


def rule_is_there(client: Any, arn: Arn) -> bool:
    """Look for a rule of EventBridge's; fails where there is none."""
    name, bus = _rule(arn)
    return bool(client.describe_rule(Name=name, EventBusName=bus))


def remove_rule(client: Any, arn: Arn) -> None:
    """Delete a rule of EventBridge's, its targets first."""
    delete_rule(client, *_rule(arn))


def _rule(arn: Arn) -> tuple[str, str]:
    """Return name and bus of rule/NAME and rule/BUS/NAME."""
    bus, _, name = arn.name.rpartition("/")
    return name, bus or "default"


def scalable_target_is_there(client: Any, arn: Arn) -> bool:
    """Look for what scales an endpoint."""
    return _scalable_target(client, arn) is not None


def deregister_scalable_target(client: Any, arn: Arn) -> None:
    """Have an endpoint scale no more."""
    if found := _scalable_target(client, arn):
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        delete_if_there(client.deregister_scalable_target, **{name: found[name] for name in names})


def _scalable_target(client: Any, arn: Arn) -> Mapping[str, str] | None:
    pages = client.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="sagemaker")
    listed = [found for page in pages for found in page["ScalableTargets"]]
    return next((found for found in listed if found.get("ScalableTargetARN") == arn.whole), None)


def stack_is_there(client: Any, arn: Arn) -> bool:
    """Look by ARN, by which a stack that was deleted still answers."""
    try:
        (found,) = client.describe_stacks(StackName=arn.whole)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return False
        raise
    return bool(found["StackStatus"] != "DELETE_COMPLETE")
