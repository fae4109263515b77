"""Route what the model is sure of, and stop or report the rest.

One image:

    in   {"inferences": [0.02, 0.98], ...}, a list or the JSON text of one
    out  the same, with predicted_class, confidence, loading_bay and order_range;
         or the error THRESHOLD_CONFIDENCE_NOT_MET

A batch, which sends one SNS message that lists the images below the threshold, if there are any:

    in   {"results": [{"s3_bucket", "s3_key", "inferences"}, {"image", "failure"}, ...]}
    out  {"threshold", "routed": [...], "below_threshold": [...], "failed": [...], "notification"}

A confidence that equals the threshold meets it. Environment: THRESHOLD (0 to 1), CLASSES (a JSON
list of {"name", "loading_bay", "order_range"} in class order) and, for batches, TOPIC_ARN.
"""

import functools
import json
import math
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

TRACE_ID_ENV = "_X_AMZN_TRACE_ID"  # set by Lambda
THRESHOLD_ENV = "THRESHOLD"
CLASSES_ENV = "CLASSES"
TOPIC_ARN_ENV = "TOPIC_ARN"
ROUTE_KEYS = ("name", "loading_bay", "order_range")
BATCH_LISTS = ("routed", "below_threshold", "failed")


class THRESHOLD_CONFIDENCE_NOT_MET(Exception):
    """The model is not sure enough; Step Functions takes this class's name as the error's."""


class InvalidInput(ValueError):
    """The event has no inferences, or some that do not fit the class table."""


class InvalidSetting(ValueError):
    """An environment variable of this function is missing or wrong."""


class TopicNotFound(LookupError):
    """There is no topic to notify."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer the event with the decision; the entry point for Lambda."""
    started = time.perf_counter()
    record = new_record("filter_confidence", context)
    try:
        payload = read_payload(event)
        payload.setdefault("correlation_id", context.aws_request_id)
        record |= {key: payload.get(key) for key in ("correlation_id", "s3_bucket", "s3_key")}
        threshold = read_threshold(os.environ.get(THRESHOLD_ENV, ""))
        classes = read_classes(os.environ.get(CLASSES_ENV, ""))
        if "results" in payload:
            result = route_batch(payload, threshold, classes)
            record |= {name: len(result[name]) for name in BATCH_LISTS}
        else:
            result = route_image(payload, threshold, classes)
            record["confidence"] = result["confidence"]
        return format_answer(event, result)
    except Exception as error:
        record |= {"level": "ERROR", "error": f"{type(error).__name__}: {error}"}
        raise
    finally:
        record["milliseconds"] = round(1000 * (time.perf_counter() - started), 1)
        print(json.dumps(record))


def route_image(
    payload: dict[str, Any], threshold: float, classes: list[dict[str, str]]
) -> dict[str, Any]:
    """Return the payload with the decision for its image.

    Raises:
        THRESHOLD_CONFIDENCE_NOT_MET: The most probable class is not probable enough.
        InvalidInput: The inferences are missing or do not fit the class table.
    """
    decision = decide(payload, classes)
    if decision["confidence"] < threshold:
        raise THRESHOLD_CONFIDENCE_NOT_MET(
            f"confidence {decision['confidence']!r} in {json.dumps(decision['predicted_class'])} "
            f"is below the threshold {threshold!r} for {describe(payload)}"
        )
    return payload | decision


def route_batch(
    payload: dict[str, Any], threshold: float, classes: list[dict[str, str]]
) -> dict[str, Any]:
    """Return a batch's images, split by decision, after notifying of those below the threshold."""
    split: dict[str, list[dict[str, Any]]] = {name: [] for name in BATCH_LISTS}
    for item in payload["results"]:
        if "failure" in item:
            split["failed"].append(describe_failure(item))
            continue
        try:
            decision = decide(item, classes)
        except InvalidInput as error:
            split["failed"].append(item | {"error": "InvalidInput", "reason": str(error)})
            continue
        image = {name: item.get(name, "") for name in ("s3_bucket", "s3_key")} | decision
        split["routed" if decision["confidence"] >= threshold else "below_threshold"].append(image)
    message_id = notify(payload, threshold, split) if split["below_threshold"] else None
    return {"threshold": threshold, **split, "notification": message_id}


