"""Put an image from S3 into the state machine's document.

    in   {"s3_bucket", "s3_key", "image_data": ""}
    out  the same, with image_data as base64 and inferences as an empty list

A Step Functions state holds 256 KiB. An image that would pass this limit travels by reference:
image_data stays empty, and classify_image reads the object itself.
"""

import base64
import functools
import json
import os
import re
import time
import urllib.parse
from typing import Any

import boto3
from botocore.exceptions import ClientError

TRACE_ID_ENV = "_X_AMZN_TRACE_ID"  # set by Lambda
STATE_LIMIT_BYTES = 256 * 1024  # Step Functions quota: input or output of a state
STATE_HEADROOM_BYTES = 32 * 1024  # for what the later states and Lambda's own metadata add
IMAGE_LIMIT_BYTES = 6_291_456  # InvokeEndpoint: largest body
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


class InvalidInput(ValueError):
    """The event lacks a key that this function needs."""


class BucketNotFound(LookupError):
    """There is no such bucket."""


class ObjectNotFound(LookupError):
    """There is no such object in the bucket."""


class ImageTooLarge(ValueError):
    """The image is larger than an endpoint accepts."""


class NotAnImage(ValueError):
    """The object is neither a PNG nor a JPEG image."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the event with its image added; the entry point for Lambda."""
    started = time.perf_counter()
    record = new_record("serialize_image", context)
    try:
        payload = read_payload(event)
        payload.setdefault("correlation_id", context.aws_request_id)
        record |= {key: payload.get(key) for key in ("correlation_id", "s3_bucket", "s3_key")}
        result = serialize(payload)
        record["by_reference"] = not result["image_data"]
        return format_answer(event, result)
    except Exception as error:
        record |= {"level": "ERROR", "error": f"{type(error).__name__}: {error}"}
        raise
    finally:
        record["milliseconds"] = round(1000 * (time.perf_counter() - started), 1)
        print(json.dumps(record))


def serialize(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload with `image_data` and `inferences`.

    Raises:
        InvalidInput: `s3_bucket` or `s3_key` is missing.
        BucketNotFound, ObjectNotFound, ImageTooLarge, NotAnImage: The image cannot be used.
    """
    bucket, given_key = (required_text(payload, name) for name in ("s3_bucket", "s3_key"))
    key, stored = find_object(bucket, given_key)
    size = stored["ContentLength"]
    if size > IMAGE_LIMIT_BYTES:
        raise ImageTooLarge(
            f"s3://{bucket}/{key} has {size:,} bytes; an endpoint accepts at most "
            f"{IMAGE_LIMIT_BYTES:,}: scale the image down"
        )
    result = payload | {"s3_key": key, "image_data": "", "inferences": []}
    document_bytes = len(json.dumps(result)) + base64_bytes(size)
    by_reference = document_bytes > STATE_LIMIT_BYTES - STATE_HEADROOM_BYTES
    with stored["Body"] as body:
        content = body.read(16) if by_reference else body.read()
    if not any(content.startswith(signature) for signature in SIGNATURES):
        raise NotAnImage(f"s3://{bucket}/{key} is neither a PNG nor a JPEG image")
    if not by_reference:
        result["image_data"] = base64.b64encode(content).decode("ascii")
    return result


def find_object(bucket: str, key: str) -> tuple[str, Any]:
    """Return an object's key and S3's answer for it.

    A key that is not there is looked for in its URL-decoded form too: S3's notifications, and the
    EventBridge events of LocalStack, carry keys URL-encoded.

    Raises:
        BucketNotFound, ObjectNotFound: S3 does not have it.
    """
    try:
        return key, open_object(bucket, key)
    except ObjectNotFound:
        decoded = urllib.parse.unquote_plus(key)
        if decoded == key:
            raise
    return decoded, open_object(bucket, decoded)


def open_object(bucket: str, key: str) -> Any:
    """Return S3's answer for an object, with the body still to be read.

    Raises:
        BucketNotFound, ObjectNotFound: S3 does not have it.
    """
    try:
        return s3_client().get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "NoSuchBucket":
            raise BucketNotFound(f"there is no bucket '{bucket}': check s3_bucket") from error
        if code == "NoSuchKey":
            raise ObjectNotFound(f"there is no object s3://{bucket}/{key}: check s3_key") from error
        raise


def base64_bytes(size_bytes: int) -> int:
    """Return the length of the base64 text of so many bytes."""
    return 4 * ((size_bytes + 2) // 3)


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


def required_text(payload: dict[str, Any], name: str) -> str:
    """Return a key's text.

    Raises:
        InvalidInput: It is missing, empty, or no text.
    """
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(
            f"'{name}' is missing from the input (keys: {', '.join(sorted(payload)) or 'none'})"
        )
    return value


def format_answer(event: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload in the form in which the event brought it."""
    if "body" not in event:
        return payload
    body = json.dumps(payload) if isinstance(event["body"], str) else payload
    return {"statusCode": 200, "body": body}


@functools.cache
def s3_client() -> Any:
    """Return the S3 client, made once per execution environment."""
    return boto3.client("s3")
