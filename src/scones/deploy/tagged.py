"""What carries the project's tag, wherever it was made: found by tag, deleted by its kind.

Stacks tag all that is in them; a person may tag what belongs to the project too. The tagging API
lags behind: it names some things for a while after they are gone, so each is looked for itself.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.deploy.buckets import remove_bucket
from scones.deploy.remains import Remainder, delete_if_there
from scones.deploy.settings import PROJECT_TAG, DeploySettings
from scones.errors import DeployError

# AWS keeps the record of a job for ever, tag included; it costs nothing.
KEPT_BY_AWS = (":training-job/", ":processing-job/", ":transform-job/")


def tagged(aws: Aws, settings: DeploySettings) -> Iterator[Remainder]:
    """Yield what carries the project's tag and is still there.

    Raises:
        DeployError: Something is of a kind that scones does not know how to delete.
    """
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    filters = [{"Key": PROJECT_TAG, "Values": [settings.project]}]
    for page in pages.paginate(TagFilters=filters):
        for entry in page["ResourceTagMappingList"]:
            arn = entry["ResourceARN"]
            if not any(kind in arn for kind in KEPT_BY_AWS) and is_there(aws, arn):
                yield Remainder(f"tagged {arn}", partial(_remove, aws, arn))


def is_there(aws: Aws, arn: str) -> bool:
    """Return whether a resource answers; one of an unknown kind is taken to."""
    look, _ = _calls(aws, arn)
    if look is None:
        return True
    try:
        answer = look()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _ABSENT or code.endswith(("NotFound", "NotFoundException", "DoesNotExist")):
            return False
        raise
    if isinstance(answer, Mapping) and "Applications" in answer:
        return bool(answer["Applications"])
    groups = answer.get("logGroups") if isinstance(answer, Mapping) else None
    return groups is None or any(group["logGroupName"] == _name(arn) for group in groups)


_ABSENT = {
    "404",
    "NoSuchBucket",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ParameterNotFound",
    "ValidationException",  # SageMaker's
}


def _remove(aws: Aws, arn: str) -> None:
    _, delete = _calls(aws, arn)
    if delete is None:
        raise DeployError(
            f"{arn} carries the tag {PROJECT_TAG} and is of a kind that scones does not delete: "
            "delete it, or take the tag from it, then run `scones destroy` again"
        )
    delete()


type _Call = Callable[[], Any]


def _calls(aws: Aws, arn: str) -> tuple[_Call | None, _Call | None]:
    """Return what looks for a resource and what deletes it; none for an unknown kind."""
    _, _, service, _, _, rest = arn.split(":", 5)
    kind = ""
    if service in _WITH_KINDS:
        kind = rest.lstrip("/").replace("/", ":").partition(":")[0]
    known = _KINDS.get((service, kind))
    if known is None:
        return None, None
    client_name, look, delete, parameter, value, more = known
    client = aws.client(client_name)
    named = {parameter: value(client, arn)}
    looked_by = _LOOKED_BY.get((service, kind), _LOOKED_BY.get((service, ""), parameter))
    found = named[parameter]
    looked = {looked_by: [found] if looked_by.endswith("Names") else found}
    deletion = (
        partial(remove_bucket, client, named[parameter])
        if service == "s3"
        else partial(delete_if_there, getattr(client, delete), **named, **more)
    )
    return partial(getattr(client, look), **looked), deletion


def _name(arn: str) -> str:
    """Return what follows the kind: my-group of log-group:my-group, my-topic of my-topic."""
    rest = arn.split(":", 5)[5].removesuffix(":*")
    for separator in (":", "/"):
        kind, found, name = rest.partition(separator)
        if found and kind in _PREFIXES:
            return name
    return rest


def _named(_client: Any, arn: str) -> str:
    return _name(arn)


def _by_arn(_client: Any, arn: str) -> str:
    return arn


def _parameter(_client: Any, arn: str) -> str:
    return "/" + _name(arn).lstrip("/")


def _application(_client: Any, arn: str) -> str:
    """Return the application of an environment, a version, or itself."""
    return arn.split(":", 5)[5].split("/")[1]


def _queue_url(client: Any, arn: str) -> str:
    try:
        return str(client.get_queue_url(QueueName=_name(arn))["QueueUrl"])
    except ClientError:
        return _name(arn)  # no such queue, as the look at it will say


def _of_the_api(_client: Any, arn: str) -> str:
    """Return ID of /restapis/ID/stages/v1, /apikeys/ID and /usageplans/ID."""
    return arn.split(":", 5)[5].split("/")[2]


_WITH_KINDS = {
    "apigateway",
    "elasticbeanstalk",
    "secretsmanager",
    "sagemaker",
    "logs",
    "states",
    "lambda",
    "ecr",
    "ssm",
    "cloudwatch",
}
_PREFIXES = {
    *("endpoint", "endpoint-config", "model", "log-group", "function", "repository"),
    *("parameter", "alarm", "stateMachine", "monitoring-schedule"),
    *("data-quality-job-definition", "model-quality-job-definition"),
}
_LOOKED_BY = {
    ("logs", "log-group"): "logGroupNamePrefix",
    ("elasticbeanstalk", ""): "ApplicationNames",
}
_FORCE = {"force": True}
_WITH_ENVIRONMENTS = {"TerminateEnvByForce": True}
_AT_ONCE = {"ForceDeleteWithoutRecovery": True}
# (service, kind) to client, look, delete, parameter, its value, further parameters.
_KINDS: dict[tuple[str, str], tuple[str, str, str, str, Callable[[Any, str], str], Any]] = {
    ("s3", ""): ("s3", "head_bucket", "", "Bucket", _named, {}),
    ("sns", ""): ("sns", "get_topic_attributes", "delete_topic", "TopicArn", _by_arn, {}),
    ("sqs", ""): ("sqs", "get_queue_attributes", "delete_queue", "QueueUrl", _queue_url, {}),
    ("logs", "log-group"): (
        *("logs", "describe_log_groups", "delete_log_group", "logGroupName", _named),
        {},
    ),
    ("lambda", "function"): (
        *("lambda", "get_function", "delete_function", "FunctionName", _named),
        {},
    ),
    ("states", "stateMachine"): (
        *("stepfunctions", "describe_state_machine", "delete_state_machine"),
        *("stateMachineArn", _by_arn, {}),
    ),
    ("secretsmanager", "secret"): (
        *("secretsmanager", "describe_secret", "delete_secret", "SecretId", _by_arn),
        _AT_ONCE,
    ),
    # An application goes with its versions and environments; each of those names its application.
    **{
        ("elasticbeanstalk", kind): (
            *("elasticbeanstalk", "describe_applications", "delete_application"),
            *("ApplicationName", _application, _WITH_ENVIRONMENTS),
        )
        for kind in ("application", "applicationversion", "environment")
    },
    ("apigateway", "restapis"): (
        *("apigateway", "get_rest_api", "delete_rest_api", "restApiId", _of_the_api, {}),
    ),
    ("apigateway", "apikeys"): (
        *("apigateway", "get_api_key", "delete_api_key", "apiKey", _of_the_api, {}),
    ),
    ("apigateway", "usageplans"): (
        *("apigateway", "get_usage_plan", "delete_usage_plan", "usagePlanId", _of_the_api, {}),
    ),
    ("ssm", "parameter"): ("ssm", "get_parameter", "delete_parameter", "Name", _parameter, {}),
    ("ecr", "repository"): (
        *("ecr", "list_images", "delete_repository", "repositoryName", _named),
        _FORCE,
    ),
    ("sagemaker", "endpoint"): (
        *("sagemaker", "describe_endpoint", "delete_endpoint", "EndpointName", _named),
        {},
    ),
    ("sagemaker", "endpoint-config"): (
        *("sagemaker", "describe_endpoint_config", "delete_endpoint_config"),
        *("EndpointConfigName", _named, {}),
    ),
    ("sagemaker", "model"): (
        *("sagemaker", "describe_model", "delete_model", "ModelName", _named),
        {},
    ),
    ("sagemaker", "model-card"): (
        *("sagemaker", "describe_model_card", "delete_model_card", "ModelCardName", _named),
        {},
    ),
    ("sagemaker", "monitoring-schedule"): (
        *("sagemaker", "describe_monitoring_schedule", "delete_monitoring_schedule"),
        *("MonitoringScheduleName", _named, {}),
    ),
    ("sagemaker", "data-quality-job-definition"): (
        *("sagemaker", "describe_data_quality_job_definition"),
        *("delete_data_quality_job_definition", "JobDefinitionName", _named, {}),
    ),
    ("sagemaker", "model-quality-job-definition"): (
        *("sagemaker", "describe_model_quality_job_definition"),
        *("delete_model_quality_job_definition", "JobDefinitionName", _named, {}),
    ),
}
