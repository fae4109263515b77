"""The `process` backend: an image is a program, a container is a child process of this service.

There is no isolation beyond a folder, an environment and a process group of its own: run only
programs you trust, as you would in your own shell.
"""

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import threading
from pathlib import Path
from signal import SIGKILL, SIGTERM

from scones_localstack.sagemaker.aws import ACCESS_KEY, SECRET_KEY
from scones_localstack.sagemaker.backends import (
    SERVE,
    Backend,
    Container,
    ContainerSpec,
    ContainerStartError,
    Exit,
)
from scones_localstack.sagemaker.backends.processes import end_leftover, signal_group, started_at
from scones_localstack.sagemaker.images import Images
from scones_localstack.sagemaker.settings import HOST, Settings
from scones_localstack.sagemaker.store import Store

THREADS_ENV = "OMP_NUM_THREADS"
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_log = logging.getLogger(__name__)


class ProcessBackend(Backend):
    """Starts the programs of the images file as child processes, each leading its own group."""

    max_hosts = 1
    network_interface = "lo"
    has_pipes = True

    def __init__(self, settings: Settings, images: Images, store: Store) -> None:
        images.check_programs()
        self._images = images
        self._store = store
        self._aws_endpoint_url = settings.aws_endpoint_url

    async def check_image(self, image: str) -> None:
        """Return if the images file has a program for this image."""
        self._images.program(image)

    async def start(self, spec: ContainerSpec) -> Container:
        """Start a program over its folder, its output appended to its log file."""
        image = self._images.program(spec.image)
        command = [*(spec.entrypoint or image.command), *spec.words]
        port = _free_port() if spec.argument == SERVE else 0
        environment = {**self._environment(image.command[0], spec.root), **image.environment}
        environment |= {**spec.environment, "SAGEMAKER_BASE_DIR": str(spec.root)}
        if port:
            environment |= {"SAGEMAKER_BIND_TO_PORT": str(port), "SCONES_BIND_HOST": HOST}
        try:
            (spec.root / "tmp").mkdir(exist_ok=True)
            spec.log_path.parent.mkdir(parents=True, exist_ok=True)
            # Opened for appending: the log may be cut from outside while the program writes.
            with spec.log_path.open("ab") as log:
                child = subprocess.Popen(
                    command,
                    cwd=spec.root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise ContainerStartError(f"cannot start {command[0]}: {error}") from error
        self._store.add_process(child.pid, started_at(child.pid), spec.name)
        return ProcessContainer(child, f"http://{HOST}:{port}", self._store)

    def sees(self, root: Path) -> str:
        """Return the folder itself: a process has no file system of its own."""
        return str(root)

    def sweep(self) -> list[str]:
        """Kill the groups of processes that the store knows from an earlier service."""
        ended = []
        for pid, started, purpose in self._store.processes():
            if end_leftover(pid, started):
                ended.append(purpose)
            self._store.remove_process(pid)
        return ended

    def _environment(self, program: str, root: Path) -> dict[str, str]:
        """Return a child's variables: nothing of the caller's, least of all credentials."""
        # How many threads serve best is the algorithm's to know; a caller may say otherwise.
        threads = {name: os.environ[name] for name in (THREADS_ENV,) if name in os.environ}
        return threads | {
            "PATH": f"{Path(program).parent}:{_SYSTEM_PATH}",
            "HOME": str(root / "tmp"),
            "TMPDIR": str(root / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_ENDPOINT_URL": self._aws_endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class ProcessContainer(Container):
    """A child process and the group it leads."""

    def __init__(self, child: subprocess.Popen[bytes], address: str, store: Store) -> None:
        self.address = address
        self._child = child
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._exit: asyncio.Future[Exit] = self._loop.create_future()
        threading.Thread(target=self._reap, name=f"reap-{child.pid}", daemon=True).start()

    async def wait(self) -> Exit:
        """Return how the process ended, once it has."""
        return await asyncio.shield(self._exit)

    async def stop(self, grace_seconds: float) -> Exit:
        """SIGTERM to the whole group, SIGKILL after the grace."""
        if not self._exit.done():
            signal_group(self._child.pid, SIGTERM)
            await asyncio.wait([self._exit], timeout=grace_seconds)
        if not self._exit.done():
            signal_group(self._child.pid, SIGKILL)
        return await self.wait()

    def _reap(self) -> None:
        """Wait in a thread: only wait4 tells what the process has used."""
        _, status, usage = os.wait4(self._child.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._child.returncode = code
        outcome = Exit(128 - code if code < 0 else code, usage.ru_utime + usage.ru_stime)
        # The loop is closed when the service itself is ending.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ended, outcome)

    def _ended(self, outcome: Exit) -> None:
        # As in a container, nothing outlives the first process.
        signal_group(self._child.pid, SIGKILL)
        self._store.remove_process(self._child.pid)
        self._exit.set_result(outcome)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
