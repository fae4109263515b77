"""What a CreateTransformJob request may ask for here."""

from typing import Any

from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.requests import s3_uri
from scones_localstack.sagemaker.transform.association import (
    CSV,
    FORMATS,
    JSON_LINES,
    Association,
    media_type_of,
)
from scones_localstack.sagemaker.transform.fields import FIELDS
from scones_localstack.sagemaker.transform.jsonpath import ROOT, PathError, compiled

_TYPES = ("S3Prefix", "ManifestFile")
_MAX_MEGABYTES = 100
_LINE = "Line"


def describe(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a job's description says of the request.

    Args:
        asked: the request, checked against its shape.

    Raises:
        ValidationException: it asks for what AWS or this service does not do.
    """
    check_fields(FIELDS, "CreateTransformJob", asked)
    source = asked["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] not in _TYPES:
        raise ValidationException(
            f"S3DataType {source['S3DataType']} is not supported for batch transform: "
            f"use {' or '.join(_TYPES)}."
        )
    s3_uri(source["S3Uri"], "TransformInput.DataSource.S3DataSource.S3Uri")
    s3_uri(asked["TransformOutput"]["S3OutputPath"], "TransformOutput.S3OutputPath")
    if "DataCaptureConfig" in asked:
        destination = asked["DataCaptureConfig"]["DestinationS3Uri"]
        s3_uri(destination, "DataCaptureConfig.DestinationS3Uri")
    _check_payload(asked)
    _check_processing(asked)
    return {
        name: value for name, value in asked.items() if name not in ("TransformJobName", "Tags")
    }


def association_of(job: dict[str, Any], stamp: str = "") -> Association:
    """Return what a job's DataProcessing asks for.

    Args:
        job: its description.
        stamp: the time that goes with generated inference ids.
    """
    asked = job.get("DataProcessing", {})
    wants_ids = job.get("DataCaptureConfig", {}).get("GenerateInferenceId", False)
    return Association(
        content_type=job["TransformInput"].get("ContentType", ""),
        accept=job["TransformOutput"].get("Accept", ""),
        input_filter=asked.get("InputFilter") or ROOT,
        output_filter=asked.get("OutputFilter") or ROOT,
        join=asked.get("JoinSource", "None") == "Input",
        stamp=stamp if wants_ids else "",
    )


def _check_payload(asked: dict[str, Any]) -> None:
    megabytes = asked.get("MaxPayloadInMB", 0)
    if megabytes > _MAX_MEGABYTES:
        raise ValidationException(f"MaxPayloadInMB cannot be greater than {_MAX_MEGABYTES} MB.")
    product = megabytes * asked.get("MaxConcurrentTransforms", 0)
    if product > _MAX_MEGABYTES:
        raise ValidationException(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {product} MB, which cannot exceed "
            f"{_MAX_MEGABYTES} MB."
        )


def _check_processing(asked: dict[str, Any]) -> None:
    # The time itself is known when the job begins.
    association = association_of(asked, stamp="later")
    for path in (association.input_filter, association.output_filter):
        try:
            compiled(path)
        except PathError as error:
            raise ValidationException(f"{error}.") from error
    if association.filters_input or association.join:
        split_type = asked["TransformInput"].get("SplitType", "None")
        _check_format("TransformInput.ContentType", association.content_type, split_type)
    if association.changes_output:
        assembly = asked["TransformOutput"].get("AssembleWith", "None")
        _check_format("TransformOutput.Accept", association.accept, assembly)
    if association.join:
        kinds = {
            media_type_of(kind) == CSV for kind in (association.content_type, association.accept)
        }
        if len(kinds) > 1:
            raise ValidationException(
                f"JoinSource Input needs one format for both: ContentType is "
                f"{association.content_type}, Accept is {association.accept}."
            )


def _check_format(member: str, content_type: str, lines: str) -> None:
    media_type = media_type_of(content_type)
    if media_type not in FORMATS:
        raise ValidationException(
            f"DataProcessing and GenerateInferenceId need {member} to be one of "
            f"{', '.join(FORMATS)}; it is '{content_type}'."
        )
    if media_type in (CSV, JSON_LINES) and lines != _LINE:
        raise ValidationException(
            f"With {member} {media_type}, DataProcessing and GenerateInferenceId need the "
            "SplitType Line and AssembleWith Line."
        )
