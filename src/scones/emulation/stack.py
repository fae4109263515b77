"""`up`, `down` and `status` of the offline stack."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scones.emulation import process
from scones.emulation.process import Health, ServiceSpec, ServiceStatus
from scones.errors import StackError
from scones.progress import SILENT, Reporter


def up(specs: tuple[ServiceSpec, ...], *, reporter: Reporter = SILENT) -> list[ServiceStatus]:
    """Start whatever does not run, all at once; return what runs.

    Raises:
        StackError: A service cannot start, or another command is starting or stopping them.
    """
    with _exclusive(specs[0].state_dir):
        for spec in specs:
            process.look_before_start(spec)
        for spec in specs:
            process.begin(spec, reporter.note)
        return [process.await_answer(spec) for spec in specs]


def down(specs: tuple[ServiceSpec, ...], *, reporter: Reporter = SILENT) -> list[str]:
    """Stop the services, last started first; return the names of those that ran.

    Raises:
        StackError: Another command is starting or stopping them.
    """
    with _exclusive(specs[0].state_dir):
        stopped = []
        for spec in reversed(specs):
            if process.stop(spec):
                reporter.note(f"stopped {spec.name}")
                stopped.append(spec.name)
        return stopped


def status(specs: tuple[ServiceSpec, ...]) -> list[ServiceStatus]:
    """Look at the services without changing anything."""
    return [process.inspect(spec) for spec in specs]


def require_running(statuses: list[ServiceStatus], start_command: str) -> None:
    """Return only if all services run.

    Args:
        statuses: One look at each.
        start_command: What starts those that do not.

    Raises:
        StackError: One does not.
    """
    for found in statuses:
        if found.health is not Health.RUNNING:
            detail = f" ({found.detail})" if found.detail else ""
            raise StackError(f"{found.name} is {found.health}{detail}: run `{start_command}`")


@contextmanager
def _exclusive(state_dir: Path) -> Iterator[None]:
    """Let one command at a time start or stop services; the lock ends with its process."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(
                f"another scones command is starting or stopping the services in {state_dir}: "
                "wait for it to end"
            ) from error
        yield
