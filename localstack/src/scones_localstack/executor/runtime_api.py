"""The Lambda Runtime API, as one execution environment sees it.

Each process gets a port of its own on loopback: that is its identity, because awslambdaric can be
told a host and a port and nothing else. All ports are served by the executor's one event loop.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from scones_localstack.executor.report import MAX_RESPONSE_BYTES, Answer, response_too_large
from scones_localstack.settings import LOOPBACK_HOST

_CLOSE_SECONDS = 0.01
_ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function."""

    request_id: str
    function_arn: str
    payload: bytes
    trace_id: str
    deadline_ms: int


class RuntimeApi:
    """The server's side of one process: what it has been asked, and what it has answered.

    The process asks for its next invocation as soon as it has imported the handler; that first
    question is what `ready` waits for. An error in the import arrives instead of it.
    """

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.init_error: Answer | None = None
        self._offered: asyncio.Queue[Invocation] = asyncio.Queue()
        self._pending: tuple[str, asyncio.Future[Answer]] | None = None
        self._http = web.Server(self._handle, access_log=None)
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Listen on a free loopback port and return `host:port`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._http, LOOPBACK_HOST, 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening and drop the connections."""
        if self._server:
            self._server.close()
        # Of its timeouts, aiohttp takes 0 for none: it would wait for the open `next` for ever.
        await self._http.shutdown(_CLOSE_SECONDS)

    def offer(self, invocation: Invocation) -> asyncio.Future[Answer]:
        """Hand an invocation to the process; the future becomes its answer."""
        future = asyncio.get_running_loop().create_future()
        if self.init_error:
            future.set_result(self.init_error)
        else:
            self._pending = (invocation.request_id, future)
            self._offered.put_nowait(invocation)
        return future

    def abandon(self, reason: Exception) -> None:
        """Say why the open invocation, if there is one, will never be answered."""
        if self._pending and not self._pending[1].done():
            self._pending[1].set_exception(reason)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        match (request.method, *request.path.removeprefix(_ROOT).strip("/").split("/")):
            case ("GET", "invocation", "next"):
                return await self._next()
            case ("POST", "invocation", request_id, "response" | "error" as kind):
                return self._answer(request_id, await _body(request), kind == "error")
            case ("POST", "init", "error"):
                self.init_error = Answer(await _body(request) or b"{}", is_error=True)
                self.ready.set()
                if self._pending and not self._pending[1].done():
                    self._pending[1].set_result(self.init_error)
                return _accepted()
        return web.json_response({"errorType": "NotFound"}, status=404)

    async def _next(self) -> web.Response:
        self.ready.set()
        invocation = await self._offered.get()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        return web.Response(
            body=invocation.payload, headers=headers, content_type="application/json"
        )

    def _answer(self, request_id: str, body: bytes | None, is_error: bool) -> web.Response:
        if not self._pending or self._pending[0] != request_id or self._pending[1].done():
            error = {"errorType": "InvalidRequestID", "errorMessage": f"{request_id} is not open"}
            return web.json_response(error, status=400)
        answer = response_too_large() if body is None else Answer(body, is_error)
        self._pending[1].set_result(answer)
        return _accepted()


async def _body(request: web.BaseRequest) -> bytes | None:
    """Return the body, or None if it is larger than Lambda passes on."""
    chunks, size = [], 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size <= MAX_RESPONSE_BYTES:
            chunks.append(chunk)
    return b"".join(chunks) if size <= MAX_RESPONSE_BYTES else None


def _accepted() -> web.Response:
    return web.json_response({"status": "OK"}, status=202)
