"""How the values of one feature are distributed, in bounded memory and in Model Monitor's form.

Numbers go into a KLL sketch of Apache DataSketches (Z. Karnin, K. Lang, E. Liberty 2016): up to a
few thousand values are all kept, of more a weighted sample whose ranks are right to 0.14 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

SKETCH_K = 2048  # as Model Monitor's; k of DataSketches
SKETCH_C = 2 / 3  # by which a compactor of DataSketches is smaller than the one above it
BUCKETS = 10

type Array = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values with weights.

    Attributes:
        values: In ascending order.
        weights: How many values each stands for.
    """

    values: Array
    weights: Array

    @classmethod
    def of_levels(cls, levels: Sequence[Sequence[float]]) -> "Distribution":
        """Take the values of a sketch; one of level `i` stands for 2^i values."""
        sizes = [len(level) for level in levels]
        values = np.array([value for level in levels for value in level], dtype=np.float64)
        weights = np.repeat(2.0 ** np.arange(len(levels)), sizes)
        order = np.argsort(values, kind="stable")
        return cls(values[order], weights[order])

    @classmethod
    def of_buckets(cls, buckets: Sequence[Mapping[str, float]]) -> "Distribution":
        """Take a histogram, where there is no sketch: each bucket's middle stands for it."""
        middles = [(bucket["lower_bound"] + bucket["upper_bound"]) / 2 for bucket in buckets]
        counts = [bucket["count"] for bucket in buckets]
        return cls(np.array(middles, dtype=np.float64), np.array(counts, dtype=np.float64))

    @property
    def total(self) -> float:
        """How many values there are."""
        return float(self.weights.sum())

    def below(self, points: Array, *, inclusive: bool = True) -> Array:
        """Share of the values at or below (or only below) each of some points."""
        sums = np.concatenate([[0.0], np.cumsum(self.weights)])
        side: Literal["left", "right"] = "right" if inclusive else "left"
        shares: Array = sums[np.searchsorted(self.values, points, side=side)] / sums[-1]
        return shares

    def sample(self, limit: int) -> Array:
        """All values, each as often as it stands for; of more than `limit` evenly spread ones."""
        if self.total <= limit:
            return np.repeat(self.values, self.weights.astype(int))
        ranks = (np.arange(limit) + 0.5) / limit * self.total
        return self.values[np.searchsorted(np.cumsum(self.weights), ranks)]

    def levels(self) -> list[list[float]]:
        """The values by the power of two that they stand for, as a sketch keeps them."""
        powers = np.log2(self.weights).astype(int)
        count = int(powers.max()) + 1 if len(powers) else 1
        return [self.values[powers == power].tolist() for power in range(count)]

    def buckets(self) -> list[dict[str, float]]:
        """A histogram of ten steps of equal width from the least value to the largest."""
        low, high = float(self.values[0]), float(self.values[-1])
        edges = np.linspace(low, high, BUCKETS + 1)
        shares = self.below(edges, inclusive=False)
        shares[-1] = 1.0
        counts = np.diff(np.round(shares * self.total))
        return [
            {"lower_bound": float(a), "upper_bound": float(b), "count": float(count)}
            for a, b, count in zip(edges[:-1], edges[1:], counts, strict=True)
        ]

    def as_json(self) -> dict[str, Any]:
        """The distribution, as in statistics.json."""
        sketch = {"parameters": {"c": SKETCH_C, "k": float(SKETCH_K)}, "data": self.levels()}
        return {"kll": {"buckets": self.buckets(), "sketch": sketch}}


def read_distribution(document: Mapping[str, Any]) -> Distribution | None:
    """Read `distribution` of a feature's `numerical_statistics`; None where there is none."""
    kll = document.get("kll") or {}
    levels = (kll.get("sketch") or {}).get("data")
    if levels and any(levels):
        return Distribution.of_levels(levels)
    buckets = kll.get("buckets")
    return Distribution.of_buckets(buckets) if buckets else None


def largest_gap(one: Distribution, other: Distribution) -> float:
    """Largest absolute difference of two cumulative distributions, 0 to 1."""
    points = np.union1d(one.values, other.values)
    return float(np.abs(one.below(points) - other.below(points)).max())
