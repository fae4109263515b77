"""Writes down who asked what: one JSON line for each AWS request that LocalStack parses.

    {"service", "operation", "principal", "parameters"}

`principal` is the ARN of the role whose credentials signed the request, else its access key.
Bytes and streams are left out of `parameters`. Off unless `--request-log FILE` is given: a file
of all requests is for comparing what roles do with what their policies allow.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

OMITTED = "<bytes>"


class RequestLog:
    """Appends to one file; safe in threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._roles: dict[str, str] = {}

    def __call__(self, _chain: Any, context: Any, _response: Any) -> None:
        """Write down a request, as a handler of LocalStack's gateway."""
        if context.service is None or context.operation is None:
            return
        line = json.dumps(
            {
                "service": context.service.service_name,
                "operation": context.operation.name,
                "principal": self._principal(context),
                "parameters": plain(context.service_request or {}),
            }
        )
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def _principal(self, context: Any) -> str:
        from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header
        from moto.sts.models import sts_backends

        key = str(extract_access_key_id_from_auth_header(context.request.headers) or "")
        if key not in self._roles:
            backend = sts_backends[context.account_id][context.partition]
            role = backend.get_assumed_role_from_access_key(key)
            if role is None:
                return key
            self._roles[key] = str(role.role_arn)
        return self._roles[key]


def install(path: Path) -> None:
    """Have every request written down from now on; call before the gateway listens."""
    from localstack.aws.handlers import serve_custom_service_request_handlers

    serve_custom_service_request_handlers.append(RequestLog(path))


def plain(value: Any) -> Any:
    """Return a request's parameters as JSON has them, without bytes and streams."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): plain(member) for name, member in value.items()}
        case bytes() | bytearray():
            return OMITTED
        case Sequence():
            return [plain(member) for member in value]
        case _:
            return OMITTED if hasattr(value, "read") or hasattr(value, "__iter__") else str(value)
