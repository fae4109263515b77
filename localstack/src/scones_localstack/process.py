"""The life of the LocalStack process: one per state folder, started whole, stopped in bounded time.

LocalStack's own main does not check its port, hides start errors in tracebacks, and can hang on
SIGTERM in thread pools that it joins without a deadline. Nothing is imported from LocalStack before
the environment is in place, because its configuration module reads it once, at import.
"""

import fcntl
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scones_localstack import environment
from scones_localstack.executor import registry
from scones_localstack.settings import Settings

STOP_SECONDS = 3
OWN_PROVIDERS = ("lambda", "s3", "sagemaker", "sagemaker-runtime", "ses")
PROVIDER_NAME = "scones"
LOG = logging.getLogger(__name__)


class StartError(Exception):
    """LocalStack cannot start; the message says why and what to do, in one line."""


def run(settings: Settings) -> int:
    """Run LocalStack until it is told to stop.

    Args:
        settings: where to listen and where to keep files.

    Returns:
        The exit code.

    Raises:
        StartError: the port is taken, or the state folder is in use or cannot be written.
    """
    os.umask(0o022)
    _create_folders(settings)
    with _only_one(settings):
        _require_free_port(settings)
        _clear(settings)
        environment.enter(settings)
        try:
            return _serve(settings.request_log)
        finally:
            _clear(settings)


def _clear(settings: Settings) -> None:
    """End the functions that still run, and remove what only they and their LocalStack needed."""
    registry.sweep(settings.lambda_dir)
    _empty(settings.lambda_dir)
    _empty(settings.temporary_dir)


def _create_folders(settings: Settings) -> None:
    try:
        for folder in (settings.temporary_dir, settings.localstack_dir / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        settings.lambda_dir.mkdir(exist_ok=True)
        # The journal is for LocalStack alone; functions run as another user.
        settings.s3_dir.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartError(
            f"state folder {settings.state_dir} cannot be used ({error.strerror}): "
            "name another one with --state-dir"
        ) from error


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the state folder's lock; the system releases it even when this process is killed."""
    path = settings.localstack_dir / "lock"
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise StartError(
                f"state folder {settings.state_dir} is in use by process {holder}: "
                "stop that one, or name another folder with --state-dir"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _require_free_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise StartError(
                f"port {settings.port} on {settings.host} cannot be used ({error.strerror}): "
                "stop what listens there, or name another one with --port"
            ) from error


def _empty(folder: Path) -> None:
    for child in folder.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child, ignore_errors=True)
        else:
            child.unlink(missing_ok=True)


def _serve(request_log_path: Path | None) -> int:
    from localstack import config
    from localstack.logging.setup import setup_logging_from_config
    from localstack.runtime import current

    from scones_localstack import patches, request_log

    setup_logging_from_config()
    for service in OWN_PROVIDERS:
        # Not PROVIDER_OVERRIDE_*: LocalStack calls the one for Lambda deprecated, and obeys it.
        config.SERVICE_PROVIDER_CONFIG.set_provider(service, PROVIDER_NAME)
    patches.apply()
    if request_log_path is not None:
        request_log.install(request_log_path)
    runtime = current.initialize_runtime()
    _stop_on_signals(runtime)
    runtime.run()
    sys.stdout.flush()
    return int(runtime.exit_code)


def _stop_on_signals(runtime: Any) -> None:
    def stop(number: int, _frame: object) -> None:
        LOG.info("Stopping on %s", signal.Signals(number).name)
        threading.Thread(target=_leave_after, args=(STOP_SECONDS,), daemon=True).start()
        runtime.exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _leave_after(seconds: float) -> None:
    """Leave at the deadline: LocalStack waits without one for thread pools that may be busy."""
    threading.Event().wait(seconds)
    LOG.warning("Not stopped after %d s; leaving. S3 is on disk already.", seconds)
    registry.sweep(Settings.from_environment().lambda_dir)
    os._exit(0)
