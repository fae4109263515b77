"""AWS's side of the wire, without AWS: takes the requests that botocore sends, and answers them.

Nothing is replaced above the socket: signing, serialisation, endpoint rules and parsing are
botocore's own. Each request is read back and checked against botocore's model, patterns included.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.model import Shape
from botocore.validate import ParamValidator

_MODELS = botocore.session.get_session()


@dataclass
class Sent:
    """One request: the service's host, the operation, and what was asked."""

    host: str
    operation: str
    parameters: dict[str, Any]
    body: bytes


@dataclass
class Wire:
    """Answers by operation; keeps what was sent."""

    answers: dict[str, Callable[[dict[str, Any]], tuple[int, str]]]
    sent: list[Sent] = field(default_factory=list)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        taken = _read(request)
        self.sent.append(taken)
        status, text = self.answers.get(taken.operation, lambda _: (200, ""))(taken.parameters)
        return AWSResponse(request.url, status, {}, _Raw(text.encode()))

    def asked(self, operation: str) -> dict[str, Any]:
        """The parameters of the only request of this operation."""
        (found,) = [sent.parameters for sent in self.sent if sent.operation == operation]
        return found

    def operations(self) -> list[str]:
        return [sent.operation for sent in self.sent]


class _Raw(BytesIO):
    """An answer's body, as urllib3 would hand it over."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _read(request: AWSPreparedRequest) -> Sent:
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.read() if hasattr(body, "read") else body
    body = body.encode() if isinstance(body, str) else bytes(body)
    host = str(url.hostname)
    if target := request.headers.get("X-Amz-Target"):
        target = target.decode() if isinstance(target, bytes) else target
        operation = target.partition(".")[2]
        parameters = json.loads(body)
        if target.startswith("SageMaker."):
            _check("sagemaker", operation, parameters)
        return Sent(host, operation, parameters, body)
    if host.startswith("runtime.sagemaker"):
        return Sent(host, "InvokeEndpoint", dict(request.headers), body)
    if b"Action=" in body:
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Sent(host, fields["Action"], fields, body)
    return Sent(host, f"{request.method} {url.path}", {}, body)


def _check(service: str, operation: str, parameters: dict[str, Any]) -> None:
    shape = _MODELS.get_service_model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(parameters, shape)
    assert not report.has_errors(), report.generate_report()
    _check_constraints(parameters, shape, operation)


def _check_constraints(value: Any, shape: Shape, where: str) -> None:
    """What botocore leaves to the service: patterns, enumerations and lengths."""
    if shape.type_name == "structure":
        for name, member in value.items():
            _check_constraints(member, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list":
        assert len(value) <= shape.metadata.get("max", len(value)), where
        for member in value:
            _check_constraints(member, shape.member, f"{where}[]")
    elif shape.type_name == "map":
        for name, member in value.items():
            _check_constraints(name, shape.key, f"{where} key")
            _check_constraints(member, shape.value, f"{where}.{name}")
    elif shape.type_name == "string":
        assert len(value) <= shape.metadata.get("max", len(value)), where
        if pattern := shape.metadata.get("pattern"):
            assert re.fullmatch(pattern, value), f"{where}: {value!r} is not {pattern}"
        if shape.enum:
            assert value in shape.enum, f"{where}: {value!r} is none of {shape.enum}"
