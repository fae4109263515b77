"""Computes what arrives while a computation runs together, as the next one.

    request ──▶ waiting ──up to `largest`──▶ one computation ──▶ an answer for each

A request that finds nothing running is computed at once, alone: nobody waits for company. There
are no threads of its own: the thread of one request in a batch computes for all of them, and as
it ends, hands the next batch to a thread that waits in it.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


@dataclass(eq=False, slots=True)
class _Request:
    """One row, and what becomes of it."""

    row: Array
    turn: threading.Event = field(default_factory=threading.Event)  # to compute, or to go
    batch: "list[_Request] | None" = None  # what this request's thread is to compute
    error: Exception | None = None
    answer: Array = field(init=False)  # where there is no error


class MicroBatches:
    """Rows in from many threads, answers out to each.

    Args:
        compute: turns (n, ...) into (n, ...), row for row.
        at_once: how many computations may run at the same time.
        largest: how many rows one of them may have.
        on_batch: is told the size of each batch.
    """

    def __init__(
        self,
        compute: Callable[[Array], Array],
        *,
        at_once: int,
        largest: int,
        on_batch: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._compute = compute
        self._at_once = at_once
        self._largest = largest
        self._on_batch = on_batch
        self._lock = threading.Lock()
        self._waiting: deque[_Request] = deque()
        self._running = 0

    def __len__(self) -> int:
        """Count the rows that wait for their turn."""
        return len(self._waiting)

    def answer(self, row: Array) -> Array:
        """Compute one row, with others that wait at the same time.

        Raises:
            Exception: what `compute` raised for its batch.
        """
        request = _Request(row)
        with self._lock:
            self._waiting.append(request)
            if self._running < self._at_once:
                self._running += 1
                self._hand_out()
        request.turn.wait()
        if request.batch is not None:
            self._run(request.batch)
        if request.error is not None:
            raise request.error
        return request.answer

    def _hand_out(self) -> None:
        """Give the next batch to the thread of its first request; the lock is held."""
        size = min(self._largest, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(size)]
        batch[0].batch = batch
        batch[0].turn.set()

    def _run(self, batch: list[_Request]) -> None:
        self._on_batch(len(batch))
        try:
            answers = self._compute(np.stack([request.row for request in batch]))
            for request, answer in zip(batch, answers, strict=True):
                request.answer = answer
        except Exception as error:
            for request in batch:
                request.error = error
        with self._lock:
            if self._waiting:
                self._hand_out()
            else:
                self._running -= 1
        for request in batch[1:]:
            request.turn.set()
