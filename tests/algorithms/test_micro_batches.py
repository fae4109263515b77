"""Rows that arrive while others are computed are computed together."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scones_algorithms.micro_batches import MicroBatches

DEADLINE_SECONDS = 60


class Doubling:
    """Computes 2x, when it is let; a row of -1 is an error."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.running = self.most_running = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        with self._lock:
            self.sizes.append(len(batch))
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        assert self.go.wait(DEADLINE_SECONDS)
        with self._lock:
            self.running -= 1
        if (batch == -1).any():
            raise ValueError("a row that cannot be computed")
        return batch * 2


def row(value: float) -> np.ndarray:
    return np.array([value], dtype=np.float32)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_who_comes_alone_is_computed_at_once() -> None:
    doubling = Doubling()
    doubling.go.set()
    batches = MicroBatches(doubling, at_once=1, largest=4)
    assert [batches.answer(row(n))[0] for n in range(3)] == [0, 2, 4]
    assert doubling.sizes == [1, 1, 1]


@pytest.mark.parametrize(
    ("at_once", "sizes"), [(1, [1, 4, 4, 1]), (2, [1, 1, 4, 4])], ids=["one", "two"]
)
def test_who_comes_meanwhile_is_computed_together(at_once: int, sizes: list[int]) -> None:
    doubling, told = Doubling(), []
    batches = MicroBatches(doubling, at_once=at_once, largest=4, on_batch=told.append)
    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(batches.answer, row(n)) for n in range(10)]
        until(lambda: len(batches) == 10 - at_once)
        doubling.go.set()
        assert [float(answer.result()[0]) for answer in answers] == [2 * n for n in range(10)]
    assert sorted(doubling.sizes) == sorted(sizes) == sorted(told)
    assert doubling.most_running == at_once
    assert len(batches) == 0


def test_an_error_meets_its_batch_and_no_other() -> None:
    doubling = Doubling()
    batches = MicroBatches(doubling, at_once=1, largest=2)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(batches.answer, row(1))
        until(lambda: doubling.running == 1)
        spoilt = []
        for number, value in enumerate((-1, 2), start=1):
            spoilt.append(pool.submit(batches.answer, row(value)))
            until(lambda: len(batches) == number)  # noqa: B023
        last = [pool.submit(batches.answer, row(value)) for value in (3, 4)]
        until(lambda: len(batches) == 4)
        doubling.go.set()
        assert first.result()[0] == 2
        for one in spoilt:
            with pytest.raises(ValueError, match="cannot be computed"):
                one.result()
        assert sorted(float(one.result()[0]) for one in last) == [6, 8]
    assert batches.answer(row(5))[0] == 10


def test_many_threads_get_their_own_answers() -> None:
    doubling = Doubling()
    doubling.go.set()
    batches = MicroBatches(doubling, at_once=2, largest=8)

    def ask(thread: int) -> bool:
        values = [1000 * thread + n for n in range(200)]
        return [float(batches.answer(row(value))[0]) for value in values] == [2 * v for v in values]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert sum(doubling.sizes) == 16 * 200
    assert max(doubling.sizes) <= 8
    assert doubling.most_running <= 2
