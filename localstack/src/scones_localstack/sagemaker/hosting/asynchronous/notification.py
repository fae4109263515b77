"""AWS's messages about asynchronous inferences, and their way to SNS.

Source: "Check prediction results" in the SageMaker developer guide, and messages that real
endpoints have sent.
"""

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.hosting.asynchronous.requests import AsyncRequest
from scones_localstack.sagemaker.hosting.invocation import Inference

# Larger answers are not in the message.
BODY_BYTES = 128 * 1024
_PATIENCE_SECONDS = 600.0
_RETRY_SECONDS = 1.0
_INCLUDED = {"SuccessTopic": "SUCCESS_NOTIFICATION_TOPIC", "ErrorTopic": "ERROR_NOTIFICATION_TOPIC"}
_log = logging.getLogger(__name__)


def topic_of(request: AsyncRequest, reason: str) -> str:
    """Return the topic for how a request has ended; empty if nobody is to be told."""
    return str(request.notification.get(_member(reason), ""))


def message_of(
    request: AsyncRequest,
    region: str,
    endpoint: str,
    answer: Inference | None,
    reason: str,
    ended: float,
) -> dict[str, Any]:
    """Return the message about a request that has ended.

    Args:
        request: the request.
        region: of the endpoint.
        endpoint: its name.
        answer: what the model server said, if anything.
        reason: why it has failed; empty if it has not.
        ended: in seconds since the epoch.
    """
    asked = {
        "accept": request.accept,
        "contentType": request.content_type,
        "customAttributes": request.custom_attributes,
        "endpointName": endpoint,
        "inputLocation": request.input,
    }
    message: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _time(ended),
        "receivedTime": _time(request.received),
        "invocationStatus": "Failed" if reason else "Completed",
        "failureReason": reason,
        "requestParameters": {name: value for name, value in asked.items() if value},
    }
    place = request.failure if reason else request.output
    if answer is not None:
        given = {"contentType": answer.content_type, "outputLocation": place}
        message["responseParameters"] = {name: value for name, value in given.items() if value}
        if _includes_body(request, reason) and len(answer.body) <= BODY_BYTES:
            content = base64.b64encode(answer.body).decode()
            message["responseBody"] = {"content": content, "encoding": "BASE64"}
    message |= {
        "inferenceId": request.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return {name: value for name, value in message.items() if value}


async def publish(aws: Aws, topic: str, message: dict[str, Any]) -> None:
    """Send a message, with patience for an SNS that is away; what it refuses is logged."""
    region = topic.split(":")[3]
    text = json.dumps(message, separators=(",", ":"))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_SECONDS
    while True:
        try:
            client = aws.client("sns", region)
            await asyncio.to_thread(client.publish, TopicArn=topic, Message=text)
            return
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            if status < 500 or loop.time() > deadline:
                _log.warning("%s does not take a message: %s", topic, error)
                return
        except BotoCoreError as error:
            if loop.time() > deadline:
                _log.warning("SNS does not answer; a message to %s is lost: %s", topic, error)
                return
        await asyncio.sleep(_RETRY_SECONDS)


def _member(reason: str) -> str:
    return "ErrorTopic" if reason else "SuccessTopic"


def _includes_body(request: AsyncRequest, reason: str) -> bool:
    included = request.notification.get("IncludeInferenceResponseIn", ())
    return _INCLUDED[_member(reason)] in included


def _time(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
