"""Asynchronous requests as files: what has been accepted survives any end of this service."""

import json
import os
import shutil
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_SUFFIX = ".json"


@dataclass
class AsyncRequest:
    """A request that was accepted and is not done yet; times in seconds.

    Attributes:
        inference_id: the client's own, or ours.
        input: where the body is in S3.
        output, failure: where an answer goes in S3; empty for nowhere.
        notification: AWS's NotificationConfig.
        received: since the epoch.
        ttl_seconds: how long it may wait.
        timeout_seconds: how long the model server may take.
        content_type, accept, custom_attributes: for the model server; empty for none.
        attempts: how often a server has broken it off.
        path: of its file.
    """

    inference_id: str
    input: str
    output: str
    failure: str
    notification: dict[str, Any]
    received: float
    ttl_seconds: int
    timeout_seconds: int
    content_type: str = ""
    accept: str = ""
    custom_attributes: str = ""
    attempts: int = 0
    path: Path = field(default_factory=Path)

    def headers(self) -> dict[str, str]:
        """Return what the model server is told, by the names of AWS's request."""
        return {
            "ContentType": self.content_type,
            "Accept": self.accept,
            "CustomAttributes": self.custom_attributes,
            "InferenceId": self.inference_id,
        }

    def expired(self, moment: float) -> bool:
        """Return whether it has waited for too long."""
        return moment > self.received + self.ttl_seconds


class RequestQueue:
    """The requests of one endpoint, the oldest first.

    Attributes:
        waiting: those that nobody works on.
        active: how many somebody works on.
    """

    def __init__(self, folder: Path) -> None:
        """Open a queue; what an earlier service has left undone waits again."""
        self.waiting: deque[AsyncRequest] = deque()
        self.active = 0
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            document = json.loads(path.read_text(encoding="utf-8"))
            self.waiting.append(AsyncRequest(**document, path=path))

    @property
    def size(self) -> int:
        """How many requests are not done."""
        return len(self.waiting) + self.active

    def add(self, request: AsyncRequest) -> None:
        """Keep a request; once this returns it is not lost."""
        request.path = self._folder / f"{time.time_ns():020d}-{os.urandom(4).hex()}{_SUFFIX}"
        document = {name: value for name, value in asdict(request).items() if name != "path"}
        partial = request.path.with_suffix(".partial")
        partial.write_text(json.dumps(document), encoding="utf-8")
        partial.rename(request.path)
        self.waiting.append(request)

    def take(self) -> AsyncRequest:
        """Return the oldest request, to be worked on."""
        self.active += 1
        return self.waiting.popleft()

    def put_back(self, request: AsyncRequest) -> None:
        """A request is to be worked on once more."""
        self.active -= 1
        self.waiting.appendleft(request)

    def finish(self, request: AsyncRequest) -> None:
        """A request is done."""
        self.active -= 1
        request.path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget all requests: their endpoint is gone."""
        self.waiting.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
