"""The layers of a function version, merged into one folder that stands for /opt.

AWS extracts layers into /opt one after the other, so a later one replaces the files of an earlier
one. /opt itself cannot be mounted for a process, so the merged folder is put on the import path and
on PATH and LD_LIBRARY_PATH instead; code that opens "/opt/..." by that name finds nothing.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def merge(layers: Sequence[Path], target: Path) -> None:
    """Merge extracted layers.

    Args:
        layers: their folders, in the function's order.
        target: the folder to make; replaced if it exists.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for layer in layers:
        _lay_over(layer, target)


def _lay_over(layer: Path, target: Path) -> None:
    for folder, subfolders, files in os.walk(layer):
        destination = target / os.path.relpath(folder, layer)
        for name in subfolders:
            (destination / name).mkdir(exist_ok=True)
        for name in files:
            (destination / name).unlink(missing_ok=True)
            # Links, not copies: layers are large. A symbolic link stays one, it is never followed.
            os.link(os.path.join(folder, name), destination / name, follow_symlinks=False)


def import_paths(opt: Path, minor: int) -> list[Path]:
    """Return what AWS puts on the import path for a merged folder, first to last.

    Args:
        opt: the merged folder.
        minor: 13 for Python 3.13.
    """
    candidates = (opt / f"python/lib/python3.{minor}/site-packages", opt / "python")
    return [path for path in candidates if path.is_dir()]
