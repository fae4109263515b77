"""Small archives in CIFAR-100's format, as different Pythons and numpys would write them."""

import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

NAMES = ["apple", "bicycle", "bus", "motorcycle"]


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Writes byte strings as Python 2 wrote its `str`, as the official archive has them."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def save_str(self, text: bytes) -> None:
        self.write(pickle.BINSTRING + len(text).to_bytes(4, "little") + text)
        self.memoize(text)

    dispatch[bytes] = save_str


def batch(split: str, per_class: int, first: int = 0) -> dict[bytes, Any]:
    """One batch with `per_class` images of every class, each of a colour of its own."""
    labels = [number % len(NAMES) for number in range(per_class * len(NAMES))]
    shades = np.array([[[40 * label]] for label in labels], dtype=np.uint8)
    data = np.broadcast_to(shades, (len(labels), 3, 1024)).copy()
    data[:, 1] += np.uint8(first)
    data[:, 0] += np.arange(len(labels), dtype=np.uint8)[:, None]  # red tells the images apart
    return {
        b"filenames": [f"{NAMES[n]}_s_{first + i:06d}.png".encode() for i, n in enumerate(labels)],
        b"batch_label": f"{split} batch".encode(),
        b"fine_labels": labels,
        b"coarse_labels": labels,
        b"data": data.reshape(len(labels), 3072),
    }


def content(train: int = 10, test: int = 4) -> dict[str, dict[bytes, Any]]:
    """The three dictionaries of an archive."""
    return {
        "train": batch("training", train),
        "test": batch("testing", test, first=200),
        "meta": {b"fine_label_names": [name.encode() for name in NAMES]},
    }


def pickled(value: object, writer: str = "numpy 2") -> bytes:
    """Pickle as a certain writer does.

    Args:
        value: What to pickle.
        writer: "python 2", "numpy 1", "numpy 2" or "protocol 5".
    """
    if writer == "protocol 5":
        return pickle.dumps(value, protocol=5)
    target = io.BytesIO()
    pickler = Python2Pickler if writer == "python 2" else pickle.Pickler
    pickler(target, protocol=2).dump(value)
    text = target.getvalue()
    return text if writer == "numpy 2" else text.replace(b"numpy._core.", b"numpy.core.")


def write_archive(
    path: Path, members: Mapping[str, bytes], folder: str = "cifar-100-python"
) -> Path:
    """Write a .tar.gz with the given members in the given folder."""
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def small_archive(path: Path, writer: str = "numpy 2", *, train: int = 10, test: int = 4) -> Path:
    """Write a whole archive of four classes."""
    parts = content(train, test)
    return write_archive(path, {name: pickled(part, writer) for name, part in parts.items()})
