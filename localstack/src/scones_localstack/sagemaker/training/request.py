"""What a CreateTrainingJob request may ask for here, and what AWS adds to it."""

from pathlib import PurePosixPath
from typing import Any

from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.contract import OPT_ML
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.requests import s3_uri
from scones_localstack.sagemaker.training.channels import PIPE_MODE
from scones_localstack.sagemaker.training.fields import FIELDS
from scones_localstack.sagemaker.training.metrics import built_in_definitions, invalid_pattern
from scones_localstack.sagemaker.training.streams import AUGMENTED

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
CHECKPOINTS = f"{OPT_ML}/checkpoints"

_S3_TYPES = ("S3Prefix", "ManifestFile", AUGMENTED)
_NOT_DESCRIBED = ("TrainingJobName", "Tags", "SessionChainingConfig")
_SWITCHES = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)


def describe(asked: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Return what a job's description says of the request, AWS's defaults filled in.

    Args:
        asked: the request, checked against its shape.
        backend: where the job will run.

    Raises:
        ValidationException: it asks for what this service does not do, or contradicts itself.
    """
    check_fields(FIELDS, "CreateTrainingJob", asked)
    document = {name: value for name, value in asked.items() if name not in _NOT_DESCRIBED}
    document |= {name: asked.get(name, False) for name in _SWITCHES}
    document.setdefault("HyperParameters", {})
    document["StoppingCondition"] = {
        "MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS,
        **asked.get("StoppingCondition", {}),
    }
    document["AlgorithmSpecification"] = _algorithm(asked.get("AlgorithmSpecification", {}))
    _check_resources(asked.get("ResourceConfig", {}), backend.max_hosts)
    _check_spot(document)
    _check_channels(document, backend)
    if "CheckpointConfig" in asked:
        document["CheckpointConfig"] = _checkpoints(asked["CheckpointConfig"])
    output = asked["OutputDataConfig"]
    s3_uri(output["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    if output.get("CompressionType", "GZIP") != "GZIP":
        raise _unsupported("OutputDataConfig.CompressionType", output["CompressionType"], "GZIP")
    return document


def _algorithm(asked: dict[str, Any]) -> dict[str, Any]:
    if not asked.get("TrainingImage"):
        raise ValidationException("AlgorithmSpecification.TrainingImage is missing.")
    definitions = asked.get("MetricDefinitions") or built_in_definitions(asked["TrainingImage"])
    wrong = invalid_pattern(definitions)
    if wrong:
        raise ValidationException(f"MetricDefinitions: '{wrong}' is not a regular expression.")
    return asked | ({"MetricDefinitions": definitions} if definitions else {})


def _check_resources(asked: dict[str, Any], max_hosts: int) -> None:
    for member in ("InstanceType", "InstanceCount"):
        if not asked.get(member):
            raise ValidationException(f"ResourceConfig.{member} is missing.")
    if asked["InstanceCount"] > max_hosts:
        remedy = "start this service with --backend docker, or " if max_hosts == 1 else ""
        raise ValidationException(
            f"ResourceConfig.InstanceCount {asked['InstanceCount']} is more than this backend has "
            f"for a training job: {remedy}use {max_hosts}."
        )


def _check_spot(job: dict[str, Any]) -> None:
    condition = job["StoppingCondition"]
    wait = condition.get("MaxWaitTimeInSeconds", 0)
    if job["EnableManagedSpotTraining"] and wait < condition["MaxRuntimeInSeconds"]:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds."
        )
    if wait and not job["EnableManagedSpotTraining"]:
        raise ValidationException(
            "Invalid MaxWaitTimeInSeconds. It is only for jobs with EnableManagedSpotTraining."
        )


def _check_channels(job: dict[str, Any], backend: Backend) -> None:
    channels = job.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    for channel in channels:
        if names.count(channel["ChannelName"]) > 1:
            name = channel["ChannelName"]
            raise ValidationException(f"Channel name '{name}' is used more than once.")
        where = f"InputDataConfig '{channel['ChannelName']}'"
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise ValidationException(f"{where}: S3DataSource is missing.")
        if source["S3DataType"] not in _S3_TYPES:
            raise _unsupported(f"{where}: S3DataType", source["S3DataType"], "S3Prefix")
        s3_uri(source["S3Uri"], where)
        mode = channel.get("InputMode", job["AlgorithmSpecification"]["TrainingInputMode"])
        if mode == PIPE_MODE:
            _check_pipe(where, source, backend)
        else:
            _check_file(where, channel, source)


def _check_pipe(where: str, source: dict[str, Any], backend: Backend) -> None:
    if not backend.has_pipes:
        raise ValidationException(
            f"{where}: Pipe mode is not supported in containers, into which no named pipe leads: "
            "use File, or start this service with --backend process."
        )
    if source["S3DataType"] == AUGMENTED and not source.get("AttributeNames"):
        raise ValidationException(f"{where}: {AUGMENTED} needs AttributeNames.")


def _check_file(where: str, channel: dict[str, Any], source: dict[str, Any]) -> None:
    """Refuse what AWS has in Pipe mode alone."""
    if source["S3DataType"] == AUGMENTED:
        raise ValidationException(
            f"{where}: {AUGMENTED} can only be used if the channel's input mode is Pipe."
        )
    for member in ("CompressionType", "RecordWrapperType"):
        if channel.get(member, "None") != "None":
            raise ValidationException(
                f"{where}: {member} {channel[member]} is used only in Pipe mode: in File mode, "
                "leave it unset or set it to None."
            )


def _checkpoints(asked: dict[str, Any]) -> dict[str, Any]:
    s3_uri(asked["S3Uri"], "CheckpointConfig.S3Uri")
    path = PurePosixPath(asked.get("LocalPath", CHECKPOINTS))
    if ".." in path.parts or not path.is_relative_to(OPT_ML) or str(path) == OPT_ML:
        raise ValidationException(
            f"CheckpointConfig.LocalPath {path} is not supported by this service: use "
            f"{CHECKPOINTS}, or another folder below {OPT_ML}."
        )
    return asked | {"LocalPath": str(path)}


def _unsupported(member: str, value: object, instead: object) -> ValidationException:
    return ValidationException(
        f"{member} {value} is not supported by this service yet: use {instead}."
    )
