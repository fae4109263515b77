"""InvokeEndpoint: straight to a model server and back, counted and captured on the way.

Source: "Use Your Own Inference Code with Hosting Services" in the SageMaker developer guide, and
the InvokeEndpoint page of the API reference for limits and errors.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from scones_localstack.sagemaker.arns import ACCOUNT, log_group_arn
from scones_localstack.sagemaker.errors import ModelError, ServiceUnavailable, ValidationError
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.hosting.capture import DEFAULT_CONTENT_TYPE, Exchange, Payload
from scones_localstack.sagemaker.hosting.deployment import Deployment
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.hosting.instance import Instance
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.hosting.variant import Variant
from scones_localstack.sagemaker.logs import ENDPOINT_GROUP
from scones_localstack.sagemaker.store import now

# The most that a request or an answer may have.
BODY_BYTES = 6_291_456
VARIANT_HEADER = "x-Amzn-Invoked-Production-Variant"
CUSTOM_ATTRIBUTES_HEADER = "X-Amzn-SageMaker-Custom-Attributes"
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the "
    "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)
_OPERATION = "InvokeEndpoint"
_NOT_HONOURED = frozenset(field.path for field in FIELDS if field.operation == _OPERATION)
_INFERENCE_ID_HEADER = "X-Amzn-SageMaker-Inference-Id"
_MESSAGE_CHARACTERS = 4096
# Above this, writing a capture's text takes longer than handing it to a thread.
_LARGE_BYTES = 256 * 1024
# What the model server is not told: it never asked aiohttp for it, and AWS does not send it.
SILENT = ("Accept", "Accept-Encoding", "User-Agent")
# A kept connection may be closed by the server just as it is used: then a request goes out again.
CONNECTION_CLOSED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@dataclass(frozen=True)
class Inference:
    """A model server's answer.

    Attributes:
        status: of HTTP.
        body: as it came.
        variant: which production variant has answered.
        content_type: as it came; empty if the server named none.
        custom_attributes: what the server passes to the client, or nothing.
    """

    status: int
    body: bytes
    variant: str
    content_type: str = ""
    custom_attributes: str = ""

    @property
    def good(self) -> bool:
        """Whether the model server has answered as asked."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Arrival:
    """When a request has arrived: by the clock, and for measuring; in seconds."""

    moment: float
    ticks: float

    @classmethod
    def now(cls) -> "Arrival":
        """Return the present."""
        return cls(now(), time.perf_counter())


@dataclass(frozen=True)
class Route:
    """Where one invocation goes: an endpoint, its variant and one of that one's servers."""

    deployment: Deployment
    variant: Variant
    instance: Instance


