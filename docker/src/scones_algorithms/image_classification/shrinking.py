"""Shrinks images inside a network, the same in training and in every loader of a saved model.

    image (height, width) ──columns──▶ (height, side) ──rows──▶ (side, side)

Each new pixel is the mean of the area that it covers. Both steps are products with a constant
matrix that is saved with the weights, so no loader's idea of resizing has a part in it.
"""

from dataclasses import dataclass
from typing import Any, Final

import mxnet as mx
import numpy as np

from scones_algorithms.preprocess import Floats

ROWS: Final = "base_shrink_rows"  # parameters of a model
COLUMNS: Final = "base_shrink_columns"


@dataclass(frozen=True)
class Shrinking:
    """From one size to another.

    Attributes:
        rows: (height, new height), how much of each new row is of each old one.
        columns: (width, new width), likewise.
    """

    rows: Floats
    columns: Floats

    @classmethod
    def to(cls, side: int, height: int, width: int) -> "Shrinking":
        """Bring images to side x side; a side that is no longer than that stays."""
        return cls(_areas(height, min(side, height)), _areas(width, min(side, width)))

    def arrays(self) -> dict[str, Floats]:
        """Return the parameters by name."""
        return {ROWS: self.rows, COLUMNS: self.columns}

    def of_arrays(self, data: Any) -> Any:
        """Shrink (n, 3, height, width), an array."""
        return _shrunk(mx.nd, data, mx.nd.array(self.rows), mx.nd.array(self.columns))

    def of_symbols(self, data: Any) -> Any:
        """Shrink what a symbol stands for."""
        rows = mx.sym.var(ROWS, shape=self.rows.shape)
        return _shrunk(mx.sym, data, rows, mx.sym.var(COLUMNS, shape=self.columns.shape))


def _shrunk(operators: Any, data: Any, rows: Any, columns: Any) -> Any:
    def along_width(images: Any, matrix: Any) -> Any:
        return operators.transpose(operators.dot(images, matrix), axes=(0, 1, 3, 2))

    return along_width(along_width(data, columns), rows)


def _areas(pixels: int, fewer: int) -> Floats:
    """Tell which share of each of `fewer` equal parts of a line lies in each of its pixels."""
    length = pixels / fewer
    starts, edges = np.arange(fewer) * length, np.arange(pixels)[:, None]
    covered = np.minimum(starts + length, edges + 1) - np.maximum(starts, edges)
    shares: Floats = (covered.clip(0) / length).astype(np.float32)
    return shares
