"""Reads the pickles of CIFAR archives without running anything that they name.

A pickle is a program: it names functions and calls them. This reader never looks up a name.
The four that the format needs (an array, its type, how both are rebuilt, and the codec by which
Python 3 writes byte strings into old protocols) are answered with stand-ins from this module,
which only keep what they are given and check it. Any other name is refused.

numpy itself takes no part until the bytes are known to be a two-dimensional array of uint8, so
neither its unpickling code nor its deprecations (of types pickled by numpy 1) are met.
"""

import math
import pickle
import tarfile
from collections.abc import Callable
from typing import IO, Any, ClassVar, Never

import numpy as np
from numpy.typing import NDArray

from scones.errors import DataError

_MAX_ARRAY_BYTES = 512 * 2**20  # CIFAR-100's largest has 147 MiB


class _PixelType:
    """Stands in for `numpy.dtype`; only that of bytes is admitted."""

    def __init__(self, code: object, *_: object) -> None:
        if code not in ("u1", b"u1"):
            raise DataError(f"an array of type {code!r} where uint8 (u1) is expected")

    def __setstate__(self, state: object) -> None:
        """Drop byte order and alignment: a byte has neither."""


class _Pixels:
    """Stands in for `numpy.ndarray`, and keeps its shape and bytes."""

    array: NDArray[np.uint8]

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, shape, kind, in_columns, content = state
        if in_columns:
            raise DataError("an array stored by columns where rows are expected")
        self.array = _as_array(content, kind, shape)


def _as_array(content: object, kind: object, shape: object) -> NDArray[np.uint8]:
    """Make an array of bytes once its type, shape and length are what they must be."""
    if not isinstance(kind, _PixelType) or not isinstance(content, bytes | bytearray):
        raise DataError("an array whose content is not bytes")
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise DataError(f"an array of shape {shape!r} where two dimensions are expected")
    rows, columns = shape
    if not (isinstance(rows, int) and isinstance(columns, int) and min(rows, columns) >= 0):
        raise DataError(f"an array of shape {shape!r}")
    if math.prod(shape) != len(content) or len(content) > _MAX_ARRAY_BYTES:
        raise DataError(f"an array of shape {shape!r} with {len(content):,} bytes")
    return np.frombuffer(content, dtype=np.uint8).reshape(rows, columns)


def _reconstruct(_: object, shape: object, __: object) -> _Pixels:
    """Stand in for numpy's maker of empty arrays, which are filled by their state."""
    return _Pixels()


def _from_buffer(content: object, kind: object, shape: object, order: object) -> _Pixels:
    """Stand in for numpy's maker of arrays in pickle protocol 5."""
    pixels = _Pixels()
    pixels.__setstate__((1, shape, kind, order == "F", content))
    return pixels


def _encode(text: object, codec: object = "latin1") -> bytes:
    """Stand in for `codecs.encode`, by which Python 3 writes bytes in protocols 0 to 2."""
    if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
        raise DataError(f"a byte string encoded as {codec!r} where latin1 is expected")
    return text.encode("latin1")


class _Function:
    """A function that a pickle can call and nothing else."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *arguments: object) -> object:
        return self._call(*arguments)

    def __setstate__(self, state: object) -> Never:
        raise DataError("it tries to change a function")


class _Reader(pickle.Unpickler):
    """Admits the names that the format needs, wherever numpy 1 or 2 keeps them."""

    admitted: ClassVar[dict[tuple[str, str], object]] = {
        ("numpy", "ndarray"): _Pixels,
        ("numpy", "dtype"): _PixelType,
        ("numpy.core.multiarray", "_reconstruct"): _Function(_reconstruct),
        ("numpy._core.multiarray", "_reconstruct"): _Function(_reconstruct),
        ("numpy.core.numeric", "_frombuffer"): _Function(_from_buffer),
        ("numpy._core.numeric", "_frombuffer"): _Function(_from_buffer),
        ("_codecs", "encode"): _Function(_encode),
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return self.admitted[module_name, global_name]
        except KeyError:
            raise DataError(
                f"it asks for {module_name}.{global_name}, which image data has no need of"
            ) from None

    def persistent_load(self, pid: object, /) -> Never:
        raise DataError(f"it refers to something outside itself ({pid!r})")


def read_pickle(stream: IO[bytes], where: str) -> dict[str, object]:
    """Read one dictionary from a pickle of unknown origin.

    Args:
        stream: The pickle.
        where: What to call it in an error.

    Returns:
        The dictionary with its keys as text; arrays as uint8 of two dimensions, byte strings
        (which old archives use for every name) as bytes.

    Raises:
        DataError: It is not a pickle, or asks for more than the format needs.
    """
    try:
        content = _Reader(stream, encoding="bytes").load()
    except DataError as error:
        raise DataError(f"{where} is refused: {error}") from None
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{where} cannot be read to its end: {error}") from error
    except Exception as error:  # whatever a hostile pickle makes of the unpickler
        raise DataError(f"{where} is not a pickle of image data: {error!r}") from error
    if not isinstance(content, dict):
        raise DataError(f"{where} holds a {type(content).__name__}, not a dictionary")
    return {as_text(key): _unwrap(value) for key, value in content.items()}


def as_text(name: object) -> str:
    """Turn a name into text; archives written by Python 2 have byte strings."""
    return name.decode("latin1") if isinstance(name, bytes) else str(name)


def _unwrap(value: object) -> object:
    return value.array if isinstance(value, _Pixels) and hasattr(value, "array") else value
