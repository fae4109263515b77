"""Ask the SageMaker endpoint what an image shows.

    in   {"image_data": base64} or, for an image too large for a state, {"s3_bucket", "s3_key"}
    out  the same, with inferences: a list of probabilities in class order

The object's key goes along as InferenceId, so that a captured record can be joined to its image,
and the correlation id as CustomAttributes, so that it can be joined to the logs.
The endpoint's name comes from the environment variable ENDPOINT_NAME.
"""

import base64
import binascii
import functools
import hashlib
import json
import os
import re
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

TRACE_ID_ENV = "_X_AMZN_TRACE_ID"  # set by Lambda
ENDPOINT_NAME_ENV = "ENDPOINT_NAME"
IMAGE_LIMIT_BYTES = 6_291_456  # InvokeEndpoint: largest body
ATTRIBUTES_LIMIT = 1024  # InvokeEndpoint: longest CustomAttributes
INFERENCE_ID_LIMIT = 64  # InvokeEndpoint: longest InferenceId
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class InvalidInput(ValueError):
    """The event has no image, or one that cannot be decoded."""


class ObjectNotFound(LookupError):
    """There is no such object, or no such bucket."""


class ImageTooLarge(ValueError):
    """The image is larger than an endpoint accepts."""


class NotAnImage(ValueError):
    """The bytes are neither a PNG nor a JPEG image."""


class EndpointNotFound(LookupError):
    """There is no endpoint of the configured name, or nothing answers there."""


class ModelFailed(RuntimeError):
    """The endpoint's container refused the image or answered something else than probabilities."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the event with its inferences added; the entry point for Lambda."""
    started = time.perf_counter()
    record = new_record("classify_image", context)
    try:
        payload = read_payload(event)
        payload.setdefault("correlation_id", context.aws_request_id)
        record |= {key: payload.get(key) for key in ("correlation_id", "s3_bucket", "s3_key")}
        result = classify(payload, os.environ.get(ENDPOINT_NAME_ENV, ""))
        record["inferences"] = result["inferences"]
        return format_answer(event, result)
    except Exception as error:
        record |= {"level": "ERROR", "error": f"{type(error).__name__}: {error}"}
        raise
    finally:
        record["milliseconds"] = round(1000 * (time.perf_counter() - started), 1)
        print(json.dumps(record))


def classify(payload: dict[str, Any], endpoint_name: str) -> dict[str, Any]:
    """Return the payload with `inferences`, the probability of each class.

    Raises:
        InvalidInput, ObjectNotFound, ImageTooLarge, NotAnImage: The image cannot be used.
        EndpointNotFound, ModelFailed: The endpoint cannot be used.
    """
    image = read_image(payload)
    content_type = next((SIGNATURES[head] for head in SIGNATURES if image.startswith(head)), None)
    if content_type is None:
        raise NotAnImage(f"{describe(payload)} is neither a PNG nor a JPEG image")
    if len(image) > IMAGE_LIMIT_BYTES:
        raise ImageTooLarge(
            f"{describe(payload)} has {len(image):,} bytes; an endpoint accepts at most "
            f"{IMAGE_LIMIT_BYTES:,}: scale the image down"
        )
    identity = inference_id(str(payload.get("s3_key") or payload["correlation_id"]))
    attributes = header_text(str(payload["correlation_id"]))
    answer = invoke_endpoint(endpoint_name, image, content_type, identity, attributes)
    return payload | {"inferences": read_probabilities(answer, endpoint_name)}


def read_image(payload: dict[str, Any]) -> bytes:
    """Return the image's bytes, from the payload or from S3.

    Raises:
        InvalidInput: There is neither image data nor a reference, or the data are not base64.
        ObjectNotFound: S3 does not have the object.
    """
    if data := payload.get("image_data"):
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise InvalidInput(f"'image_data' is not base64: {error}") from error
    bucket, key = payload.get("s3_bucket"), payload.get("s3_key")
    if not (bucket and key):
        raise InvalidInput(
            "the input has neither 'image_data' nor 's3_bucket' and 's3_key' "
            f"(keys: {', '.join(sorted(payload)) or 'none'})"
        )
    try:
        with client("s3").get_object(Bucket=bucket, Key=key)["Body"] as body:
            return bytes(body.read(IMAGE_LIMIT_BYTES + 1))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchBucket", "NoSuchKey"):
            raise ObjectNotFound(f"there is no object s3://{bucket}/{key}") from error
        raise


