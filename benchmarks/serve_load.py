"""Requests over loopback: one after the other, and from many clients in one light process."""

import io
import selectors
import socket
import time

import numpy as np
from PIL import Image

WAIT_SECONDS = 10.0


def png() -> bytes:
    """Draw the 32x32 picture that every request sends."""
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(noise).save(content, "PNG")
    return content.getvalue()


def request() -> bytes:
    body = png()
    return (
        b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body


class Client:
    """One connection; sends a request and reads its answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request()
        self._got = b""
        self.sent = 0.0

    def send(self) -> None:
        self._got = b""
        self.sent = time.perf_counter()
        self.socket.sendall(self._request)

    def receive(self) -> bool:
        """Read what is there; return whether the answer is whole."""
        piece = self.socket.recv(65536)
        if not piece:
            raise SystemExit("the server closed a connection")
        self._got += piece
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise SystemExit(f"the server refused: {self._got[:300]!r}")
        length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
        return len(body) >= int(length)


def latencies(port: int, count: int) -> list[float]:
    """Send requests one after the other; return their milliseconds."""
    client, found = Client(port), []
    for _ in range(count):
        client.send()
        while not client.receive():
            pass
        found.append(1000 * (time.perf_counter() - client.sent))
    client.socket.close()
    return found


def throughput(port: int, clients: int, seconds: float) -> tuple[int, float, float]:
    """Keep as many requests under way as there are clients.

    Returns:
        Answers, the seconds that they took, and this process's CPU seconds.
    """
    began, cpu, answers = time.perf_counter(), time.process_time(), 0
    with selectors.DefaultSelector() as selector:
        for client in [Client(port) for _ in range(clients)]:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        while time.perf_counter() - began < seconds:
            for key, _ in selector.select(WAIT_SECONDS):
                if key.data.receive():
                    answers += 1
                    key.data.send()
        took = time.perf_counter() - began
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return answers, took, time.process_time() - cpu
