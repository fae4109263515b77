"""A folder and a prefix in S3, kept in step: down once, up as often as there is something new."""

import asyncio
import contextlib
import logging
import threading
import time
from pathlib import Path

from scones_localstack.sagemaker.backends import Container, ContainerFilesError
from scones_localstack.sagemaker.jobs.inputs import fetch, relative_path
from scones_localstack.sagemaker.objects import Objects, S3Uri, StorageError, patiently

_INTERVAL_SECONDS = 1.0
_RACY_SECONDS = 2.0
_log = logging.getLogger(__name__)


class SyncedFolder:
    """A folder below a container's root, and where its files are kept in S3."""

    def __init__(self, objects: Objects, root: Path, name: str, target: S3Uri) -> None:
        """Prepare; nothing moves yet.

        Args:
            objects: S3 in the job's region.
            root: what the container sees as /opt/ml.
            name: the folder's path below it.
            target: the prefix under which its files are kept.
        """
        self.name = name
        self._folder = root / name
        self._objects = objects
        self._target = target
        self._kept: dict[Path, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def pull(self, cancelled: threading.Event) -> int:
        """Bring what is in S3; return how many files that is. Blocks.

        Raises:
            DownloadError: it cannot be had.
            DownloadCancelled: `cancelled` was set.
            StorageError: it cannot be listed.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        prefix = S3Uri(self._target.bucket, f"{self._target.key.rstrip('/')}/".lstrip("/"))
        keys = patiently(lambda: self._objects.keys(prefix))
        files = [
            (S3Uri(prefix.bucket, key), self._folder / relative_path(key, prefix.key))
            for key in keys
            if not key.endswith("/")
        ]
        if files:
            fetch(self._objects, files, self._folder, cancelled)
        self._kept = {path: _stamp(path) for _, path in files}
        return len(files)

    def push(self) -> int:
        """Take to S3 what is new or has changed; return how many files that was. Blocks.

        Links are not followed. What a program removes here stays there, as on AWS.

        Raises:
            StorageError: S3 refuses.
        """
        with self._lock:
            changed = 0
            for path in sorted(self._folder.rglob("*")):
                with contextlib.suppress(FileNotFoundError):
                    changed += self._push_file(path)
            return changed

    async def keep_pushing(self, container: Container) -> None:
        """Push about every second until cancelled; trouble is left to the last push."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            try:
                await container.fetch(self.name)
                await asyncio.to_thread(self.push)
            except (ContainerFilesError, StorageError, OSError) as error:
                _log.info("%s is not in S3 yet: %s", self._target, error)

    def _push_file(self, path: Path) -> bool:
        if path.is_symlink() or not path.is_file():
            return False
        stamp = _stamp(path)
        if self._kept.get(path) == stamp:
            return False
        uri = self._target.below(str(path.relative_to(self._folder)))
        patiently(lambda: self._objects.upload(path, uri))
        # One that was written a moment ago may be written again at the same time stamp.
        if time.time() - stamp[0] / 1e9 > _RACY_SECONDS:
            self._kept[path] = stamp
        return True


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
