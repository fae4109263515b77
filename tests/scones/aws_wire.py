"""AWS's side of the wire, without AWS: takes the requests that botocore sends, and answers them.

Nothing is replaced above the socket: signing, serialisation, endpoint rules and parsing are
botocore's own. Each request is read back and checked against botocore's model, patterns included.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.aws_models import faults


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
            assert not (found := faults("sagemaker", operation, parameters)), found
        return Sent(host, operation, parameters, body)
    if host.startswith("runtime.sagemaker"):
        return Sent(host, "InvokeEndpoint", dict(request.headers), body)
    if b"Action=" in body:
        fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Sent(host, fields["Action"], fields, body)
    return Sent(host, f"{request.method} {url.path}", {}, body)
