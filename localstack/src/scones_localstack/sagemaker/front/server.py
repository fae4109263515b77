"""The socket and the routes; one error form for all that goes wrong."""

import errno
import logging
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from scones_localstack.sagemaker.errors import (
    Forbidden,
    InternalFailure,
    ServiceError,
    StartError,
    UnknownOperation,
)
from scones_localstack.sagemaker.front import model, wire
from scones_localstack.sagemaker.front.control import ControlPlane
from scones_localstack.sagemaker.front.runtime import Runtime, too_large
from scones_localstack.sagemaker.hosting.invocation import BODY_BYTES

_SHUTDOWN_SECONDS = 1.0
_log = logging.getLogger(__name__)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
type RuntimeHandler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


class Server:
    """Listens, and answers whatever comes in one of AWS's forms."""

    def __init__(
        self,
        control: ControlPlane,
        runtime: Runtime,
        region: str,
        state_dir: Path,
        statuses: Callable[[], dict[str, str]],
    ) -> None:
        self._control = control
        self._region = region
        self._state_dir = state_dir
        self._statuses = statuses
        # aiohttp refuses a body of exactly this size.
        application = web.Application(client_max_size=BODY_BYTES + 1)
        endpoint = "/endpoints/{name}"
        application.add_routes(
            [
                web.get("/_scones/ready", self._ready),
                web.post("/", self._guarded(model.CONTROL_PLANE, self._operate)),
                self._runtime_route(f"{endpoint}/invocations", runtime.invoke),
                self._runtime_route(f"{endpoint}/async-invocations", runtime.invoke_async),
                self._runtime_route(f"{endpoint}/invocations-response-stream", runtime.stream),
                web.route("*", "/{path:.*}", self._guarded(model.CONTROL_PLANE, _unknown)),
            ]
        )
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            StartError: the port is taken, or the address is not this machine's.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StartError(f"cannot listen on {host}:{port}: {error.strerror}") from error
            raise StartError(
                f"port {port} on {host} is taken: stop the program that listens there, "
                "or choose another with --port"
            ) from error

    async def stop(self) -> None:
        """Stop listening; requests under way have a moment to end."""
        await self._runner.cleanup()

    async def _ready(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "ready": True,
                "pid": os.getpid(),
                "state_dir": str(self._state_dir),
                "endpoints": self._statuses(),
            }
        )

    async def _operate(self, request: web.Request) -> web.Response:
        target = request.headers.get("X-Amz-Target", "")
        region = wire.region_of(request, self._region)
        started = time.perf_counter()
        document = await self._control.call(target, await request.read(), region)
        # Clients that wait for a state ask for it many times a second.
        level = logging.DEBUG if ".Describe" in target else logging.INFO
        _log.log(level, "%s %s %.1f ms", target, region, 1000 * (time.perf_counter() - started))
        return wire.answer(document, wire.new_request_id())

    def _runtime_route(self, path: str, answer: RuntimeHandler) -> web.RouteDef:
        async def invoke(request: web.Request) -> web.StreamResponse:
            return await answer(request, wire.region_of(request, self._region))

        return web.post(path, self._guarded(model.RUNTIME, invoke))

    def _guarded(self, service: str, handler: Handler) -> Handler:
        """Return a handler that answers in AWS's error form, and no request of a web page."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                # Browsers say where a page is from; AWS's clients do not. Without this, any page
                # that a person opens could talk to this service.
                if "Origin" in request.headers:
                    raise Forbidden("Requests from web pages are refused.")
                return await handler(request)
            except ServiceError as error:
                return self._failure(error, service, request)
            except web.HTTPRequestEntityTooLarge:
                return self._failure(too_large(), service, request)
            except Exception:
                _log.exception("%s %s", request.method, request.path)
                fault = InternalFailure("A fault of the SageMaker service; its log has more.")
                return self._failure(fault, service, request)

        return guarded

    def _failure(self, error: ServiceError, service: str, request: web.Request) -> web.Response:
        what = request.headers.get("X-Amz-Target", request.path)
        _log.info("%s: %s %s", what, error.code or error.status, " ".join(error.message.split()))
        return wire.failure(error, service, wire.new_request_id())


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise UnknownOperation(f"There is nothing at {request.method} {request.path}.")
