"""Metrics of model quality, under Model Monitor's names.

Source: "Model quality metrics" in the SageMaker developer guide. Of its two samples the best
constant classifier of a binary problem always says yes; of several classes it says the commonest.
A ratio whose denominator is zero is 0, as in Spark's metrics, which AWS's analyzer uses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np

from scones.errors import DataError
from scones.monitor.analyzer.predictions import Prediction

type Array = np.ndarray[Any, np.dtype[Any]]
type Scores = dict[str, float]

CURVE_POINTS = 101
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
_YES = {"1", "true", "yes"}
_NO = {"0", "false", "no"}


@dataclass(frozen=True, slots=True)
class Binary:
    """Truth, prediction and probability of yes, record by record."""

    actual: Array
    predicted: Array
    probability: Array | None

    @classmethod
    def of(cls, found: Sequence[Prediction], cutoff: float) -> "Binary":
        """Take predictions; where only a probability is known the cutoff decides.

        Raises:
            DataError: There are more than two labels.
        """
        known = all(item.probability is not None for item in found)
        probability = np.array([item.probability for item in found], float) if known else None
        labels = {item.actual for item in found} | {item.predicted for item in found} - {None}
        yes = _positive({str(text).lower() for text in labels})
        said = [
            (item.probability or 0.0) >= cutoff
            if item.predicted is None
            else item.predicted.lower() in yes
            for item in found
        ]
        actual = np.array([item.actual.lower() in yes for item in found])
        return cls(actual, np.array(said), probability)

    def part(self, indices: Array) -> "Binary":
        """Return some of the records."""
        chances = None if self.probability is None else self.probability[indices]
        return Binary(self.actual[indices], self.predicted[indices], chances)


def _positive(labels: set[str]) -> set[str]:
    if labels <= _YES | _NO:
        return _YES
    if len(labels) > 2:
        raise DataError(
            f"a binary problem has two labels, not {len(labels)}: {', '.join(sorted(labels)[:5])}"
        )
    return {max(labels)}


def binary_scores(data: Binary) -> Scores:
    """Return every metric of a binary problem that is one number."""
    scores = _of_decisions(data.actual, data.predicted)
    rates = {
        "true_positive_rate": scores["recall"],
        "true_negative_rate": _ratio((~data.actual & ~data.predicted).sum(), (~data.actual).sum()),
        "false_positive_rate": _ratio((~data.actual & data.predicted).sum(), (~data.actual).sum()),
        "false_negative_rate": _ratio((data.actual & ~data.predicted).sum(), data.actual.sum()),
    }
    constant = _of_decisions(data.actual, np.ones_like(data.actual))
    if data.probability is not None and 0 < data.actual.sum() < len(data.actual):
        rates["auc"] = area_under_curve(data.actual, data.probability)
    return scores | rates | {f"{name}_best_constant_classifier": constant[name] for name in scores}


def _of_decisions(actual: Array, predicted: Array) -> Scores:
    recall = _ratio((actual & predicted).sum(), actual.sum())
    precision = _ratio((actual & predicted).sum(), predicted.sum())
    return {
        "recall": recall,
        "precision": precision,
        "accuracy": float((actual == predicted).mean()),
        **{name: _f_beta(precision, recall, beta) for name, beta in _BETAS.items()},
    }


def area_under_curve(actual: Array, probability: Array) -> float:
    """Area under the ROC curve, from ranks (H. Mann, D. Whitney 1947)."""
    from scipy.stats import rankdata

    positives = int(actual.sum())
    ranks = rankdata(probability)[actual].sum()
    pairs = positives * (len(actual) - positives)
    return float((ranks - positives * (positives + 1) / 2) / pairs)


def curves(data: Binary) -> dict[str, dict[str, list[float]]]:
    """ROC and precision-recall curve, of at most CURVE_POINTS points; none without both labels."""
    if data.probability is None or not 0 < data.actual.sum() < len(data.actual):
        return {}
    order = np.argsort(-data.probability, kind="stable")
    steps = np.unique(np.linspace(1, len(order), CURVE_POINTS).round().astype(int))
    hits = np.cumsum(data.actual[order])[steps - 1]
    recalls = [0.0, *(hits / data.actual.sum()).tolist()]
    false_rates = [0.0, *((steps - hits) / (~data.actual).sum()).tolist()]
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": false_rates,
            "true_positive_rates": recalls,
        },
        "precision_recall_curve": {
            "precisions": [1.0, *(hits / steps).tolist()],
            "recalls": recalls,
        },
    }


def multiclass_scores(actual: Array, predicted: Array) -> Scores:
    """Return every metric of a problem of several classes that is one number."""
    names, counts = np.unique(actual, return_counts=True)
    constant = np.full_like(actual, names[counts.argmax()])
    scores = _weighted(actual, predicted)
    plain = _weighted(actual, constant)
    return scores | {f"{name}_best_constant_classifier": value for name, value in plain.items()}


def _weighted(actual: Array, predicted: Array) -> Scores:
    """Scores of each class by itself, weighted by how often it is true."""
    names, counts = np.unique(actual, return_counts=True)
    each = [_of_decisions(actual == name, predicted == name) for name in names]
    shares = counts / counts.sum()

    def mean(score: str) -> float:
        return float(sum(share * one[score] for share, one in zip(shares, each, strict=True)))

    return {
        "accuracy": float((actual == predicted).mean()),
        **{f"weighted_{name}": mean(name) for name in ("recall", "precision", *_BETAS)},
    }


def regression_scores(actual: Array, predicted: Array) -> Scores:
    """Mean errors, and r2 where the truth varies."""
    apart = predicted - actual
    mse = float((apart**2).mean())
    scores = {"mae": float(np.abs(apart).mean()), "mse": mse, "rmse": mse**0.5}
    spread = float(((actual - actual.mean()) ** 2).mean())
    return scores | ({"r2": 1 - mse / spread} if spread else {})


def confusion(actual: Array, predicted: Array) -> dict[str, dict[str, int]]:
    """How often each label was said of each true one, by true label first."""
    names = [str(name) for name in np.unique(np.concatenate([actual, predicted]))]
    return {
        true: {said: int(((actual == true) & (predicted == said)).sum()) for said in names}
        for true in names
    }


def deviations(count: int, score: Callable[[Array], Scores]) -> Mapping[str, float]:
    """Standard deviation of each metric, over five samples of 80 % of the records."""
    generator = np.random.default_rng(0)
    samples = [score(generator.permutation(count)[: int(0.8 * count)]) for _ in range(5)]
    shared = set.intersection(*(set(sample) for sample in samples))
    return {name: float(np.std([sample[name] for sample in samples])) for name in shared}


def _f_beta(precision: float, recall: float, beta: float) -> float:
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _ratio(part: SupportsFloat, whole: SupportsFloat) -> float:
    return float(part) / float(whole) if float(whole) else 0.0
