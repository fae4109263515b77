"""SageMaker calls on their way to the service.

LocalStack's one port answers for `sagemaker` and `sagemaker-runtime` too, so that a client that
knows one address, and Step Functions, which calls LocalStack itself, find everything there. What
comes in goes on byte for byte, and what comes back goes out the same way: the service alone decides
what is right. LocalStack's own forwarder will not do: it writes requests anew from what it has
parsed, and cannot with a binary body.
"""

import logging
from typing import Any

import urllib3
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.spec import load_service
from localstack.http import Response
from rolo.request import get_raw_path

LOG = logging.getLogger(__name__)
CONNECT_SECONDS = 5.0
# A model may take 60 s to answer an invocation:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
ANSWER_SECONDS = 70.0
_MOST_CONNECTIONS = 64
# What concerns one connection, not the message. The length is counted anew from the body.
_OF_ONE_CONNECTION = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect")
)


class ForwardingProvider:
    """Every operation of one AWS service, answered by another server."""

    def __init__(self, service: str, url: str) -> None:
        """Forward `service` to the server at `url`; connects at the first call."""
        self.service = service
        self._url = url.rstrip("/")
        self._connections = urllib3.PoolManager(
            maxsize=_MOST_CONNECTIONS,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            # Repeating is the client's business: it alone knows what may be done twice.
            retries=False,
        )

    def dispatch_table(self) -> dict[str, Any]:
        """Return LocalStack's table of handlers: the same one for each operation."""
        return dict.fromkeys(load_service(self.service).operation_names, self.forward)

    def forward(self, context: RequestContext, _parsed: Any = None) -> Response:
        """Send one request on and return what was answered.

        Raises:
            CommonServiceException: ServiceUnavailable; nothing answers, or not in time.
        """
        request = context.request
        query = request.query_string.decode("latin-1")
        try:
            answer = self._connections.request(
                request.method,
                self._url + get_raw_path(request) + (f"?{query}" if query else ""),
                body=request.get_data(),
                headers=dict(_message_headers(request.headers, "content-length")),
                redirect=False,
                decode_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            LOG.warning("%s: %s", context.operation.name, error)
            raise CommonServiceException(
                "ServiceUnavailable", self._explanation(error), status_code=503
            ) from error
        return Response(answer.data, answer.status, list(_message_headers(answer.headers)))

    def _explanation(self, error: urllib3.exceptions.HTTPError) -> str:
        if isinstance(error, urllib3.exceptions.NewConnectionError):
            return (
                f"The SageMaker service does not answer at {self._url}: "
                "start it with `python -m scones_localstack.sagemaker`, or with `scones up`."
            )
        if isinstance(error, urllib3.exceptions.ReadTimeoutError):
            return f"The SageMaker service at {self._url} has not answered in {ANSWER_SECONDS:g} s."
        return (
            f"The SageMaker service at {self._url} broke the connection off ({error}): "
            "see its log, and whether it still runs."
        )


def _message_headers(headers: Any, *unwanted: str) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OF_ONE_CONNECTION and name.lower() not in unwanted
    ]
