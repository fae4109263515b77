"""Keeps some of the captured images on disk: the first of a rank, each content once."""

import hashlib
import heapq
from dataclasses import dataclass
from pathlib import Path

from scones.monitor.images import decode

_DIGEST_CHARS = 32  # of SHA-256: 128 bits


@dataclass(frozen=True, order=True, slots=True)
class Kept:
    """One image.

    Attributes:
        rank: By which it was kept; the lower, the sooner.
        name: Digest of its content, and its format's ending.
        note: What was said of it when it was offered.
    """

    rank: float
    name: str
    note: str = ""


class ImageKeeper:
    """Images of lowest rank, in a folder; memory holds names alone."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._heap: list[tuple[float, str, Kept]] = []
        self._names: set[str] = set()
        self.repeated = 0

    def offer(self, rank: float, body: bytes | None, note: str = "") -> None:
        """Keep an image if its rank is among the lowest; what is no PNG or JPEG is not kept."""
        if not body or (len(self._heap) == self._limit and rank >= -self._heap[0][0]):
            return
        name = content_name(body)
        if name in self._names:
            self.repeated += 1
            return
        if decode(body) is None:
            return
        (self._folder / name).write_bytes(body)
        self._names.add(name)
        heapq.heappush(self._heap, (-rank, name, Kept(rank, name, note)))
        if len(self._heap) > self._limit:
            self._drop(heapq.heappop(self._heap)[1])

    def _drop(self, name: str) -> None:
        self._names.remove(name)
        (self._folder / name).unlink()

    def items(self) -> list[Kept]:
        """What is kept, the lowest rank first."""
        return sorted(item for _, _, item in self._heap)

    def path(self, item: Kept) -> Path:
        """The file of an image that is kept."""
        return self._folder / item.name


def content_name(body: bytes) -> str:
    """Return a name that the same content always has, and no other."""
    ending = "png" if body.startswith(b"\x89PNG") else "jpg"
    return f"{hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS]}.{ending}"
