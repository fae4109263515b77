"""What a SageMaker endpoint says of a photo, in names and pixels; its faults in plain words."""

import functools
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from .faults import EndpointFault, EndpointNotFound, EndpointTooSlow, ModelFailed

CONNECT_SECONDS = 3
ANSWER_SECONDS = 20  # API Gateway waits 29 for the function
_BUSY = {"ModelNotReadyException", "ServiceUnavailable", "ThrottlingException"}


def invoke(name: str, body: bytes, content_type: str, *, remedy: str, inference_id: str) -> Any:
    """Return the JSON document that an endpoint answers for one photo.

    Args:
        name: The endpoint.
        body: The photo.
        content_type: image/png or image/jpeg.
        remedy: The command that deploys the endpoint.
        inference_id: By which a captured record is joined to the photo; at most 64 characters.

    Raises:
        EndpointNotFound, EndpointTooSlow, ModelFailed: As they say.
    """
    try:
        answer = runtime().invoke_endpoint(
            EndpointName=name,
            Body=body,
            ContentType=content_type,
            Accept="application/json",
            InferenceId=inference_id or hashlib.sha256(body).hexdigest(),
        )
        return json.loads(answer["Body"].read())
    except (ReadTimeoutError, ConnectTimeoutError) as error:
        raise EndpointTooSlow(
            f"endpoint '{name}' did not answer within {ANSWER_SECONDS} s: try again"
        ) from error
    except EndpointConnectionError as error:
        raise EndpointNotFound(f"nothing serves endpoint '{name}': {remedy}") from error
    except ClientError as error:
        raise _fault(error, name, remedy) from error
    except ValueError as error:
        raise ModelFailed(f"endpoint '{name}' answered no JSON: {error}") from error


def _fault(error: ClientError, name: str, remedy: str) -> EndpointFault:
    """Return the fault that stands for an error of the Runtime API."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code == "ValidationError" and "not found" in message.lower():
        return EndpointNotFound(f"there is no endpoint '{name}' in service: {remedy}")
    if code in _BUSY:
        return EndpointNotFound(f"endpoint '{name}' takes no more requests now: try again")
    if code == "ModelError":
        status = error.response.get("OriginalStatusCode", "an error")
        told = str(error.response.get("OriginalMessage", message))[:300]
        return ModelFailed(f"endpoint '{name}' answered {status}: {told}")
    return ModelFailed(f"endpoint '{name}': {code}: {message[:300]}")


def read_objects(
    answer: Any, size: tuple[int, int], labels: Sequence[str], threshold: float
) -> list[dict[str, Any]]:
    """Return the objects at or above a threshold, the surest first, in the photo's pixels.

    Args:
        answer: {"prediction": [[class_id, confidence, xmin, ymin, xmax, ymax], ...]}, the sides 1.
        size: Width and height of the photo in pixels.
        labels: The names, by class_id.
        threshold: Least confidence, 0 to 1.

    Raises:
        ModelFailed: The answer is not of that form, or names a class without a label.
    """
    try:
        rows = [[float(value) for value in row] for row in answer["prediction"]]
        found = [_object(row, size, labels) for row in rows if row[0] >= 0 and row[1] >= threshold]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelFailed(
            f"the detector answered {str(answer)[:80]}, not {{'prediction': [[class_id, "
            "confidence, xmin, ymin, xmax, ymax], ...]}: see that the endpoint is a detector"
        ) from error
    return sorted(found, key=lambda each: -each["confidence"])


def _object(row: list[float], size: tuple[int, int], labels: Sequence[str]) -> dict[str, Any]:
    class_id, confidence, xmin, ymin, xmax, ymax = row
    if not all(math.isfinite(value) for value in row) or class_id != int(class_id):
        raise ValueError("not a number")
    if class_id >= len(labels):
        raise ModelFailed(
            f"the detector found class {class_id:.0f}, and only {len(labels)} have names: "
            "give `classes` in the setting [detector], then `scones deploy`"
        )
    width, height = size
    left, right = sorted(min(max(x, 0.0), 1.0) * width for x in (xmin, xmax))
    top, bottom = sorted(min(max(y, 0.0), 1.0) * height for y in (ymin, ymax))
    corner = {"left": round(left, 1), "top": round(top, 1)}
    extent = {"width": round(right - left, 1), "height": round(bottom - top, 1)}
    return {
        "label": labels[int(class_id)],
        "confidence": round(min(max(confidence, 0.0), 1.0), 4),
        "box": corner | extent,
    }


def read_classes(answer: Any, labels: Sequence[str], threshold: float) -> dict[str, Any]:
    """Return the most probable class and the probability of each.

    Raises:
        ModelFailed: The answer is not a list of as many probabilities as there are labels.
    """
    values = answer.get("prediction") if isinstance(answer, dict) else answer
    try:
        numbers = [float(value) for value in values or ()]
        probabilities = {k: round(v, 6) for k, v in zip(labels, numbers, strict=True)}
        label = max(probabilities, key=lambda name: probabilities[name])
        confidence = probabilities[label]
    except (TypeError, ValueError) as error:
        raise ModelFailed(
            f"the classifier answered {str(answer)[:80]}, not {len(labels)} probabilities"
        ) from error
    return {
        "label": label,
        "confidence": confidence,
        "threshold": threshold,
        "routed": confidence >= threshold,
        "probabilities": probabilities,
    }


@functools.cache
def runtime() -> Any:
    """Return the Runtime API's client, made once per execution environment."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1},  # the caller waits; Lambda retries
    )
    return boto3.client("sagemaker-runtime", config=config)
