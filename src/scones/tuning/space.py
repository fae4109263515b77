"""Where to look: points that fill a space of hyperparameters evenly."""

import math
from collections.abc import Mapping
from typing import Any

from scipy.stats import qmc

from scones.config import Choices, Range


def points(search: Mapping[str, Range | Choices], count: int, seed: int) -> list[dict[str, Any]]:
    """Return points of a scrambled Sobol sequence: more even than random ones, any number of them.

    The first points of a longer list are those of a shorter one, so more trials continue fewer.

    Args:
        search: Where to look, by hyperparameter.
        count: How many points.
        seed: The same seed gives the same points.
    """
    if not search or count < 1:
        return []
    sampler = qmc.Sobol(len(search), rng=seed)
    unit = sampler.random_base2(math.ceil(math.log2(max(count, 2))))[:count]
    return [
        {name: _at(place, share) for (name, place), share in zip(search.items(), row, strict=True)}
        for row in unit.tolist()
    ]


def _at(place: Range | Choices, share: float) -> Any:
    """Return the value at a share (0 to 1) of the way through a range or a list."""
    if isinstance(place, Choices):
        return place.choices[min(int(share * len(place.choices)), len(place.choices) - 1)]
    if place.log:
        value = place.low * (place.high / place.low) ** share
    else:
        value = place.low + (place.high - place.low) * share
    return round(value) if place.whole else float(f"{value:.3g}")
