"""Runs a model server under the container contract: port, readiness, stop signal, exit code."""

import logging
import os
import threading
from collections.abc import Callable, Mapping

from scones_algorithms.errors import AlgorithmError, CustomerError
from scones_algorithms.model_server import Model, ModelServer
from scones_algorithms.serving_metrics import ServingMetrics
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

PORT_ENV = "SAGEMAKER_BIND_TO_PORT"
HOST_ENV = "SCONES_BIND_HOST"
DEFAULT_PORT = "8080"
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  (the contract: SageMaker reaches the container from outside)
STOP_GRACE_SECONDS = 25.0  # SIGKILL follows SIGTERM after 30


def run(
    load_model: Callable[[ServingMetrics], Model], environ: Mapping[str, str] = os.environ
) -> int:
    """Serve a model until SIGTERM.

    Connections are accepted from the start; they are told 503 until `load_model` has returned.

    Args:
        load_model: returns the model once it has predicted something; counts what it does.
        environ: names the port and the address to listen on.

    Returns:
        0 after a requested stop, 1 when the address or the model cannot be used.
    """
    stop = StopRequest()
    stop.listen()
    try:
        server = listen(environ)
        server.model = load_model(server.metrics)
    except AlgorithmError as error:
        log.error("%s", error)
        return 1
    log.info("ready on port %d", server.server_address[1])
    stop.wait()
    server.shutdown()
    server.server_close()
    if not server.connections.stop(STOP_GRACE_SECONDS):
        log.warning("stopped with requests unfinished after %g seconds", STOP_GRACE_SECONDS)
    return 0


def listen(environ: Mapping[str, str]) -> ModelServer:
    """Open the port and answer on it from a thread of its own."""
    host = environ.get(HOST_ENV) or EVERY_ADDRESS
    port = environ.get(PORT_ENV) or DEFAULT_PORT
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise CustomerError(f"{PORT_ENV}={port!r} must be a port from 0 to 65535")
    try:
        server = ModelServer(host, int(port))
    except OSError as error:
        raise CustomerError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    return server
