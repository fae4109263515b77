"""AWS's wire forms: request ids, the region of a signature, answers and errors."""

import json
import re
import uuid
from typing import Any

from aiohttp import web

from scones_localstack.sagemaker.errors import ServiceError
from scones_localstack.sagemaker.front import model

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/([a-z0-9-]{1,32})/")

CONTENT_TYPES = {
    model.CONTROL_PLANE: "application/x-amz-json-1.1",
    model.RUNTIME: "application/json",
}


def new_request_id() -> str:
    """Return a fresh id, as each answer carries one."""
    return str(uuid.uuid4())


def region_of(request: web.Request, default: str) -> str:
    """Return the region in the signature's credential scope; signatures are not checked."""
    match = _CREDENTIAL_SCOPE.search(request.headers.get("Authorization", ""))
    return match.group(1) if match else default


def answer(document: dict[str, Any], request_id: str) -> web.Response:
    """Return a control-plane answer."""
    return _json(document, 200, model.CONTROL_PLANE, {"x-amzn-RequestId": request_id})


def failure(error: ServiceError, service: str, request_id: str) -> web.Response:
    """Return an error in the form of the given API."""
    headers = {"x-amzn-RequestId": request_id}
    document: dict[str, Any] = {}
    if error.code:
        headers["x-amzn-errortype"] = error.code
        document["__type"] = error.code
    document[model.message_member(service, error.code)] = error.message
    return _json(document | error.members, error.status, service, headers)


def _json(
    document: dict[str, Any], status: int, service: str, headers: dict[str, str]
) -> web.Response:
    return web.Response(
        body=json.dumps(document).encode(),
        status=status,
        headers=headers,
        content_type=CONTENT_TYPES[service],
    )
