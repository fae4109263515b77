"""HTTP front of a model, as SageMaker's container contract wants it.

    GET /ping            200 once the model answers, 503 before
    POST /invocations    200 with the prediction; 4xx or 5xx with one line of text
    GET /metrics         what `serving_metrics` counts; ours, the contract has no such path

Flow: connection, one thread for it, headers, a body never larger than the limit, the model, one
write back. Connections are kept alive. On SIGTERM the server stops listening, lets requests in
hand finish and drops idle connections.

Source: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

import contextlib
import logging
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from scones_algorithms.errors import RequestError
from scones_algorithms.open_connections import OpenConnections
from scones_algorithms.request_body import DRAIN_SECONDS, drain, read_body
from scones_algorithms.serving_metrics import ServingMetrics

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 128
IDLE_SECONDS = 300.0  # longer than clients keep a connection, so that they close first
STALL_SECONDS = 15.0  # longest silence inside a request
TEXT = "text/plain; charset=utf-8"
PING, INVOCATIONS, METRICS = "/ping", "/invocations", "/metrics"


@dataclass(frozen=True)
class Answer:
    """The body of a response and its MIME type."""

    body: bytes
    content_type: str


class Model(Protocol):
    """What the server asks of an algorithm."""

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Predict for one request body; raises RequestError where it is at fault.

        Called from several threads at once.
        """


class ModelServer(ThreadingTCPServer):
    """Listens from construction on; answers 503 until `model` is set."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        self.model: Model | None = None
        self.connections = OpenConnections()
        self.metrics = ServingMetrics()
        self.metrics.connections.set_function(lambda: len(self.connections))
        super().__init__((host, port), ModelRequestHandler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Refuse connections beyond what threads and memory should bear."""
        if len(self.connections) < MAX_CONNECTIONS:
            return True
        log.warning("refused a connection: %d are open", MAX_CONNECTIONS)
        self.metrics.refused.inc()
        with contextlib.suppress(OSError):  # an error here would end the server
            request.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connection in before its thread starts, so that none slips the limit."""
        self.connections.opened(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Count the connection out."""
        super().shutdown_request(request)
        self.connections.closed(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a connection that broke; clients that vanish are no news."""
        log.debug("connection from %s broke", client_address, exc_info=True)


class ModelRequestHandler(BaseHTTPRequestHandler):
    """One connection and its requests, one after the other."""

    server: ModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a delayed acknowledgement costs 40 ms
    wbufsize = -1  # headers and body leave in one write
    timeout = IDLE_SECONDS
    command = path = "?"  # until a request line has been understood

    def handle_one_request(self) -> None:
        """Wait for a request and answer it."""
        super().handle_one_request()
        if not self.server.connections.ended(self.connection):
            self.close_connection = True
        self.connection.settimeout(IDLE_SECONDS)

    def parse_request(self) -> bool:
        """Count as busy from the request line on."""
        self.server.connections.began(self.connection)
        self.connection.settimeout(STALL_SECONDS)
        return super().parse_request()

    def handle_expect_100(self) -> bool:
        """Put "100 Continue" off until the announced length has been checked."""
        return True

    def respond(self) -> None:
        """Route one request and send its answer."""
        started = time.perf_counter()
        status = self._answer()
        if self._path() == INVOCATIONS:
            self.server.metrics.answered(status, time.perf_counter() - started)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = respond  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not even HTTP, or no method anyone knows, in the same one-line form."""
        self._body_waits = True
        self._refuse(int(code), message or "the request is malformed")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the library's own access log out of the job's log."""

    def _answer(self) -> int:
        """Send the answer of one request; return its status."""
        self._body_waits = self._announces_body()
        try:
            answer = self._route()
        except RequestError as error:
            self._refuse(error.status, str(error))
            return error.status
        except Exception:
            log.exception("the model failed")
            self._refuse(500, "the model failed: see its log")
            return 500
        self._send(200, answer)
        return 200

    def _route(self) -> Answer:
        path = self._path()
        routes = {
            PING: ("GET", self._ping),
            INVOCATIONS: ("POST", self._invoke),
            METRICS: ("GET", self._metrics),
        }
        if path not in routes:
            raise RequestError(404, f"{path!a} is not served: use {PING} or {INVOCATIONS}")
        method, handler = routes[path]
        if self.command != method:
            raise RequestError(405, f"{path} takes {method}, not {self.command}")
        return handler()

    def _ping(self) -> Answer:
        self._ready_model()
        return Answer(b"", TEXT)

    def _invoke(self) -> Answer:
        model = self._ready_model()
        body = self._read_body()
        content_type = self.headers.get("Content-Type", "")
        return model.answer(body, content_type, self.headers.get("Accept", ""))

    def _metrics(self) -> Answer:
        return Answer(self.server.metrics.text(), self.server.metrics.content_type)

    def _path(self) -> str:
        return urlsplit(self.path).path

    def _ready_model(self) -> Model:
        if self.server.model is None:
            raise RequestError(503, "the model is still loading")
        return self.server.model

    def _announces_body(self) -> bool:
        length = self.headers.get("Content-Length", "0").strip()
        return length != "0" or "Transfer-Encoding" in self.headers

    def _read_body(self) -> bytes:
        def go_on() -> None:
            if self.headers.get("Expect", "").lower() == "100-continue":
                self.send_response_only(100)
                self.end_headers()
                self.wfile.flush()

        body = read_body(self.headers, self.rfile, before_reading=go_on)
        self._body_waits = False
        return body

    def _refuse(self, status: int, text: str) -> None:
        if status != 503:  # the service pings before the model is loaded, and that is no news
            log.warning("refused with %d: %s", status, text)
        if self._body_waits:
            self.close_connection = True
        self._send(status, Answer(f"{text}\n".encode(), TEXT))
        if self._body_waits:
            self.wfile.flush()
            self.connection.settimeout(DRAIN_SECONDS)
            drain(self.rfile)

    def _send(self, status: int, answer: Answer) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if status == 405:
            self.send_header("Allow", "POST" if self._path() == INVOCATIONS else "GET")
        if self.close_connection or self.server.connections.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
