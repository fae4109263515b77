"""Proportions with their uncertainty, and calibration: whether a confidence is what it says."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVEL = 0.95
_Z = 1.959963984540054  # standard normal quantile of (1 + LEVEL) / 2
BIN_WIDTH = 0.1


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its Wilson score interval (E. B. Wilson 1927) at 95 %."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The proportion itself."""
        return self.count / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; unlike the usual one it stays within 0 and 1 for few cases."""
        n, p = self.total, self.value
        spread = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        middle, scale = p + _Z**2 / (2 * n), 1 + _Z**2 / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def as_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        low, high = self.interval
        return {
            "value": self.value,
            "low": low,
            "high": high,
            "level": LEVEL,
            "count": self.count,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class Bin:
    """Labelled inferences of about the same confidence.

    Attributes:
        low: Least confidence of the bin.
        high: Largest.
        confidence: Their mean confidence.
        right: Share of them that are right.
    """

    low: float
    high: float
    confidence: float
    right: Share


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of confidences (M. P. Naeini and others 2015).

    Attributes:
        bins: Those that hold any inference, by confidence.
        expected_error: Mean distance of confidence and accuracy, weighted by the bins' sizes: ECE.
    """

    bins: tuple[Bin, ...]
    expected_error: float

    def as_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        rows = [
            {"low": b.low, "high": b.high, "confidence": b.confidence, "right": b.right.as_json()}
            for b in self.bins
        ]
        return {"expected_calibration_error": self.expected_error, "bins": rows}


def calibration(confidences: np.ndarray, right: np.ndarray) -> Calibration:
    """Compare confidences with how often they are right.

    Args:
        confidences: Of each labelled inference, 0 to 1.
        right: Whether each is right.
    """
    steps = round(1 / BIN_WIDTH)
    numbers = np.clip(np.floor(confidences / BIN_WIDTH + 1e-9).astype(int), 0, steps - 1)
    bins = []
    for number in np.unique(numbers).tolist():
        inside = numbers == number
        share = Share(int(right[inside].sum()), int(inside.sum()))
        low, high = round(number / steps, 6), round((number + 1) / steps, 6)
        bins.append(Bin(low, high, float(confidences[inside].mean()), share))
    gaps = [abs(b.confidence - b.right.value) * b.right.total for b in bins]
    return Calibration(tuple(bins), sum(gaps) / len(confidences))
