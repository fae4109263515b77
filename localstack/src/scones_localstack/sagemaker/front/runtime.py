"""The runtime: REST, `POST /endpoints/{name}/invocations`."""

from typing import Any

from aiohttp import web

from scones_localstack.sagemaker.errors import (
    NotImplementedYet,
    PayloadTooLarge,
    ValidationError,
)
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.front.validation import check
from scones_localstack.sagemaker.hosting.invocation import CUSTOM_ATTRIBUTES_HEADER, Invoker

BODY_BYTES = 6_291_456
VARIANT_HEADER = "x-Amzn-Invoked-Production-Variant"
_OPERATION = "InvokeEndpoint"


class Runtime:
    """Turns a request into an invocation, and the inference into a response."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._shape = model.input_shape(model.RUNTIME, _OPERATION)
        self._headers = [
            (name, member.serialization["name"])
            for name, member in self._shape.members.items()
            if member.serialization.get("location") == "header"
        ]

    async def invoke(self, request: web.Request, region: str) -> web.Response:
        """Answer InvokeEndpoint."""
        if (request.content_length or 0) > BODY_BYTES:
            raise too_large()
        body = await request.read()
        inference = await self._invoker.invoke(region, self._asked(request, body), body)
        headers = {VARIANT_HEADER: inference.variant}
        if inference.content_type:
            headers["Content-Type"] = inference.content_type
        if inference.custom_attributes:
            headers[CUSTOM_ATTRIBUTES_HEADER] = inference.custom_attributes
        return web.Response(body=inference.body, headers=headers)

    def _asked(self, request: web.Request, body: bytes) -> dict[str, Any]:
        """Return the request as AWS's model has it, checked."""
        asked = {"EndpointName": request.match_info["name"], "Body": body}
        for name, header in self._headers:
            value = request.headers.get(header)
            if value is not None:
                asked[name] = value
        cleaned, finding = check(self._shape, asked)
        if finding:
            raise ValidationError(finding)
        return cleaned


def too_large() -> PayloadTooLarge:
    """Return the error for a body beyond AWS's limit."""
    return PayloadTooLarge(f"HTTP content length exceeded {BODY_BYTES} bytes.")


def not_yet(operation: str) -> NotImplementedYet:
    """Return the error for a runtime operation that this service does not have."""
    return NotImplementedYet(
        f"{operation} is an operation of SageMaker Runtime that this service does not have yet. "
        f"It has {_OPERATION}."
    )