def invoke_endpoint(
    endpoint_name: str, image: bytes, content_type: str, identity: str, attributes: str
) -> bytes:
    """Return what the endpoint answers for one image.

    Raises:
        EndpointNotFound: There is no such endpoint.
        ModelFailed: Its container answered with an error.
    """
    if not endpoint_name:
        raise EndpointNotFound(f"the environment variable {ENDPOINT_NAME_ENV} is not set")
    try:
        answer = client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint_name,
            Body=image,
            ContentType=content_type,
            Accept="application/json",
            InferenceId=identity,
            CustomAttributes=attributes,
        )
        return bytes(answer["Body"].read())
    except EndpointConnectionError as error:
        raise EndpointNotFound(f"nothing serves endpoint '{endpoint_name}': {error}") from error
    except ClientError as error:
        fault = error.response["Error"]
        if fault["Code"] == "ValidationError" and "not found" in fault["Message"].lower():
            raise EndpointNotFound(
                f"there is no endpoint '{endpoint_name}': deploy a model to it first"
            ) from error
        if fault["Code"] == "ModelError":
            status, message = (
                error.response.get(name, "") for name in ("OriginalStatusCode", "OriginalMessage")
            )
            raise ModelFailed(f"endpoint '{endpoint_name}' answered {status}: {message}") from error
        raise


def read_probabilities(answer: bytes, endpoint_name: str) -> list[float]:
    """Return the probabilities in an answer: `[0.1, 0.9]` or `{"prediction": [0.1, 0.9]}`.

    Raises:
        ModelFailed: It is something else.
    """
    try:
        document = json.loads(answer)
        values = document["prediction"] if isinstance(document, dict) else document
        if not isinstance(values, list):
            raise TypeError("not a list")
        return [float(value) for value in values]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFailed(
            f"endpoint '{endpoint_name}' answered {answer[:80]!r}, not a list of probabilities"
        ) from error


def inference_id(text: str) -> str:
    """Return the text itself where InvokeEndpoint takes it as InferenceId, else its SHA-256.

    An InferenceId has 1 to 64 printable ASCII characters, the first of them no space.
    """
    fits = 1 <= len(text) <= INFERENCE_ID_LIMIT and text.isascii() and text.isprintable()
    if fits and not text.startswith(" "):
        return text
    return hashlib.sha256(text.encode()).hexdigest()


def header_text(text: str) -> str:
    """Return a text as InvokeEndpoint takes it in CustomAttributes: ASCII, cut to its limit."""
    return json.dumps(text)[1:-1][:ATTRIBUTES_LIMIT]


def describe(payload: dict[str, Any]) -> str:
    """Name the image of a payload in a message."""
    if payload.get("s3_key"):
        return f"s3://{payload.get('s3_bucket', '')}/{payload['s3_key']}"
    return "'image_data'"


def new_record(function: str, context: Any) -> dict[str, Any]:
    """Return the first fields of the invocation's log line, named as AWS Lambda Powertools does."""
    request_id = context.aws_request_id
    record = {
        "level": "INFO",
        "function": function,
        "function_request_id": request_id,
        "correlation_id": request_id,
    }
    if trace := re.search(r"Root=([^;]+)", os.environ.get(TRACE_ID_ENV, "")):
        record["xray_trace_id"] = trace[1]
    return record


def read_payload(event: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the payload, which is the event or lies under its `body`.

    A `correlation_id` may stand beside the body as well as in it.

    Raises:
        InvalidInput: It is not a JSON object.
    """
    body = event.get("body", event) if isinstance(event, dict) else event
    try:
        payload = json.loads(body) if isinstance(body, str) else body
    except json.JSONDecodeError as error:
        raise InvalidInput(f"the event's body is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise InvalidInput(f"the payload is no JSON object but {json.dumps(payload)[:80]}")
    beside = {key: event[key] for key in ("correlation_id",) if key in event}
    return beside | payload


def format_answer(event: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload in the form in which the event brought it."""
    if "body" not in event:
        return payload
    body = json.dumps(payload) if isinstance(event["body"], str) else payload
    return {"statusCode": 200, "body": body}


@functools.cache
def client(service_name: str) -> Any:
    """Return a service's client, made once per execution environment."""
    # Fewer and shorter attempts than boto3's own: the function has 60 seconds, and an endpoint
    # that does not answer within 20 is better reported than waited for.
    config = Config(
        connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 2}
    )
    return boto3.client(service_name, config=config)