def decide(payload: dict[str, Any], classes: list[dict[str, str]]) -> dict[str, Any]:
    """Return the most probable class, its probability and its route.

    Raises:
        InvalidInput: The inferences are missing or do not fit the class table.
    """
    probabilities = read_inferences(payload)
    if len(probabilities) != len(classes):
        raise InvalidInput(
            f"{len(probabilities)} inferences do not fit {len(classes)} classes "
            f"({', '.join(route['name'] for route in classes)})"
        )
    confidence = max(probabilities)
    route = classes[probabilities.index(confidence)]
    return {
        "predicted_class": route["name"],
        "confidence": confidence,
        "loading_bay": route["loading_bay"],
        "order_range": route["order_range"],
    }


def read_inferences(payload: dict[str, Any]) -> list[float]:
    """Return the probabilities, from a list or from the JSON text of one.

    Raises:
        InvalidInput: They are missing, none, or no numbers.
    """
    value: Any = payload.get("inferences")
    try:
        listed = json.loads(value) if isinstance(value, str) else value
        if not isinstance(listed, list):
            raise TypeError("not a list")
        numbers = [float(item) for item in listed]
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"'inferences' is no list of probabilities but {json.dumps(value)[:80]}"
        ) from error
    if not numbers or not all(math.isfinite(number) for number in numbers):
        raise InvalidInput(f"'inferences' has no usable probabilities: {numbers}")
    return numbers


def notify(
    payload: dict[str, Any], threshold: float, split: dict[str, list[dict[str, Any]]]
) -> str:
    """Publish one message that lists a batch's images below the threshold; return its id.

    Raises:
        TopicNotFound: There is no topic, or none is configured.
    """
    topic_arn = os.environ.get(TOPIC_ARN_ENV, "")
    if not topic_arn:
        raise TopicNotFound(f"the environment variable {TOPIC_ARN_ENV} is not set")
    below, total = len(split["below_threshold"]), len(payload["results"])
    message = {
        "summary": f"{below} of {total} images are below the confidence threshold",
        "correlation_id": payload["correlation_id"],
        "execution": payload.get("execution_arn", ""),
        "threshold": threshold,
        "images": [
            {
                "image": f"s3://{image['s3_bucket']}/{image['s3_key']}",
                "predicted_class": image["predicted_class"],
                "confidence": round(image["confidence"], 4),
            }
            for image in sorted(split["below_threshold"], key=lambda image: image["confidence"])
        ],
        "failed": len(split["failed"]),
    }
    subject = f"{below} of {total} images below the confidence threshold {threshold:g}"
    try:
        answer = sns_client().publish(
            TopicArn=topic_arn, Subject=subject, Message=json.dumps(message, indent=2)
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NotFound", "NotFoundException"):
            raise TopicNotFound(f"there is no topic '{topic_arn}': deploy the stack") from error
        raise
    return str(answer["MessageId"])


def describe_failure(item: dict[str, Any]) -> dict[str, Any]:
    """Return an image that the Map state gave up on, with the error's name and its reason."""
    failure, image = item["failure"], item.get("image")
    try:
        reason = json.loads(failure["Cause"])["errorMessage"]
    except (KeyError, TypeError, ValueError):
        reason = failure.get("Cause", "")  # not Lambda's document: Step Functions' own words
    named = image if isinstance(image, dict) else {"image": image}
    return named | {"error": failure.get("Error", ""), "reason": reason}


def describe(payload: dict[str, Any]) -> str:
    """Name the image of a payload in a message."""
    if payload.get("s3_key"):
        return f"s3://{payload.get('s3_bucket', '')}/{payload['s3_key']}"
    return "the image"


@functools.cache
def read_threshold(text: str) -> float:
    """Return the threshold.

    Raises:
        InvalidSetting: It is no number from 0 to 1.
    """
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not 0 <= threshold <= 1:
        raise InvalidSetting(f"{THRESHOLD_ENV} is {text!r}, not a number from 0 to 1")
    return threshold


@functools.cache
def read_classes(text: str) -> list[dict[str, str]]:
    """Return the class table, in class order.

    Raises:
        InvalidSetting: It is no JSON list of classes with their routes.
    """
    try:
        table = json.loads(text)
        return [{name: str(row[name]) for name in ROUTE_KEYS} for row in table]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidSetting(
            f"{CLASSES_ENV} is no JSON list of objects with {', '.join(ROUTE_KEYS)}: {text[:80]!r}"
        ) from error


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
def sns_client() -> Any:
    """Return the SNS client, made once per execution environment."""
    return boto3.client("sns")
