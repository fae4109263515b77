"""The HTTP front, with a small model of the test's own and over raw sockets."""

import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from scones_algorithms import model_server
from scones_algorithms.errors import RequestError
from scones_algorithms.model_server import Answer, ModelServer
from scones_algorithms.request_body import MAX_BODY_BYTES

HELLO = (
    b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)


class Echo:
    """A model that says what it heard; "wait" holds its answer until it is released."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        if body == b"wait!":
            self.begun.set()
            assert self.release.wait(60)
        if body == b"break":
            raise RuntimeError("a bug in the model")
        if body == b"teapo":
            raise RequestError(418, "I am a teapot")
        return Answer(body, content_type)


@pytest.fixture
def echo() -> Iterator[ModelServer]:
    server = ModelServer("127.0.0.1", 0)
    server.model = Echo()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    assert server.connections.stop(60)
    thread.join(60)


def exchange(server: ModelServer, request: bytes, *, end: bool = True) -> bytes:
    """Send bytes, then read until the server closes."""
    with socket.create_connection(server.server_address[:2], timeout=60) as connection:
        connection.sendall(request)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def test_ping_is_503_until_there_is_a_model(echo: ModelServer) -> None:
    ping = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
    echo.model = None
    assert status(exchange(echo, ping)) == 503
    assert status(exchange(echo, HELLO)) == 503
    echo.model = Echo()
    assert status(exchange(echo, ping)) == 200


def test_a_connection_carries_many_requests(echo: ModelServer) -> None:
    connection = http.client.HTTPConnection(*echo.server_address[:2], timeout=60)
    first_socket = None
    for text in (b"hello", b"teapo", b"break", b"again"):
        connection.request("POST", "/invocations", text)
        response = connection.getresponse()
        first_socket = first_socket or connection.sock
        assert response.read()
        assert connection.sock is first_socket is not None
    connection.close()


def test_pipelined_requests_are_answered_in_order(echo: ModelServer) -> None:
    response = exchange(echo, HELLO + HELLO.replace(b"hello", b"again"))
    assert response.index(b"hello") < response.index(b"again")


def test_a_chunked_body_is_put_together(echo: ModelServer) -> None:
    chunked = (
        b"POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;note=x\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
    )
    response = exchange(echo, chunked + HELLO)
    assert response.count(b"200 OK") == 2
    assert response.count(b"\r\n\r\nhello") == 2


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (b"", b"", 411),
        (b"Content-Length: many\r\n", b"x", 400),
        (b"Content-Length: -1\r\n", b"x", 400),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello", 400),
        (b"Content-Length: 9\r\n", b"hello", 400),
        (b"Content-Length: 99999999999\r\n", b"hello", 413),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"5\r\nhello\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: gzip\r\n", b"hello", 501),
        (b"Transfer-Encoding: chunked\r\n", b"xyz\r\nhello\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", b"-5\r\nhello\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", b"4\r\nhello\r\n0\r\n\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\nhel", 400),
        (b"Transfer-Encoding: chunked\r\n", b"ffffffff\r\nhello", 413),
    ],
)
def test_a_body_that_makes_no_sense_is_refused(
    echo: ModelServer, head: bytes, body: bytes, expected: int
) -> None:
    request = b"POST /invocations HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n" + body
    response = exchange(echo, request)
    assert status(response) == expected
    assert b"Connection: close" in response or expected == 411
    assert status(exchange(echo, HELLO)) == 200


def test_a_body_too_large_is_refused_while_it_is_still_being_sent(echo: ModelServer) -> None:
    connection = http.client.HTTPConnection(*echo.server_address[:2], timeout=60)
    connection.request("POST", "/invocations", bytes(4 * MAX_BODY_BYTES))
    assert connection.getresponse().status == 413
    connection.close()


def test_a_client_that_asks_first_is_told_before_it_sends(echo: ModelServer) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
    with socket.create_connection(echo.server_address[:2], timeout=60) as connection:
        connection.sendall(head + b"5\r\n\r\n")
        assert status(connection.recv(1000)) == 100
        connection.sendall(b"hello")
        assert status(connection.recv(1000)) == 200
    with socket.create_connection(echo.server_address[:2], timeout=60) as connection:
        connection.sendall(head + b"7000000\r\n\r\n")
        assert status(connection.recv(1000)) == 413


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/invocations", 405),
        ("PUT", "/invocations", 405),
        ("POST", "/ping", 405),
        ("HEAD", "/ping", 405),
        ("POST", "/metrics", 405),
        ("GET", "/", 404),
        ("BREW", "/ping", 501),
    ],
)
def test_other_methods_and_paths_are_refused(
    echo: ModelServer, method: str, path: str, expected: int
) -> None:
    response = exchange(echo, f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert status(response) == expected
    assert (b"Allow: " in response) == (expected == 405)


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"\x00" * 70_000])
def test_what_is_not_http_does_no_harm(echo: ModelServer, nonsense: bytes) -> None:
    exchange(echo, nonsense)
    assert status(exchange(echo, HELLO)) == 200


def test_a_bug_in_the_model_is_a_500_without_its_details(echo: ModelServer) -> None:
    response = exchange(echo, HELLO.replace(b"hello", b"break"))
    assert status(response) == 500
    assert b"a bug in the model" not in response


def test_a_client_that_stalls_keeps_nobody_waiting(echo: ModelServer) -> None:
    with socket.create_connection(echo.server_address[:2], timeout=60) as stalled:
        stalled.sendall(HELLO[:-2])
        assert status(exchange(echo, HELLO)) == 200


def test_a_body_that_stops_arriving_ends_the_request(
    echo: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_server, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(model_server, "DRAIN_SECONDS", 0.2)
    assert status(exchange(echo, HELLO[:-2], end=False)) == 408


def test_connections_beyond_the_limit_are_told_so(
    echo: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_server, "MAX_CONNECTIONS", 0)
    assert status(exchange(echo, b"", end=False)) == 503
    assert b"scones_connections_refused_total 1.0" in echo.metrics.text()


def test_a_refused_connection_that_has_gone_does_not_end_the_server(
    echo: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_server, "MAX_CONNECTIONS", 0)
    here, there = socket.socketpair()
    there.close()
    here.shutdown(socket.SHUT_WR)
    assert not echo.verify_request(here, None)
    here.close()
    monkeypatch.undo()
    assert status(exchange(echo, HELLO)) == 200


def test_stopping_finishes_requests_in_hand_and_drops_idle_connections(echo: ModelServer) -> None:
    model = echo.model
    assert isinstance(model, Echo)
    address = echo.server_address[:2]
    with (
        socket.create_connection(address, timeout=60) as idle,
        socket.create_connection(address, timeout=60) as busy,
    ):
        busy.sendall(HELLO.replace(b"hello", b"wait!"))
        assert model.begun.wait(60)
        assert not echo.connections.stop(0.1)
        assert idle.recv(1000) == b""
        model.release.set()
        answer = b"".join(iter(lambda: busy.recv(65536), b""))
    assert status(answer) == 200
    assert b"Connection: close" in answer
    assert answer.endswith(b"wait!")
