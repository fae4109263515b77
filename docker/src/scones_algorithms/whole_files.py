"""Files that appear whole or not at all, whatever ends the process meanwhile."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then rename it.

    Args:
        path: where the file is to be.
        write: gets the path that it is to write to.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Save arrays and read them back, since MXNet does not notice when its last bytes are lost."""
    import mxnet as mx

    try:
        mx.nd.save(str(path), arrays)
        complete = mx.nd.load(str(path)).keys() == arrays.keys()
    except mx.base.MXNetError:
        complete = False
    if not complete:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
