"""The runtime: REST, `POST /endpoints/{name}/invocations` and its two siblings."""

import json
from typing import Any

from aiohttp import web

from scones_localstack.sagemaker.errors import PayloadTooLarge, ValidationError
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.front.validation import check
from scones_localstack.sagemaker.front.wire import new_request_id
from scones_localstack.sagemaker.hosting.asynchronous.operation import AsyncInvoker
from scones_localstack.sagemaker.hosting.invocation import (
    BODY_BYTES,
    CUSTOM_ATTRIBUTES_HEADER,
    VARIANT_HEADER,
    Arrival,
    Invoker,
)
from scones_localstack.sagemaker.hosting.streaming import Streamer


class _Operation:
    """How one of the runtime's operations is written in HTTP."""

    def __init__(self, name: str) -> None:
        self._shape = model.input_shape(model.RUNTIME, name)
        self._headers = [
            (member_name, member.serialization["name"], member.type_name == "integer")
            for member_name, member in self._shape.members.items()
            if member.serialization.get("location") == "header"
        ]

    def asked(self, request: web.Request, body: bytes | None) -> dict[str, Any]:
        """Return a request as AWS's model has it, checked.

        Raises:
            ValidationError: in AWS's words.
        """
        asked: dict[str, Any] = {"EndpointName": request.match_info["name"]}
        if body is not None:
            asked["Body"] = body
        for name, header, is_number in self._headers:
            value = request.headers.get(header)
            if value is not None:
                asked[name] = int(value) if is_number and value.isdecimal() else value
        cleaned, finding = check(self._shape, asked)
        if finding:
            raise ValidationError(finding)
        return cleaned


class Runtime:
    """Turns a request into an invocation, and the inference into a response."""

    def __init__(self, invoker: Invoker, accepting: AsyncInvoker, streamer: Streamer) -> None:
        self._invoker = invoker
        self._accepting = accepting
        self._streamer = streamer
        self._invoke = _Operation("InvokeEndpoint")
        self._invoke_async = _Operation("InvokeEndpointAsync")
        self._stream = _Operation("InvokeEndpointWithResponseStream")

    async def invoke(self, request: web.Request, region: str) -> web.StreamResponse:
        """Answer InvokeEndpoint."""
        arrival = Arrival.now()
        body = await _body(request)
        asked = self._invoke.asked(request, body)
        inference = await self._invoker.invoke(region, asked, body, arrival)
        headers = {VARIANT_HEADER: inference.variant, "x-amzn-RequestId": new_request_id()}
        if inference.content_type:
            headers["Content-Type"] = inference.content_type
        if inference.custom_attributes:
            headers[CUSTOM_ATTRIBUTES_HEADER] = inference.custom_attributes
        return web.Response(body=inference.body, headers=headers)

    async def invoke_async(self, request: web.Request, region: str) -> web.StreamResponse:
        """Answer InvokeEndpointAsync."""
        accepted = self._accepting.accept(region, self._invoke_async.asked(request, None))
        headers = {
            "x-amzn-RequestId": new_request_id(),
            "X-Amzn-SageMaker-OutputLocation": accepted.output,
            "X-Amzn-SageMaker-FailureLocation": accepted.failure,
        }
        return web.Response(
            status=202,
            body=json.dumps({"InferenceId": accepted.inference_id}).encode(),
            headers={name: value for name, value in headers.items() if value},
            content_type="application/json",
        )

    async def stream(self, request: web.Request, region: str) -> web.StreamResponse:
        """Answer InvokeEndpointWithResponseStream."""
        body = await _body(request)
        asked = self._stream.asked(request, body)
        return await self._streamer.stream(request, region, asked, body, new_request_id())


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > BODY_BYTES:
        raise too_large()
    return await request.read()


def too_large() -> PayloadTooLarge:
    """Return the error for a body beyond AWS's limit."""
    return PayloadTooLarge(f"HTTP content length exceeded {BODY_BYTES} bytes.")
