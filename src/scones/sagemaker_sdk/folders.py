"""The folder of one session of local mode, and what a dead process has left in others.

STATE/local-mode/<session>/
    lock                    held as long as the session's process lives
    tmp.../                 one job's or model server's, with its docker-compose.yaml
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scones.errors import StackError
from scones.sagemaker_sdk import compose

COMPOSE_FILE = "docker-compose.yaml"


def session_folder(parent: Path) -> Path:
    """Make the folder of a new session, and clean up after sessions whose process has died.

    The folder, and what runs by the Compose files in it, goes when this process ends.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(parent):
        for lock in sorted(parent.glob("*/lock")):
            _sweep_unless_held(lock)
        folder = Path(tempfile.mkdtemp(prefix="session-", dir=parent))
        held = (folder / "lock").open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
    atexit.register(held.close)
    atexit.register(remove, folder)
    return folder


def remove(folder: Path) -> None:
    """Stop what runs by the Compose files of a session's folder, and delete it."""
    for file in sorted(folder.glob(f"*/{COMPOSE_FILE}")):
        prefix = compose.compose_command()
        compose.run([*prefix, "-f", str(file), "down", "--volumes", "--timeout", "2"])
    image = next(_images(folder), None)
    if image is not None:
        hand_back(folder, image)
    shutil.rmtree(folder, ignore_errors=True)


def hand_back(folder: Path, image: str) -> None:
    """Give files that containers have written as another user to the user who runs this.

    Only root may do that, and a container's root is the engine's: the image's own `chown` does it.

    Raises:
        StackError: The image has no `chown`; the message says what to do.
    """
    owner = f"{os.getuid()}:{os.getgid()}"
    if not folder.exists() or not any(_foreign(folder)):
        return
    try:
        compose.docker(
            *("run", "--rm", "--user", "0", "--network", "none", "--volume", f"{folder}:/mnt"),
            *("--entrypoint", "chown", image, "-R", owner, "/mnt"),
        )
    except StackError as error:
        raise StackError(
            f"files in {folder} belong to a container's user: run `sudo chown -R {owner} "
            f"{folder}` ({error})"
        ) from error


def _foreign(folder: Path) -> Iterator[Path]:
    """Yield what in a folder belongs to another user, or cannot be looked into."""
    mine = os.getuid()
    unreadable: list[OSError] = []
    for base, folders, files in os.walk(folder, onerror=unreadable.append):
        for name in (*folders, *files):
            path = Path(base, name)
            if path.lstat().st_uid != mine:
                yield path
    yield from (Path(error.filename) for error in unreadable)


def _images(folder: Path) -> Iterator[str]:
    for file in folder.glob(f"*/{COMPOSE_FILE}"):
        for line in file.read_text().splitlines():
            if line.strip().startswith("image: "):
                yield line.split(": ", 1)[1]


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other processes from sweeping away a session that has no lock yet."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep_unless_held(lock: Path) -> None:
    with lock.open() as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        remove(lock.parent)
