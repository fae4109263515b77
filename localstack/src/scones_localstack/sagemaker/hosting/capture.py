"""What an invocation looks like in a capture file, and which invocations get into one.

Source: "Capture data from real-time endpoint" in the SageMaker developer guide, and files that real
endpoints have written.
"""

import base64
import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scones_localstack.sagemaker.objects import S3Uri, parse_uri

EVENT_VERSION = "0"
DEFAULT_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Payload:
    """One side of an invocation: a body and its content type."""

    body: bytes
    content_type: str = DEFAULT_CONTENT_TYPE


@dataclass(frozen=True)
class Exchange:
    """An invocation that was answered.

    Attributes:
        moment: when it arrived, in seconds since the epoch.
        sent, answered: its two sides.
        inference_id, custom_attributes: what the client gave, if anything.
    """

    moment: float
    sent: Payload
    answered: Payload
    inference_id: str = ""
    custom_attributes: str = ""


@dataclass(frozen=True)
class CapturePlan:
    """A DataCaptureConfig, read once."""

    percentage: int
    modes: frozenset[str]
    csv: frozenset[str]
    json: frozenset[str]

    def wants(self) -> bool:
        """Decide by chance, as the sampling percentage has it."""
        return random.uniform(0.0, 100.0) < self.percentage  # noqa: S311 - sampling, no secret

    def record(self, exchange: Exchange) -> bytes:
        """Return a capture file's line for an exchange."""
        data = {}
        if "Input" in self.modes:
            data["endpointInput"] = self._side(exchange.sent, "INPUT")
        if "Output" in self.modes:
            data["endpointOutput"] = self._side(exchange.answered, "OUTPUT")
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        if exchange.custom_attributes:
            metadata["customAttributes"] = [exchange.custom_attributes]
        if exchange.inference_id:
            metadata["inferenceId"] = exchange.inference_id
        time = datetime.fromtimestamp(exchange.moment, UTC)
        metadata["inferenceTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
        document = {
            "captureData": data,
            "eventMetadata": metadata,
            "eventVersion": EVENT_VERSION,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

    def _side(self, payload: Payload, mode: str) -> dict[str, str]:
        encoding, text = self._encoded(payload)
        return {
            "observedContentType": payload.content_type,
            "mode": mode,
            "data": text,
            "encoding": encoding,
        }

    def _encoded(self, payload: Payload) -> tuple[str, str]:
        media_type = payload.content_type.partition(";")[0].strip().lower()
        for encoding, media_types in (("CSV", self.csv), ("JSON", self.json)):
            if media_type in media_types:
                try:
                    return encoding, payload.body.decode()
                except UnicodeDecodeError:
                    break
        return "BASE64", base64.b64encode(payload.body).decode()


def plan_of(config: dict[str, Any] | None) -> CapturePlan | None:
    """Return the plan of a DataCaptureConfig; None if nothing is captured."""
    if not config or not config.get("EnableCapture", True):
        return None
    modes: set[str] = set()
    for option in config["CaptureOptions"]:
        both = option["CaptureMode"] == "InputAndOutput"
        modes |= {"Input", "Output"} if both else {option["CaptureMode"]}
    headers = config.get("CaptureContentTypeHeader", {})
    return CapturePlan(
        percentage=config["InitialSamplingPercentage"],
        modes=frozenset(modes),
        csv=_lower(headers.get("CsvContentTypes", ())),
        json=_lower(headers.get("JsonContentTypes", ())),
    )


def destination(config: dict[str, Any], endpoint: str, variant: str) -> S3Uri:
    """Return the prefix under which a variant's captures lie, dates below it."""
    return parse_uri(config["DestinationS3Uri"]).below(f"{endpoint}/{variant}")


def summary(config: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return DescribeEndpoint's DataCaptureConfigSummary."""
    if config is None:
        return None
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _lower(names: Any) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
