"""Drift tests: whether what came later can be of the same distribution as the baseline.

Each feature is tested by itself with a two-sample test of SciPy's, and the p-values of all are
adjusted together (Y. Benjamini, Y. Hochberg 1995), so that many features do not make many false
alarms. Which tests, and how often they err: docs/07-monitor.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scones.monitor.baseline.distribution import Distribution, largest_gap
from scones.monitor.baseline.separation import Vectors, separation
from scones.monitor.baseline.statistics import Feature, Statistics

LEVEL = 0.01
LEAST_DISTANCE = 0.05
"""A smaller change is none to speak of, however many records prove it."""
SAMPLE_MAX = 10_000
_FEW = 5  # expected in a cell; below, the chi-squared distribution is not right (W. Cochran 1954)
_RESAMPLES = 999
EMBEDDING = "embedding"
"""Name under which the embeddings' test stands among those of the features."""


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """One feature's test.

    Attributes:
        name: The feature.
        test: "Cramér-von Mises" for numbers, "chi-squared" for categories, "domain classifier" for
            embeddings.
        distance: Largest difference of the cumulative shares or, for categories, of the shares; for
            embeddings how well the two can be told apart. All are from 0 to 1.
        p_value: Chance of a difference as large without any drift.
        adjusted: The same, adjusted for the number of features; that of embeddings stands alone.
        drifted: Whether `adjusted` is below LEVEL and `distance` at least LEAST_DISTANCE.
    """

    name: str
    test: str
    distance: float
    p_value: float
    adjusted: float
    drifted: bool

    def as_json(self) -> dict[str, Any]:
        """The test, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def find_drift(
    baseline: Statistics,
    current: Statistics,
    *,
    embeddings: tuple[Vectors, Vectors] | None = None,
    level: float = LEVEL,
) -> tuple[FeatureDrift, ...]:
    """Test every feature that both have.

    Args:
        baseline: What is usual.
        current: What came later.
        embeddings: What a model makes of images of both, (images, features) each.
        level: False alarms per check that are put up with, as a share of all checks; as much again
            for embeddings.

    Returns:
        The features: those that have drifted, then the others, each by distance.
    """
    found = []
    for name, feature in current.features.items():
        before = baseline.features.get(name)
        result = None if before is None else _compare(before, feature)
        if result is not None:
            found.append((name, *result))
    adjusted = _adjusted([p_value for _, _, _, p_value in found]) if found else []
    apart = separation(*embeddings) if embeddings is not None else None
    if apart is not None:  # a family of its own, as one look at everything that the model sees
        found.append((EMBEDDING, "domain classifier", *apart))
        adjusted.append(apart[1])
    tests = [
        FeatureDrift(
            name, test, distance, p_value, fair, fair < level and distance >= LEAST_DISTANCE
        )
        for (name, test, distance, p_value), fair in zip(found, adjusted, strict=True)
    ]
    return tuple(sorted(tests, key=lambda item: (not item.drifted, -item.distance)))


def _adjusted(p_values: list[float]) -> list[float]:
    from scipy.stats import false_discovery_control

    fair: list[float] = false_discovery_control(np.clip(p_values, 0, 1), method="bh").tolist()
    return fair


def _compare(before: Feature, after: Feature) -> tuple[str, float, float] | None:
    """Name of the test, distance and p-value; None where the two cannot be compared."""
    if before.numbers is not None and after.numbers is not None:
        one, other = before.numbers.distribution, after.numbers.distribution
        if one is None or other is None:
            return None
        return "Cramér-von Mises", largest_gap(one, other), cramer_von_mises(one, other)
    if before.categories and after.categories:
        distance = l_infinity(before.categories, after.categories)
        return "chi-squared", distance, chi_squared(before.categories, after.categories)
    return None


def cramer_von_mises(one: Distribution, other: Distribution) -> float:
    """p-value of the two-sample test of Cramér and von Mises.

    The test is right for values of which no two are equal, and calls nearly every few integers
    drifted. So it is given ranks, among equals at random (and the same at each call).
    """
    from scipy.stats import cramervonmises_2samp

    first, second = one.sample(SAMPLE_MAX), other.sample(SAMPLE_MAX)
    if min(len(first), len(second)) < 2:
        return 1.0
    both = np.concatenate([first, second])
    shuffled = np.random.default_rng(0).permutation(len(both))
    ranks = np.empty(len(both))
    ranks[shuffled[np.argsort(both[shuffled], kind="stable")]] = np.arange(len(both))
    first, second = ranks[: len(first)], ranks[len(first) :]
    # The exact distribution takes minutes for a hundred values; the limit is as good from ten on.
    return float(cramervonmises_2samp(first, second, method="asymptotic").pvalue)


def l_infinity(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Largest difference of the share of any category."""
    table = _table(before, after)
    shares = table / table.sum(axis=1, keepdims=True)
    return float(np.abs(shares[0] - shares[1]).max())


def chi_squared(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """p-value of Pearson's test of homogeneity; by permutation where a cell expects under five."""
    from scipy.stats import PermutationMethod, chi2_contingency
    from scipy.stats.contingency import expected_freq

    table = _table(before, after)
    if table.shape[1] < 2:
        return 1.0
    few = expected_freq(table).min() < _FEW and table.sum() <= SAMPLE_MAX
    if not few:
        return float(chi2_contingency(table, correction=False).pvalue)
    resampled = PermutationMethod(n_resamples=_RESAMPLES, rng=np.random.default_rng(0))
    return float(chi2_contingency(table, correction=False, method=resampled).pvalue)


def _table(before: Mapping[str, int], after: Mapping[str, int]) -> Any:
    names = sorted(name for name in {*before, *after} if before.get(name) or after.get(name))
    return np.array([[side.get(name, 0) for name in names] for side in (before, after)])