class Invoker:
    """Sends invocations to the model servers of an endpoint, over connections that are kept."""

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
        self._timeout_seconds = timeout_seconds

    async def invoke(
        self, region: str, asked: dict[str, Any], body: bytes, arrival: Arrival
    ) -> Inference:
        """Invoke an endpoint.

        Args:
            region: of the endpoint.
            asked: the members of AWS's request that are in the path and in headers.
            body: what the model server is to read.
            arrival: when the request came in.

        Raises:
            ServiceError: in AWS's words, whatever is wrong.
        """
        if not _NOT_HONOURED.isdisjoint(asked):
            check_fields(FIELDS, _OPERATION, asked, ValidationError)
        deployment = self._endpoints.serving(region, asked["EndpointName"])
        if deployment.plan.get("async"):
            raise ValidationError(
                f"Endpoint {deployment.name} is asynchronous: use InvokeEndpointAsync."
            )
        route = self.route(deployment, asked.get("TargetVariant"))
        try:
            answer = await self.send(route, asked, body, arrival, self._timeout_seconds)
        except TimeoutError as error:
            raise model_error(deployment.name, region, 0, TIMED_OUT) from error
        if not answer.good:
            message = answer.body.decode(errors="replace")
            raise model_error(deployment.name, region, answer.status, message)
        if len(answer.body) > BODY_BYTES:
            message = f"The response has {len(answer.body)} bytes, more than {BODY_BYTES}."
            raise model_error(deployment.name, region, 0, message)
        return answer

    def route(self, deployment: Deployment, target: str | None) -> Route:
        """Return where an invocation goes.

        Raises:
            ValidationError: there is no variant of that name.
            ServiceUnavailable: no model server answers at the moment.
        """
        try:
            chosen = deployment.choose(target)
        except KeyError:
            raise ValidationError(
                f"Variant {target} not found for Endpoint {deployment.name}."
            ) from None
        if chosen is None:
            raise ServiceUnavailable(
                f"The model server of endpoint {deployment.name} is being started again; "
                "DescribeEndpoint tells why."
            )
        return Route(deployment, *chosen)

    async def send(
        self,
        route: Route,
        asked: dict[str, Any],
        body: bytes,
        arrival: Arrival,
        timeout_seconds: float,
    ) -> Inference:
        """Send a body to a model server; count what comes back, and capture it if it is good.

        Raises:
            TimeoutError: the server has not answered in time.
            ServiceUnavailable: it has broken off, or does not answer at all.
        """
        status, sent, answered = 0, time.perf_counter(), 0.0
        route.instance.begin()
        try:
            timeout = aiohttp.ClientTimeout(total=timeout_seconds)
            status, headers, answer = await self._post(route, headers_of(asked), body, timeout)
            answered = time.perf_counter()
            inference = Inference(
                status,
                answer,
                route.variant.name,
                headers.get("Content-Type", ""),
                headers.get(CUSTOM_ATTRIBUTES_HEADER, ""),
            )
            if inference.good:
                await self.capture(route.variant, asked, body, inference, arrival)
            return inference
        except aiohttp.ClientError as error:
            raise ServiceUnavailable(
                f"The model server of endpoint {route.deployment.name} does not answer: {error}"
            ) from error
        finally:
            model_seconds = (answered or time.perf_counter()) - sent
            overhead = time.perf_counter() - arrival.ticks - model_seconds
            instances = len(route.variant.instances)
            route.variant.counts.invocation(status, model_seconds, overhead, instances)
            route.instance.end()

    async def capture(
        self,
        variant: Variant,
        asked: dict[str, Any],
        body: bytes,
        answer: Inference,
        arrival: Arrival,
    ) -> None:
        """Capture an exchange, if the variant's sampling has it so."""
        plan = variant.capture
        if plan is None or not plan.wants():
            return
        exchange = Exchange(
            arrival.moment,
            Payload(body, asked.get("ContentType") or DEFAULT_CONTENT_TYPE),
            Payload(answer.body, answer.content_type or DEFAULT_CONTENT_TYPE),
            asked.get("InferenceId", ""),
            asked.get("CustomAttributes", ""),
        )
        if len(body) + len(answer.body) > _LARGE_BYTES:
            line = await asyncio.to_thread(plan.record, exchange)
        else:
            line = plan.record(exchange)
        self._spool.append(variant.capture_folder, line, exchange.moment)

    async def _post(
        self,
        route: Route,
        headers: dict[str, str],
        body: bytes,
        timeout: aiohttp.ClientTimeout,
        *,
        again: bool = True,
    ) -> tuple[int, Any, bytes]:
        try:
            async with self._http.post(
                f"{route.instance.address}/invocations",
                data=body,
                headers=headers,
                skip_auto_headers=SILENT,
                timeout=timeout,
                allow_redirects=False,
            ) as reply:
                return reply.status, reply.headers, await reply.read()
        except CONNECTION_CLOSED:
            if not again or route.instance.address is None:
                raise
        return await self._post(route, headers, body, timeout, again=False)


def headers_of(asked: dict[str, Any]) -> dict[str, str]:
    """Return the headers that the model server is sent."""
    names = {
        "Content-Type": asked.get("ContentType"),
        "Accept": asked.get("Accept"),
        CUSTOM_ATTRIBUTES_HEADER: asked.get("CustomAttributes"),
        _INFERENCE_ID_HEADER: asked.get("InferenceId"),
    }
    return {name: value for name, value in names.items() if value}


def model_error(endpoint: str, region: str, status: int, message: str) -> ModelError:
    """Return the error for what a model server has answered, or has not (status 0)."""
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
