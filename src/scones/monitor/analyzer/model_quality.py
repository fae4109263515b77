"""Model quality: predictions against the truth, in Model Monitor's files.

statistics.json              {"binary_classification_metrics": {"f1": {"value": 0.9, ...}, ...}}
constraints.json             {"binary_classification_constraints": {"f1": {"threshold": 0.9,
                              "comparison_operator": "LessThanThreshold"}, ...}}
constraint_violations.json   {"violations": [{"metric_name", "constraint_check_type",
                              "description"}]}
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from scones.errors import ConfigError, DataError
from scones.monitor.analyzer import scores
from scones.monitor.analyzer.job import Job
from scones.monitor.analyzer.predictions import Prediction, predictions
from scones.monitor.baseline.store import CONSTRAINTS, STATISTICS, VIOLATIONS, Store

ENOUGH = 200
"""Records from which on a standard deviation is given."""
BELOW, ABOVE = "LessThanThreshold", "GreaterThanThreshold"
_NAN = "NaN"


class Problem(StrEnum):
    """ProblemType."""

    BINARY = "BinaryClassification"
    MULTICLASS = "MulticlassClassification"
    REGRESSION = "Regression"

    @property
    def prefix(self) -> str:
        """What the parts of the files are called after."""
        return {
            Problem.BINARY: "binary_classification",
            Problem.MULTICLASS: "multiclass_classification",
            Problem.REGRESSION: "regression",
        }[self]


_WORSE_BELOW = {
    Problem.BINARY: (
        *("recall", "precision", "accuracy", "true_positive_rate", "true_negative_rate"),
        *("auc", "f0_5", "f1", "f2"),
    ),
    Problem.MULTICLASS: (
        *("accuracy", "weighted_recall", "weighted_precision"),
        *("weighted_f0_5", "weighted_f1", "weighted_f2"),
    ),
    Problem.REGRESSION: ("r2",),
}
_WORSE_ABOVE = {
    Problem.BINARY: ("false_positive_rate", "false_negative_rate"),
    Problem.MULTICLASS: (),
    Problem.REGRESSION: ("mae", "mse", "rmse"),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """How good predictions are.

    Attributes:
        problem: What was to be predicted.
        count: How many predictions.
        scores: Metrics that are one number.
        deviations: Standard deviations of them, of ENOUGH records or more.
        shapes: Confusion matrix and curves.
    """

    problem: Problem
    count: int
    scores: Mapping[str, float]
    deviations: Mapping[str, float]
    shapes: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The whole statistics.json."""
        values = {
            name: {"value": value, "standard_deviation": self.deviations.get(name, _NAN)}
            for name, value in self.scores.items()
        }
        return {
            "version": 0.0,
            "dataset": {"item_count": self.count},
            f"{self.problem.prefix}_metrics": dict(self.shapes) | values,
        }

    def constraints(self) -> dict[str, Any]:
        """The constraints.json that it suggests: not worse than this."""
        operators = [(name, BELOW) for name in _WORSE_BELOW[self.problem]]
        operators += [(name, ABOVE) for name in _WORSE_ABOVE[self.problem]]
        suggested = {
            name: {"threshold": self.scores[name], "comparison_operator": operator}
            for name, operator in operators
            if name in self.scores
        }
        return {"version": 0.0, f"{self.problem.prefix}_constraints": suggested}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model-quality job found: how good, and which constraints that does not meet."""

    quality: Quality
    violations: tuple[dict[str, str], ...]


def analyze(job: Job) -> Judged | None:
    """Look at a job's predictions, and write the files.

    Returns:
        What does not meet the constraints; None for a job that has none, and suggests them.

    Raises:
        SconesError: Predictions, labels or constraints cannot be read.
    """
    try:
        problem = Problem(job.problem_type)
    except ValueError:
        known = ", ".join(Problem)
        raise ConfigError(f"problem_type {job.problem_type} is none of {known}") from None
    quality = measure(predictions(job), problem, job.cutoff)
    store = Store(str(job.output))
    store.write(STATISTICS, quality.as_json())
    if job.constraints is None:
        store.write(CONSTRAINTS, quality.constraints())
        return None
    violations = tuple(judge(quality, _constraints(job, problem)))
    store.write(VIOLATIONS, {"violations": list(violations)})
    return Judged(quality, violations)


def measure(found: Sequence[Prediction], problem: Problem, cutoff: float) -> Quality:
    """Work out how good predictions are.

    Raises:
        DataError: They are not such that the problem has.
    """
    count = len(found)
    if problem is Problem.BINARY:
        data = scores.Binary.of(found, cutoff)
        said = [np.where(side, "1", "0") for side in (data.actual, data.predicted)]
        shapes = {"confusion_matrix": scores.confusion(*said)} | scores.curves(data)

        def score(indices: scores.Array) -> scores.Scores:
            return scores.binary_scores(data.part(indices))

    else:
        regression = problem is Problem.REGRESSION
        actual, predicted = (_numbers if regression else _labels)(found)
        shapes = {} if regression else {"confusion_matrix": scores.confusion(actual, predicted)}
        function = scores.regression_scores if regression else scores.multiclass_scores

        def score(indices: scores.Array) -> scores.Scores:
            return function(actual[indices], predicted[indices])

    spread = scores.deviations(count, score) if count >= ENOUGH else {}
    return Quality(problem, count, score(np.arange(count)), spread, shapes)


def judge(quality: Quality, constraints: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what does not meet its constraint, as in constraint_violations.json."""
    for name, constraint in constraints.items():
        value = quality.scores.get(name)
        threshold, operator = float(constraint["threshold"]), constraint["comparison_operator"]
        if value is None or math.isnan(threshold):
            continue
        if value < threshold if operator == BELOW else value > threshold:
            spread = quality.deviations.get(name, _NAN)
            yield {
                "constraint_check_type": operator,
                "description": f"Metric {name} with {value} +/- {spread} was {operator} "
                f"'{threshold}'",
                "metric_name": name,
            }


def _constraints(job: Job, problem: Problem) -> Mapping[str, Any]:
    path = job.constraints
    try:
        document = json.loads(path.read_bytes()) if path else {}
        found: Mapping[str, Any] = document[f"{problem.prefix}_constraints"]
        for constraint in found.values():
            if constraint["comparison_operator"] not in (BELOW, ABOVE):
                raise ValueError(f"comparison_operator {constraint['comparison_operator']!r}")
            float(constraint["threshold"])
    except KeyError as error:
        raise DataError(f"{path} is not a constraints.json of {problem}: no {error}") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is not a constraints.json of {problem}: {error}") from error
    return found


def _labels(found: Sequence[Prediction]) -> tuple[scores.Array, scores.Array]:
    if any(item.predicted is None for item in found):
        raise DataError("the predicted label is missing: give inference_attribute")
    return np.array([i.actual for i in found]), np.array([str(i.predicted) for i in found])


def _numbers(found: Sequence[Prediction]) -> tuple[scores.Array, scores.Array]:
    actual, predicted = _labels(found)
    try:
        return actual.astype(float), predicted.astype(float)
    except ValueError as error:
        raise DataError(f"a regression has numbers: {error}") from error
