"""What a CreateProcessingJob request may ask for here."""

from collections.abc import Sequence
from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.processing.contract import PROCESSING, relative
from scones_localstack.sagemaker.processing.fields import FIELDS
from scones_localstack.sagemaker.requests import s3_uri

DEFAULT_MAX_RUNTIME_SECONDS = 86_400
_OPERATION = "CreateProcessingJob"
_NOT_DESCRIBED = ("ProcessingJobName", "Tags")


def describe(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a job's description says of the request, AWS's defaults filled in.

    Args:
        asked: the request, checked against its shape.

    Raises:
        ValidationException: it asks for what this service does not do, or contradicts itself.
    """
    check_fields(FIELDS, _OPERATION, asked)
    count = asked["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
    if count > 1:
        raise _unsupported("ProcessingResources.ClusterConfig.InstanceCount", count, 1)
    inputs = asked.get("ProcessingInputs", [])
    outputs = asked.get("ProcessingOutputConfig", {}).get("Outputs", [])
    _check_names("ProcessingInputs", [entry["InputName"] for entry in inputs])
    _check_names("ProcessingOutputConfig", [entry["OutputName"] for entry in outputs])
    for entry in inputs:
        _check_input(f"ProcessingInputs '{entry['InputName']}'", entry.get("S3Input"))
    for entry in outputs:
        where = f"ProcessingOutputConfig '{entry['OutputName']}'"
        _check_place(where, "S3Output", entry.get("S3Output"))
    document = {name: value for name, value in asked.items() if name not in _NOT_DESCRIBED}
    document.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_SECONDS})
    return document


def _check_names(what: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"{what}: the name '{name}' is used more than once.")


def _check_input(where: str, source: dict[str, Any] | None) -> None:
    source = _check_place(where, "S3Input", source)
    if source.get("S3InputMode", "File") != "File":
        raise _unsupported(f"{where}: S3InputMode", source["S3InputMode"], "File")
    if source.get("S3CompressionType", "None") != "None":
        raise ValidationException(
            f"{where}: S3CompressionType {source['S3CompressionType']} can only be used with "
            "Pipe as the S3InputMode, which this service does not have."
        )


def _check_place(where: str, member: str, place: dict[str, Any] | None) -> dict[str, Any]:
    """Return an S3Input or S3Output that has both its ends."""
    if place is None:
        raise ValidationException(f"{where}: {member} is missing.")
    s3_uri(place["S3Uri"], f"{where}: S3Uri")
    path = place.get("LocalPath", "")
    if not path:
        raise ValidationException(f"{where}: LocalPath is required when AppManaged is False.")
    if relative(path) is None:
        raise ValidationException(f"{where}: LocalPath {path} must begin with {PROCESSING}/.")
    return place


def _unsupported(member: str, value: object, instead: object) -> ValidationException:
    return ValidationException(
        f"{member} {value} is not supported by this service yet: use {instead}."
    )
