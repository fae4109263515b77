"""Embed: images become what a model's last hidden layer says of them, by a batch transform job.

The job runs the model's own image with SCONES_OUTPUT=embedding, here as on AWS. Images and answers
lie in S3 while it runs, and are deleted then.
"""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import DataError, EndpointError, UsageError
from scones.monitor.baseline.separation import Vectors
from scones.progress import SILENT, Reporter
from scones.tags import as_list

OUTPUT_ENV = "SCONES_OUTPUT"
POLL_SECONDS = 0.5
DEADLINE_SECONDS = 1800.0  # on AWS an instance has to start
_ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that SageMaker knows: its name, and the S3 URI of its artifact."""

    name: str
    data_uri: str


def model_of_endpoint(aws: Aws, endpoint_name: str) -> ServedModel:
    """Return the model that an endpoint serves; of several variants the first one's.

    Raises:
        UsageError: There is no such endpoint.
    """
    sagemaker = aws.client("sagemaker")
    try:
        config = sagemaker.describe_endpoint(EndpointName=endpoint_name)["EndpointConfigName"]
    except ClientError as error:
        raise UsageError(
            f"there is no endpoint '{endpoint_name}' whose model could embed images: "
            "run `scones endpoint`, or leave out --embeddings"
        ) from error
    found = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    return find_model(aws, found["ProductionVariants"][0]["ModelName"])


def find_model(aws: Aws, name: str) -> ServedModel:
    """Return a model by its name.

    Raises:
        DataError: There is none.
    """
    try:
        found = aws.client("sagemaker").describe_model(ModelName=name)
    except ClientError as error:
        raise DataError(
            f"the model '{name}', whose embeddings the baseline holds, is no more: "
            "make the baseline anew with --embeddings, or check with --no-embeddings"
        ) from error
    return ServedModel(name, found["PrimaryContainer"].get("ModelDataUrl", ""))


def embed(
    aws: Aws,
    model: ServedModel,
    images: Sequence[Path],
    *,
    project: str,
    bucket: str,
    prefix: str,
    instance_type: str,
    tags: Mapping[str, str] | None = None,
    reporter: Reporter = SILENT,
) -> Vectors:
    """Run a batch transform job on images.

    Args:
        aws: The session.
        model: Whose embeddings are wanted.
        images: PNG or JPEG files whose names differ.
        project: First part of the job's name.
        bucket: Bucket for images and answers while the job runs.
        prefix: Where in the bucket.
        instance_type: Such as ml.m5.large.
        tags: Of the job.
        reporter: Told how far it is.

    Returns:
        (images, features), in the images' order.

    Raises:
        EndpointError: The job failed, or the model's server gives no embeddings.
    """
    job = f"{project}-embeddings-{uuid.uuid4().hex[:12]}"
    place = f"{prefix}/{job}"
    s3 = aws.client("s3")
    try:
        for done, file in enumerate(images, start=1):
            s3.put_object(Bucket=bucket, Key=f"{place}/in/{file.name}", Body=file.read_bytes())
            reporter.progress("images to be embedded", done, len(images), "images")
        aws.client("sagemaker").create_transform_job(
            **_request(job, model, bucket, place, instance_type), Tags=as_list(tags or {})
        )
        _wait(aws, job, len(images), reporter)
        return _answers(s3, bucket, f"{place}/out", images, model)
    finally:
        _delete(s3, bucket, f"{place}/")


def _request(
    job: str, model: ServedModel, bucket: str, place: str, instance_type: str
) -> Mapping[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{place}/in/"}
    return {
        "TransformJobName": job,
        "ModelName": model.name,
        "Environment": {OUTPUT_ENV: "embedding"},
        "MaxConcurrentTransforms": 4,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "application/x-image",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{bucket}/{place}/out",
            "Accept": "application/json",
        },
        "TransformResources": {"InstanceType": instance_type, "InstanceCount": 1},
    }


def _wait(aws: Aws, job: str, images: int, reporter: Reporter) -> None:
    """Wait for the job's end; stop it if this is interrupted."""
    sagemaker = aws.client("sagemaker")
    deadline = time.monotonic() + DEADLINE_SECONDS
    status = ""
    try:
        while status not in _ENDED:
            described = sagemaker.describe_transform_job(TransformJobName=job)
            status = described["TransformJobStatus"]
            reporter.progress("embedding", 0, images, "images")
            if time.monotonic() > deadline:
                raise EndpointError(f"transform job '{job}' is {status} after {DEADLINE_SECONDS} s")
            time.sleep(0 if status in _ENDED else POLL_SECONDS)
    finally:
        if status not in _ENDED:
            sagemaker.stop_transform_job(TransformJobName=job)
    reporter.progress("embedding", images, images, "images")
    if status != "Completed":
        reason = described.get("FailureReason", "")
        raise EndpointError(
            f"transform job '{job}' ended as {status}: {reason} (its log: /aws/sagemaker/"
            "TransformJobs)"
        )


def _answers(
    s3: Any, bucket: str, place: str, images: Sequence[Path], model: ServedModel
) -> Vectors:
    rows = []
    for file in images:
        answer = s3.get_object(Bucket=bucket, Key=f"{place}/{file.name}.out")["Body"].read()
        try:
            rows.append(json.loads(answer)["embedding"])
        except (ValueError, TypeError, KeyError) as error:
            raise EndpointError(
                f"the server of model '{model.name}' gives no embeddings: it does not know "
                f"{OUTPUT_ENV}=embedding, as this project's image does; leave out --embeddings"
            ) from error
    return np.array(rows, dtype=np.float32)


def _delete(s3: Any, bucket: str, prefix: str) -> None:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        keys = [{"Key": item["Key"]} for item in page.get("Contents", ())]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
