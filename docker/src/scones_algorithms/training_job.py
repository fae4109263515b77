"""Runs a training function under the container contract: stop signal, failure file, exit code."""

import errno
import logging
import traceback
from collections.abc import Callable

from scones_algorithms.container import Container
from scones_algorithms.errors import AlgorithmError, ClusterError
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

SUCCESS = 0
CUSTOMER_ERROR = 1
INTERNAL_ERROR = 2


def run(train: Callable[[Container, StopRequest], None], container: Container) -> int:
    """Train, and turn whatever goes wrong into a failure file and an exit code.

    Args:
        train: gets the container and the stop request; returns when the model is saved.
        container: the job's file system.

    Returns:
        0 when trained or stopped on request, 1 when the job's input is at fault, 2 otherwise; where
        another process has failed, its code.
    """
    stop = StopRequest()
    stop.listen()
    try:
        train(container, stop)
    except ClusterError as error:
        return _fail(container, error.exit_code, str(error), error.detail)
    except AlgorithmError as error:
        return _fail(container, CUSTOMER_ERROR, f"ClientError: {error}")
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return _fail(container, CUSTOMER_ERROR, "ClientError: no space left on the device")
        reason = f"InternalServerError: {type(error).__name__}: {error}"
        return _fail(container, INTERNAL_ERROR, reason, traceback.format_exc())
    return SUCCESS


def _fail(container: Container, exit_code: int, reason: str, detail: str = "") -> int:
    try:
        container.write_failure(reason, detail)
    except OSError as error:
        log.error("%s cannot be written: %s", container.failure_file, error)
    log.error("%s%s", reason, f"\n{detail}" if detail else "")
    return exit_code
