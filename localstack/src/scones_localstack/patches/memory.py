"""A function that remembers, for several threads."""

import functools
import threading
from collections.abc import Callable


def remember[T](function: Callable[[str], T], most: int) -> Callable[[str], T]:
    """Return a function that computes each answer once.

    Args:
        function: what to remember. It is never run twice at the same time: the parsers that this
            is for have state of their own while they run.
        most: how many answers to keep; those used least recently are forgotten.
    """
    lock = threading.Lock()
    remembered = functools.lru_cache(maxsize=most)(function)

    def ask(question: str) -> T:
        with lock:
            return remembered(question)

    return ask
