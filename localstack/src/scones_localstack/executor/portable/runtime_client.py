"""awslambdaric's `runtime_client` without its native half, for any minor version of Python.

awslambdaric looks for a module of this name; where the compiled one does not load, this one is
found next to it. Standard library only, and no syntax newer than Python 3.9.
"""

from __future__ import annotations

import http.client
import os
from email.message import Message

_ROOT = "/2018-06-01/runtime"


class _Session:
    connection: http.client.HTTPConnection | None = None
    user_agent = ""


def initialize_client(user_agent: str) -> None:
    """Remember how to introduce the runtime."""
    _Session.user_agent = user_agent


def next() -> tuple[bytes, Message]:  # noqa: A001
    """Wait for the next invocation; returns its body and its headers."""
    return _request("GET", "/invocation/next", None, {}, 200)


def post_invocation_result(
    invoke_id: str, result_data: bytes, content_type: str = "application/json"
) -> None:
    """Send the function's answer."""
    headers = {"Content-Type": content_type}
    _request("POST", f"/invocation/{invoke_id}/response", result_data, headers, 202)


def post_error(invoke_id: str, error_response_data: str, xray_fault: str) -> None:
    """Send the function's error, a JSON document."""
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-Error-Type": "Unhandled",
    }
    body = error_response_data.encode("utf-8")
    _request("POST", f"/invocation/{invoke_id}/error", body, headers, 202)


def _request(
    method: str, path: str, body: bytes | None, headers: dict[str, str], expected: int
) -> tuple[bytes, Message]:
    if _Session.connection is None:
        _Session.connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    headers = {**headers, "User-Agent": _Session.user_agent}
    _Session.connection.request(method, _ROOT + path, body, headers)
    response = _Session.connection.getresponse()
    content = response.read()
    if response.status != expected:
        raise RuntimeError(f"{path} answered {response.status}: {content!r}")
    return content, response.headers
