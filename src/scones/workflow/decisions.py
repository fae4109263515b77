"""What became of a photo: read from the end of its execution."""

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BELOW_THRESHOLD_ERROR = "THRESHOLD_CONFIDENCE_NOT_MET"

# The words of filter_confidence's error; a test holds the two together.
_BELOW_THRESHOLD = re.compile(r'^confidence (?P<confidence>\S+) in (?P<name>".*?") is below ')


class Status(enum.StrEnum):
    """What the workflow decided."""

    ROUTED = "ROUTED"
    BELOW_THRESHOLD = "BELOW_THRESHOLD"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image in S3."""

    bucket: str
    key: str

    @property
    def uri(self) -> str:
        """Its S3 URI."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What an execution decided about one image.

    Attributes:
        image_uri: The image.
        status: Routed, stopped for low confidence, or failed.
        predicted_class: The most probable class; None where the workflow failed before.
        confidence: Its probability, 0 to 1; None where the workflow failed before.
        loading_bay: Where the delivery loads; None unless routed.
        order_range: Which orders it gets; None unless routed.
        latency_seconds: From the execution's start to its end, by Step Functions' clock.
        execution_arn: The execution.
        reason: Why it was not routed; empty where it was.
    """

    image_uri: str
    status: Status
    predicted_class: str | None
    confidence: float | None
    loading_bay: str | None
    order_range: str | None
    latency_seconds: float
    execution_arn: str
    reason: str


def read_decision(image: StoredImage, execution: Mapping[str, Any]) -> Decision:
    """Return the decision of an execution that has ended.

    Args:
        image: The image that it was about.
        execution: DescribeExecution's answer.
    """
    seen: dict[str, Any] = {}
    status, reason = Status.FAILED, _reason(execution)
    if execution["status"] == "SUCCEEDED":
        status, seen = Status.ROUTED, json.loads(execution["output"])
    elif execution.get("error") == BELOW_THRESHOLD_ERROR:
        status, seen = Status.BELOW_THRESHOLD, _below_threshold(reason)
    return Decision(
        image_uri=image.uri,
        status=status,
        predicted_class=seen.get("predicted_class"),
        confidence=seen.get("confidence"),
        loading_bay=seen.get("loading_bay"),
        order_range=seen.get("order_range"),
        latency_seconds=latency_seconds(execution),
        execution_arn=execution["executionArn"],
        reason=reason,
    )


def latency_seconds(execution: Mapping[str, Any]) -> float:
    """Return the time from an execution's start to its end."""
    return float((execution["stopDate"] - execution["startDate"]).total_seconds())


def error_message(cause: str) -> str:
    """Return a cause's message: Lambda's causes are JSON documents with one, others are text."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (KeyError, TypeError, ValueError):
        return cause


def _reason(execution: Mapping[str, Any]) -> str:
    if execution["status"] == "SUCCEEDED":
        return ""
    error, message = execution.get("error", ""), error_message(execution.get("cause", ""))
    if error == BELOW_THRESHOLD_ERROR:
        return message
    return ": ".join(part for part in (error or execution["status"], message) if part)


def _below_threshold(message: str) -> dict[str, Any]:
    found = _BELOW_THRESHOLD.match(message)
    if found is None:
        return {}
    return {
        "predicted_class": json.loads(found["name"]),
        "confidence": float(found["confidence"]),
    }
