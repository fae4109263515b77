"""InvokeEndpointWithResponseStream: the model server's answer, part by part as it comes.

Source: "Event stream encoding" in the Amazon Transcribe developer guide, and botocore's model.
"""

import json
import time
from binascii import crc32
from struct import pack
from typing import Any

import aiohttp
from aiohttp import web

from scones_localstack.sagemaker.errors import ServiceUnavailable, ValidationError
from scones_localstack.sagemaker.fields import check_fields
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.fields import FIELDS
from scones_localstack.sagemaker.hosting.invocation import (
    CONNECTION_CLOSED,
    CUSTOM_ATTRIBUTES_HEADER,
    SILENT,
    TIMED_OUT,
    VARIANT_HEADER,
    Arrival,
    Inference,
    Invoker,
    Route,
    headers_of,
    model_error,
)

_OPERATION = "InvokeEndpointWithResponseStream"
_CONTENT_TYPE_HEADER = "X-Amzn-SageMaker-Content-Type"
_STRING = 7
# A part is this long at most, whatever the server sends at once.
_PART_BYTES = 64 * 1024


class Streamer:
    """Sends invocations to model servers and passes on what they answer while they answer."""

    def __init__(
        self,
        endpoints: Endpoints,
        invoker: Invoker,
        http: aiohttp.ClientSession,
        timeout_seconds: float,
    ) -> None:
        self._endpoints = endpoints
        self._invoker = invoker
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def stream(
        self,
        request: web.Request,
        region: str,
        asked: dict[str, Any],
        body: bytes,
        request_id: str,
    ) -> web.StreamResponse:
        """Answer a request.

        Args:
            request: the client's.
            region: of the endpoint.
            asked: the members of AWS's request that are in the path and in headers.
            body: what the model server is to read.
            request_id: for the answer.

        Raises:
            ServiceError: in AWS's words; after the first part it is a part itself.
        """
        arrival = Arrival.now()
        check_fields(FIELDS, _OPERATION, asked, ValidationError)
        deployment = self._endpoints.serving(region, asked["EndpointName"])
        if deployment.plan.get("async"):
            raise ValidationError(
                f"Endpoint {deployment.name} is asynchronous: use InvokeEndpointAsync."
            )
        route = self._invoker.route(deployment, asked.get("TargetVariant"))
        passing = _Passing(request, route.variant.name, request_id)
        status, sent = 0, time.perf_counter()
        route.instance.begin()
        try:
            status, reason = await self._pass_on(route, asked, body, passing)
            if not 200 <= status < 300:
                raise model_error(deployment.name, region, status, reason)
            await self._invoker.capture(
                route.variant, asked, body, passing.inference(status), arrival
            )
        finally:
            seconds = time.perf_counter() - sent
            overhead = time.perf_counter() - arrival.ticks - seconds
            instances = len(route.variant.instances)
            route.variant.counts.invocation(status, seconds, overhead, instances)
            route.instance.end()
        return await passing.end()

    async def _pass_on(
        self,
        route: Route,
        asked: dict[str, Any],
        body: bytes,
        passing: "_Passing",
        *,
        again: bool = True,
    ) -> tuple[int, str]:
        """Pass an answer on; return its status, and what it says if it is not a good one."""
        try:
            async with self._http.post(
                f"{route.instance.address}/invocations",
                data=body,
                headers=headers_of(asked),
                skip_auto_headers=SILENT,
                timeout=self._timeout,
                allow_redirects=False,
            ) as reply:
                if not 200 <= reply.status < 300:
                    return reply.status, (await reply.read()).decode(errors="replace")
                await passing.begin(reply.headers)
                async for part in reply.content.iter_chunked(_PART_BYTES):
                    await passing.part(part)
                return reply.status, ""
        except TimeoutError:
            if not passing.begun:
                return 0, TIMED_OUT
            await passing.fail("ModelInvocationTimeExceeded", TIMED_OUT)
        except aiohttp.ClientError as error:
            if again and not passing.begun and isinstance(error, CONNECTION_CLOSED):
                return await self._pass_on(route, asked, body, passing, again=False)
            name = route.deployment.name
            what = f"The model server of endpoint {name} has broken off: {error}"
            if not passing.begun:
                raise ServiceUnavailable(what) from error
            await passing.fail("StreamBroken", what)
        return 200, ""


class _Passing:
    """One answer on its way to the client."""

    def __init__(self, request: web.Request, variant: str, request_id: str) -> None:
        self._request = request
        self._variant = variant
        self._request_id = request_id
        self._response: web.StreamResponse | None = None
        self._content_type = ""
        self._parts: list[bytes] = []

    @property
    def begun(self) -> bool:
        """Whether the client has been sent anything."""
        return self._response is not None

    async def begin(self, headers: Any) -> None:
        self._content_type = headers.get("Content-Type", "")
        given = {
            VARIANT_HEADER: self._variant,
            _CONTENT_TYPE_HEADER: self._content_type,
            CUSTOM_ATTRIBUTES_HEADER: headers.get(CUSTOM_ATTRIBUTES_HEADER, ""),
            "x-amzn-RequestId": self._request_id,
            "Content-Type": "application/vnd.amazon.eventstream",
        }
        self._response = web.StreamResponse(
            headers={name: value for name, value in given.items() if value}
        )
        await self._response.prepare(self._request)

    async def part(self, content: bytes) -> None:
        self._parts.append(content)
        headers = {
            ":message-type": "event",
            ":event-type": "PayloadPart",
            ":content-type": "application/octet-stream",
        }
        await self._write(headers, content)

    async def fail(self, code: str, message: str) -> None:
        headers = {
            ":message-type": "exception",
            ":exception-type": "ModelStreamError",
            ":content-type": "application/json",
        }
        await self._write(headers, json.dumps({"Message": message, "ErrorCode": code}).encode())

    async def end(self) -> web.StreamResponse:
        if self._response is None:
            raise RuntimeError("there was no answer to pass on")
        await self._response.write_eof()
        return self._response

    def inference(self, status: int) -> Inference:
        return Inference(status, b"".join(self._parts), self._variant, self._content_type)

    async def _write(self, headers: dict[str, str], payload: bytes) -> None:
        if self._response is not None:
            await self._response.write(encode(headers, payload))


def encode(headers: dict[str, str], payload: bytes) -> bytes:
    """Return an event-stream message.

    Lengths and a checksum of them, the headers, the payload, and a checksum of it all.
    """
    block = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = pack("!II", 16 + len(block) + len(payload), len(block))
    message = prelude + pack("!I", crc32(prelude)) + block + payload
    return message + pack("!I", crc32(message))
