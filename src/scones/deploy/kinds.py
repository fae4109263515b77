"""The kinds of things that may carry the project's tag: how each is looked for, and deleted.

ARN ─▶ kind_of ─▶ Kind: is_there, delete

All that the stacks make and AWS tags is here, what Elastic Beanstalk makes for the site included,
and what a person is likely to tag. A test compares this table with the templates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from scones.deploy import special_kinds as special
from scones.deploy.arns import Arn
from scones.deploy.buckets import remove_bucket
from scones.deploy.remains import delete_if_there
from scones.deploy.strays import delete_role

type Named = Callable[[Arn], Any]
type Look = Callable[[Any, Arn], bool]
type Delete = Callable[[Any, Arn], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one kind are looked for and deleted, by the service's client and the ARN.

    Attributes:
        service: The service's name in boto3.
        is_there: Tells whether there is one; may raise the service's error that there is none.
        delete: Deletes it; None for what goes with its owner only, as Elastic Beanstalk's
            instances do.
    """

    service: str
    is_there: Look
    delete: Delete | None


def kind_of(arn: Arn) -> Kind | None:
    """Return the kind of a thing; None for one that scones does not know."""
    return _KINDS.get((arn.service, arn.kind)) or _KINDS.get((arn.service, ""))


_name, _rest, _whole = attrgetter("name"), attrgetter("rest"), attrgetter("whole")
_last, _second = attrgetter("last"), attrgetter("second")


def _looked(operation: str, parameter: str, named: Named, listed: str = "") -> Look:
    """Return what looks for a thing by one operation.

    Args:
        operation: Such as get_function.
        parameter: Of that operation.
        named: Makes the parameter's value of an ARN.
        listed: The list in the answer that is empty where there is none; none where the
            operation fails then.
    """

    def is_there(client: Any, arn: Arn) -> bool:
        answer = getattr(client, operation)(**{parameter: named(arn)})
        return bool(answer[listed]) if listed else True

    return is_there


def _deleted(operation: str, parameter: str, named: Named, **more: Any) -> Delete:
    """Return what deletes a thing by one operation; one that has gone by itself is as good."""

    def delete(client: Any, arn: Arn) -> None:
        delete_if_there(getattr(client, operation), **{parameter: named(arn)}, **more)

    return delete


def _plain(
    service: str, look: str, delete: str, parameter: str, named: Named = _name, **more: Any
) -> Kind:
    """Return a kind that is looked for and deleted by the same parameter."""
    return Kind(
        service, _looked(look, parameter, named), _deleted(delete, parameter, named, **more)
    )


def _sagemaker(thing: str, parameter: str) -> Kind:
    return _plain("sagemaker", f"describe_{thing}", f"delete_{thing}", parameter)


def _api(thing: str, parameter: str) -> Kind:
    return _plain("apigateway", f"get_{thing}", f"delete_{thing}", parameter, _second)


def _owned(service: str, look: str, parameter: str, listed: str, named: Named = _name) -> Kind:
    """Return a kind that goes with its owner, looked for by a list of one."""
    return Kind(service, _looked(look, parameter, lambda arn: [named(arn)], listed), None)


def _remove_bucket(client: Any, arn: Arn) -> None:
    remove_bucket(client, arn.rest)


