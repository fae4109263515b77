"""Reads the body of an HTTP/1.1 request, never more of it than allowed and never forever."""

import time
from collections.abc import Callable, Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Final

from scones_algorithms.errors import RequestError

MAX_BODY_BYTES: Final = 6_291_456  # what InvokeEndpoint takes
BODY_SECONDS: Final = 55.0  # SageMaker gives an invocation 60
DRAIN_BYTES: Final = 64 * 1024 * 1024
DRAIN_SECONDS: Final = 5.0
PIECE_BYTES: Final = 64 * 1024
CHUNK_LINE_BYTES: Final = 1024


def read_body(
    headers: Message, stream: BufferedIOBase, before_reading: Callable[[], None]
) -> bytes:
    """Read a body of known length or in chunks.

    Args:
        headers: of the request.
        stream: positioned behind the headers; its socket has a timeout of its own.
        before_reading: called once the headers are found acceptable.

    Returns:
        The whole body, at most 6,291,456 bytes.

    Raises:
        RequestError: 400, 408, 411, 413 or 501, saying what is wrong.
    """
    deadline = time.monotonic() + BODY_SECONDS
    if is_chunked(headers):
        before_reading()
        return b"".join(_chunks(stream, deadline))
    length = content_length(headers)
    before_reading()
    return _exactly(stream, length, deadline)


def is_chunked(headers: Message) -> bool:
    """Whether the body comes in chunks; anything else but a plain body is refused."""
    codings = headers.get_all("Transfer-Encoding", [])
    if not codings:
        return False
    if [coding.strip().lower() for coding in codings] != ["chunked"]:
        raise RequestError(501, f"Transfer-Encoding {', '.join(codings)!r} is not supported")
    if "Content-Length" in headers:
        raise RequestError(400, "give either Content-Length or Transfer-Encoding, not both")
    return True


def content_length(headers: Message) -> int:
    """Read the announced length in bytes, refusing one beyond the limit."""
    lengths = set(headers.get_all("Content-Length", []))
    if not lengths:
        raise RequestError(411, "Content-Length is missing")
    text = lengths.pop().strip()
    if lengths or not (text.isascii() and text.isdigit()):
        raise RequestError(400, f"Content-Length {text!r} is not a number of bytes")
    if int(text) > MAX_BODY_BYTES:
        raise _too_large()
    return int(text)


def drain(stream: BufferedIOBase) -> None:
    """Read on for a while after a refusal, since many clients send all before they listen."""
    deadline = time.monotonic() + DRAIN_SECONDS
    left = DRAIN_BYTES
    try:
        while left > 0 and time.monotonic() < deadline:
            piece = stream.read1(PIECE_BYTES)
            if not piece:
                return
            left -= len(piece)
    except OSError:
        return  # the client has gone, or sends nothing


def _too_large() -> RequestError:
    return RequestError(413, f"the body is larger than {MAX_BODY_BYTES:,} bytes")


def _exactly(stream: BufferedIOBase, length: int, deadline: float) -> bytes:
    pieces = []
    left = length
    while left > 0:
        if time.monotonic() > deadline:
            raise RequestError(408, f"the body did not arrive within {BODY_SECONDS:g} seconds")
        try:
            piece = stream.read1(min(left, PIECE_BYTES))
        except TimeoutError:
            raise RequestError(408, "the body stopped arriving") from None
        if not piece:
            raise RequestError(400, f"the body ended {left:,} bytes early")
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _chunks(stream: BufferedIOBase, deadline: float) -> Iterator[bytes]:
    total = 0
    while size := _chunk_size(stream):
        total += size
        if total > MAX_BODY_BYTES:
            raise _too_large()
        yield _exactly(stream, size, deadline)
        if _line(stream):
            raise RequestError(400, "a chunk is longer than it says")
    while _line(stream):  # trailers; nobody here reads them
        if time.monotonic() > deadline:
            raise RequestError(408, "the trailers do not end")


def _chunk_size(stream: BufferedIOBase) -> int:
    text = _line(stream).partition(b";")[0].strip()
    try:
        if not text or text.strip(b"0123456789abcdefABCDEF"):
            raise ValueError(text)
        return int(text, 16)
    except ValueError:
        raise RequestError(400, "a chunk's size is not a hexadecimal number") from None


def _line(stream: BufferedIOBase) -> bytes:
    try:
        line = stream.readline(CHUNK_LINE_BYTES)
    except TimeoutError:
        raise RequestError(408, "the body stopped arriving") from None
    if not line.endswith(b"\n"):
        raise RequestError(400, "the chunked body ended early")
    return line.rstrip(b"\r\n")
