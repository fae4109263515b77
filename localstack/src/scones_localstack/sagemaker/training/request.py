"""What a CreateTrainingJob request may ask for here, and what AWS adds to it."""

from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.requests import refuse, s3_uri
from scones_localstack.sagemaker.training.metrics import built_in_definitions, invalid_pattern

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
FILE_MODE = "File"

_NOT_YET = ("ServerlessJobConfig", "CheckpointConfig")
# Accepted and described as they were given, without any effect here.
_ECHOED = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
_SWITCHES = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)


def describe(asked: dict[str, Any], max_hosts: int) -> dict[str, Any]:
    """Return what a job's description says of the request, AWS's defaults filled in.

    Args:
        asked: the request, checked against its shape.
        max_hosts: how many instances the backend has for a job.

    Raises:
        ValidationException: it asks for what this service does not do, or contradicts itself.
    """
    refuse(asked, _NOT_YET)
    document = {name: asked[name] for name in _ECHOED if name in asked}
    document |= {name: asked.get(name, False) for name in _SWITCHES}
    document.setdefault("HyperParameters", {})
    document["StoppingCondition"] = {
        "MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS,
        **asked.get("StoppingCondition", {}),
    }
    document["AlgorithmSpecification"] = _algorithm(asked["AlgorithmSpecification"])
    _check_resources(asked.get("ResourceConfig", {}), max_hosts)
    _check_channels(asked.get("InputDataConfig", []))
    output = asked["OutputDataConfig"]
    s3_uri(output["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    if output.get("CompressionType", "GZIP") != "GZIP":
        raise _unsupported("OutputDataConfig.CompressionType", output["CompressionType"], "GZIP")
    return document


def _algorithm(asked: dict[str, Any]) -> dict[str, Any]:
    refuse(
        asked,
        ("AlgorithmName", "ContainerEntrypoint", "ContainerArguments"),
        "AlgorithmSpecification",
    )
    if not asked.get("TrainingImage"):
        raise ValidationException("AlgorithmSpecification.TrainingImage is missing.")
    if asked["TrainingInputMode"] != FILE_MODE:
        mode = asked["TrainingInputMode"]
        raise _unsupported("AlgorithmSpecification.TrainingInputMode", mode, FILE_MODE)
    definitions = asked.get("MetricDefinitions") or built_in_definitions(asked["TrainingImage"])
    wrong = invalid_pattern(definitions)
    if wrong:
        raise ValidationException(f"MetricDefinitions: '{wrong}' is not a regular expression.")
    return asked | ({"MetricDefinitions": definitions} if definitions else {})


def _check_resources(asked: dict[str, Any], max_hosts: int) -> None:
    refuse(asked, ("InstanceGroups",), "ResourceConfig")
    for member in ("InstanceType", "InstanceCount"):
        if not asked.get(member):
            raise ValidationException(f"ResourceConfig.{member} is missing.")
    if asked["InstanceCount"] > max_hosts:
        remedy = "start this service with --backend docker, or " if max_hosts == 1 else ""
        raise ValidationException(
            f"ResourceConfig.InstanceCount {asked['InstanceCount']} is more than this backend has "
            f"for a training job: {remedy}use {max_hosts}."
        )


def _check_channels(channels: list[dict[str, Any]]) -> None:
    names = [channel["ChannelName"] for channel in channels]
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"Channel name '{name}' is used more than once.")
    for channel in channels:
        where = f"InputDataConfig '{channel['ChannelName']}'"
        if channel.get("InputMode", FILE_MODE) != FILE_MODE:
            raise _unsupported(f"{where}: InputMode", channel["InputMode"], FILE_MODE)
        if channel.get("CompressionType", "None") != "None":
            raise _unsupported(f"{where}: CompressionType", channel["CompressionType"], "None")
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise ValidationException(f"{where}: only S3DataSource is supported by this service.")
        if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
            raise _unsupported(f"{where}: S3DataType", source["S3DataType"], "S3Prefix")
        s3_uri(source["S3Uri"], where)


def _unsupported(member: str, value: object, instead: object) -> ValidationException:
    return ValidationException(
        f"{member} {value} is not supported by this service yet: use {instead}."
    )