# An application goes with its versions and environments; each of those names its application.
_APPLICATION = Kind(
    "elasticbeanstalk",
    _looked("describe_applications", "ApplicationNames", lambda a: [a.second], "Applications"),
    _deleted("delete_application", "ApplicationName", _second, TerminateEnvByForce=True),
)
# By service and, where its ARNs have one, kind.
_KINDS: Mapping[tuple[str, str], Kind] = {
    ("apigateway", "apikeys"): _api("api_key", "apiKey"),
    ("apigateway", "restapis"): _api("rest_api", "restApiId"),
    ("apigateway", "usageplans"): _api("usage_plan", "usagePlanId"),
    ("application-autoscaling", "scalable-target"): Kind(
        *("application-autoscaling", special.scalable_target_is_there),
        special.deregister_scalable_target,
    ),
    ("autoscaling", "autoScalingGroup"): _owned(
        *("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroupNames"),
        *("AutoScalingGroups", _last),
    ),
    ("budgets", "budget"): Kind("budgets", special.budget_is_there, special.delete_budget),
    ("cloudformation", "stack"): Kind(
        *("cloudformation", special.stack_is_there),
        _deleted("delete_stack", "StackName", _whole),
    ),
    ("cloudwatch", "alarm"): Kind(
        *("cloudwatch", special.alarm_is_there),
        _deleted("delete_alarms", "AlarmNames", lambda arn: [arn.name]),
    ),
    ("ec2", "elastic-ip"): _owned("ec2", "describe_addresses", "AllocationIds", "Addresses"),
    ("ec2", "instance"): Kind("ec2", special.instance_is_there, None),
    ("ec2", "launch-template"): _owned(
        "ec2", "describe_launch_templates", "LaunchTemplateIds", "LaunchTemplates"
    ),
    ("ec2", "network-interface"): _owned(
        "ec2", "describe_network_interfaces", "NetworkInterfaceIds", "NetworkInterfaces"
    ),
    ("ec2", "security-group"): _owned(
        "ec2", "describe_security_groups", "GroupIds", "SecurityGroups"
    ),
    ("ec2", "volume"): _owned("ec2", "describe_volumes", "VolumeIds", "Volumes"),
    ("ecr", "repository"): _plain(
        "ecr", "list_images", "delete_repository", "repositoryName", force=True
    ),
    ("elasticbeanstalk", "application"): _APPLICATION,
    ("elasticbeanstalk", "applicationversion"): _APPLICATION,
    ("elasticbeanstalk", "environment"): _APPLICATION,
    ("elasticloadbalancing", "listener"): _owned(
        "elbv2", "describe_listeners", "ListenerArns", "Listeners", _whole
    ),
    ("elasticloadbalancing", "loadbalancer"): _owned(
        "elbv2", "describe_load_balancers", "LoadBalancerArns", "LoadBalancers", _whole
    ),
    ("elasticloadbalancing", "targetgroup"): _owned(
        "elbv2", "describe_target_groups", "TargetGroupArns", "TargetGroups", _whole
    ),
    ("events", "rule"): Kind("events", special.rule_is_there, special.remove_rule),
    ("iam", "instance-profile"): Kind(
        *("iam", _looked("get_instance_profile", "InstanceProfileName", _last)),
        special.delete_instance_profile,
    ),
    ("iam", "role"): Kind(
        *("iam", _looked("get_role", "RoleName", _last)),
        lambda client, arn: delete_role(client, arn.last),
    ),
    ("lambda", "function"): _plain("lambda", "get_function", "delete_function", "FunctionName"),
    ("logs", "log-group"): Kind(
        *("logs", special.log_group_is_there),
        _deleted("delete_log_group", "logGroupName", _name),
    ),
    ("s3", ""): Kind("s3", _looked("head_bucket", "Bucket", _rest), _remove_bucket),
    ("sagemaker", "data-quality-job-definition"): _sagemaker(
        "data_quality_job_definition", "JobDefinitionName"
    ),
    ("sagemaker", "endpoint"): _sagemaker("endpoint", "EndpointName"),
    ("sagemaker", "endpoint-config"): _sagemaker("endpoint_config", "EndpointConfigName"),
    ("sagemaker", "model"): _sagemaker("model", "ModelName"),
    ("sagemaker", "model-card"): _sagemaker("model_card", "ModelCardName"),
    ("sagemaker", "model-quality-job-definition"): _sagemaker(
        "model_quality_job_definition", "JobDefinitionName"
    ),
    ("sagemaker", "monitoring-schedule"): _sagemaker(
        "monitoring_schedule", "MonitoringScheduleName"
    ),
    ("secretsmanager", "secret"): _plain(
        *("secretsmanager", "describe_secret", "delete_secret", "SecretId", _whole),
        ForceDeleteWithoutRecovery=True,
    ),
    ("sns", ""): _plain("sns", "get_topic_attributes", "delete_topic", "TopicArn", _whole),
    ("sqs", ""): Kind("sqs", special.queue_is_there, special.delete_queue),
    ("ssm", "parameter"): _plain(
        *("ssm", "get_parameter", "delete_parameter", "Name"), lambda arn: f"/{arn.name}"
    ),
    ("states", "stateMachine"): _plain(
        *("stepfunctions", "describe_state_machine", "delete_state_machine"),
        *("stateMachineArn", _whole),
    ),
}
