"""InvokeEndpoint: straight to the model server and back, captured on the way.

Source: "Use Your Own Inference Code with Hosting Services" in the SageMaker developer guide, and
the InvokeEndpoint page of the API reference for limits and errors.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from scones_localstack.sagemaker.arns import ACCOUNT, log_group_arn
from scones_localstack.sagemaker.errors import ModelError, ServiceUnavailable, ValidationError
from scones_localstack.sagemaker.hosting.capture import DEFAULT_CONTENT_TYPE, Exchange, Payload
from scones_localstack.sagemaker.hosting.deployment import Deployment
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.logs import ENDPOINT_GROUP
from scones_localstack.sagemaker.store import now

CUSTOM_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
_INFERENCE_ID_HEADER = "X-Amzn-SageMaker-Inference-Id"
_MESSAGE_CHARACTERS = 4096
# Above this, writing a capture's text takes longer than handing it to a thread.
_LARGE_BYTES = 256 * 1024
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
# What the model server is not told: it never asked aiohttp for it, and AWS does not send it.
_SILENT = ("Accept", "Accept-Encoding", "User-Agent")
_NOT_YET = ("TargetModel", "TargetContainerHostname", "InferenceComponentName", "SessionId")


@dataclass(frozen=True)
class Inference:
    """A model server's answer.

    Attributes:
        body: as it came.
        variant: which production variant has answered.
        content_type: as it came; empty if the server named none.
        custom_attributes: what the server passes to the client, or nothing.
    """

    body: bytes
    variant: str
    content_type: str = ""
    custom_attributes: str = ""


class Invoker:
    """Sends invocations to the model server of an endpoint, over connections that are kept."""

    def __init__(
        self,
        endpoints: Endpoints,
        spool: CaptureSpool,
        http: aiohttp.ClientSession,
        timeout_seconds: float,
    ) -> None:
        self._endpoints = endpoints
        self._spool = spool
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def invoke(self, region: str, asked: dict[str, Any], body: bytes) -> Inference:
        """Invoke an endpoint.

        Args:
            region: of the endpoint.
            asked: the members of AWS's request that are in the path and in headers.
            body: what the model server is to read.

        Raises:
            ServiceError: in AWS's words, whatever is wrong.
        """
        arrived = now()
        deployment = self._endpoints.serving(region, asked["EndpointName"])
        _check(deployment, asked)
        answer = await self._forward(deployment, region, asked, body)
        if deployment.capture and deployment.capture.wants():
            sent = Payload(body, asked.get("ContentType") or DEFAULT_CONTENT_TYPE)
            exchange = Exchange(
                arrived,
                sent,
                Payload(answer.body, answer.content_type or DEFAULT_CONTENT_TYPE),
                asked.get("InferenceId", ""),
                asked.get("CustomAttributes", ""),
            )
            await self._capture(deployment, exchange)
        return answer

    async def _forward(
        self, deployment: Deployment, region: str, asked: dict[str, Any], body: bytes
    ) -> Inference:
        try:
            status, headers, answer = await self._post(deployment, _headers(asked), body)
        except TimeoutError as error:
            raise _model_error(deployment.name, region, 0, _TIMED_OUT) from error
        except aiohttp.ClientError as error:
            raise ServiceUnavailable(
                f"The model server of endpoint {deployment.name} does not answer: {error}"
            ) from error
        if not 200 <= status < 300:
            message = answer.decode(errors="replace")
            raise _model_error(deployment.name, region, status, message)
        return Inference(
            answer,
            deployment.variant,
            headers.get("Content-Type", ""),
            headers.get(CUSTOM_ATTRIBUTES_HEADER, ""),
        )

    async def _post(
        self, deployment: Deployment, headers: dict[str, str], body: bytes, *, again: bool = True
    ) -> tuple[int, Any, bytes]:
        try:
            async with self._http.post(
                f"{deployment.address}/invocations",
                data=body,
                headers=headers,
                skip_auto_headers=_SILENT,
                timeout=self._timeout,
                allow_redirects=False,
            ) as reply:
                return reply.status, reply.headers, await reply.read()
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # A kept connection may be closed by the server just as it is used.
            if not again or deployment.address is None:
                raise
        return await self._post(deployment, headers, body, again=False)

    async def _capture(self, deployment: Deployment, exchange: Exchange) -> None:
        plan = deployment.capture
        if plan is None:
            return
        if len(exchange.sent.body) + len(exchange.answered.body) > _LARGE_BYTES:
            line = await asyncio.to_thread(plan.record, exchange)
        else:
            line = plan.record(exchange)
        self._spool.append(deployment.capture_folder, line, exchange.moment)


def _check(deployment: Deployment, asked: dict[str, Any]) -> None:
    for member in _NOT_YET:
        if member in asked:
            raise ValidationError(f"{member} is not supported by this service yet.")
    variant = asked.get("TargetVariant", deployment.variant)
    if variant != deployment.variant:
        raise ValidationError(f"Variant {variant} not found for Endpoint {deployment.name}.")


def _headers(asked: dict[str, Any]) -> dict[str, str]:
    names = {
        "Content-Type": asked.get("ContentType"),
        "Accept": asked.get("Accept"),
        CUSTOM_ATTRIBUTES_HEADER: asked.get("CustomAttributes"),
        _INFERENCE_ID_HEADER: asked.get("InferenceId"),
    }
    return {name: value for name, value in names.items() if value}


def _model_error(endpoint: str, region: str, status: int, message: str) -> ModelError:
    group = f"{ENDPOINT_GROUP}/{endpoint}"
    message = message[:_MESSAGE_CHARACTERS]
    side = "client" if 400 <= status < 500 else "server"
    return ModelError(
        f'Received {side} error ({status}) from primary with message "{message}". '
        f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        f"#logEventViewer:group={group} in account {ACCOUNT} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=log_group_arn(region, group),
    )
