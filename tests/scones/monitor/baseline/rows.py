"""Records made for a test."""

import numpy as np

from scones.monitor.baseline import Statistics
from scones.monitor.features import Features


def rows(count: int, seed: int = 0, *, shift: float = 0.0, reds: float = 0.5) -> list[Features]:
    rng = np.random.default_rng(seed)
    return [
        {
            "score": float(rng.normal(shift)),
            "size": int(rng.integers(0, 50)),
            "colour": "red" if rng.random() < reds else "blue",
        }
        for _ in range(count)
    ]


def statistics(count: int = 500, seed: int = 0, **changes: float) -> Statistics:
    return Statistics.of(rows(count, seed, **changes))
