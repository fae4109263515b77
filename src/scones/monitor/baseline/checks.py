"""Model Monitor's six checks of a dataset against a baseline, and constraint_violations.json."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scones.errors import DataError
from scones.monitor.baseline.constraints import (
    CategoricalDrift,
    Comparison,
    Constraints,
    DistributionConstraints,
    FeatureConstraints,
    MonitoringConfig,
    Switch,
)
from scones.monitor.baseline.distribution import largest_gap
from scones.monitor.baseline.drift import chi_squared, l_infinity
from scones.monitor.baseline.statistics import Feature, Statistics

ROBUST_FACTOR = 1.8  # Deequ, `Distance.selectMetrics`: of the two-sample test's critical distance


class CheckType(StrEnum):
    """The checks, under Model Monitor's names."""

    DATA_TYPE = "data_type_check"
    COMPLETENESS = "completeness_check"
    BASELINE_DRIFT = "baseline_drift_check"
    MISSING_COLUMN = "missing_column_check"
    EXTRA_COLUMN = "extra_column_check"
    CATEGORICAL_VALUES = "categorical_values_check"


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that is not met: which feature's, which check found it, and why."""

    feature_name: str
    constraint_check_type: str
    description: str

    def as_json(self) -> dict[str, str]:
        """The violation, as in constraint_violations.json."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found.

    Attributes:
        violations: What does not meet its constraints.
        distances: Distance from the baseline by feature, as the configuration measures it.
    """

    violations: tuple[Violation, ...]
    distances: Mapping[str, float]

    @property
    def status(self) -> str:
        """Status of a monitoring execution, in SageMaker's words."""
        return "CompletedWithViolations" if self.violations else "Completed"

    def as_json(self) -> dict[str, Any]:
        """The whole constraint_violations.json."""
        return {"version": 0, "violations": [item.as_json() for item in self.violations]}


def check(
    current: Statistics, constraints: Constraints, baseline: Statistics | None = None
) -> Checked:
    """Check a dataset's statistics.

    Args:
        current: Of the dataset.
        constraints: What it has to be like.
        baseline: What it is compared with; without, no distribution is compared.

    Returns:
        The violations in the order of the constraints' features, and the distances.
    """
    violations = [*_columns(current, constraints)]
    distances: dict[str, float] = {}
    for constraint in constraints.features:
        config = constraints.config_of(constraint)
        feature = current.features.get(constraint.name)
        if feature is None or config.evaluate_constraints is Switch.DISABLED:
            continue
        violations += _data_type(feature, constraint, config)
        violations += _completeness(feature, constraint)
        violations += _domain(feature, constraint, config)
        before = baseline.features.get(constraint.name) if baseline else None
        if before is not None:
            distance = _distance(before, feature, config.distribution_constraints)
            if distance is not None:
                distances[feature.name] = distance.value
                violations += distance.violation(feature.name)
    return Checked(tuple(violations), distances)


def _columns(current: Statistics, constraints: Constraints) -> Iterator[Violation]:
    if constraints.monitoring_config.evaluate_constraints is Switch.DISABLED:
        return
    expected = {feature.name for feature in constraints.features}
    numbers = (
        f"Number of columns in current dataset: {len(current.features)}, "
        f"Number of columns in baseline constraints: {len(expected)}"
    )
    for check_type, word, names in (
        (CheckType.MISSING_COLUMN, "missing", expected - set(current.features)),
        (CheckType.EXTRA_COLUMN, "extra", set(current.features) - expected),
    ):
        if names:
            yield Violation(
                f"{word.capitalize()} columns",
                check_type,
                f"There are {word} columns in current dataset. {numbers}. "
                f"{word.capitalize()}: {', '.join(sorted(names))}",
            )


def _data_type(
    feature: Feature, constraint: FeatureConstraints, config: MonitoringConfig
) -> Iterator[Violation]:
    """The threshold is the least share of values that must have the baseline's type."""
    expected = constraint.inferred_type
    if not feature.present or expected == "Unknown":
        return
    share = feature.matching.get(expected, 0.0)
    if share < config.datatype_check_threshold:
        yield Violation(
            feature.name,
            CheckType.DATA_TYPE,
            "Data type match requirement is not met. "
            f"Expected data type: {expected}, "
            f"Expected match: {100 * config.datatype_check_threshold}%. "
            f"Observed: Only {100 * share}% of data is {expected}.",
        )


def _completeness(feature: Feature, constraint: FeatureConstraints) -> Iterator[Violation]:
    least = constraint.completeness
    if least is not None and feature.completeness < least - 1e-12:
        yield Violation(
            feature.name,
            CheckType.COMPLETENESS,
            f"Value: {feature.completeness} does not meet the completeness requirement of {least}: "
            f"{feature.missing} of {feature.present + feature.missing} records have none",
        )


def _domain(
    feature: Feature, constraint: FeatureConstraints, config: MonitoringConfig
) -> Iterator[Violation]:
    """The threshold is the least share of values that must be among the baseline's."""
    if constraint.string_constraints is None or not feature.categories:
        return
    domain = set(constraint.string_constraints.domains)
    if not domain:
        return
    unknown = {value: n for value, n in feature.categories.items() if value not in domain}
    share = 1 - sum(unknown.values()) / feature.present
    if share < config.domain_content_threshold - 1e-12:
        named = ", ".join(repr(value) for value in list(unknown)[:5])
        yield Violation(
            feature.name,
            CheckType.CATEGORICAL_VALUES,
            f"Value: {share} does not meet the constraint requirement of "
            f"{config.domain_content_threshold}: values that the baseline does not have: {named}",
        )


@dataclass(frozen=True, slots=True)
class _Distance:
    """A distance from the baseline, and whether it is too large.

    For a chi-squared test `value` is its p-value, which is too small below the threshold.
    """

    value: float
    threshold: float
    is_p_value: bool = False

    def violation(self, name: str) -> Iterator[Violation]:
        if self.is_p_value and self.value < self.threshold:
            text = f"Baseline drift p-value: {self.value} is below threshold: {self.threshold}"
        elif not self.is_p_value and self.value > self.threshold:
            text = f"Baseline drift distance: {self.value} exceeds threshold: {self.threshold}"
        else:
            return
        yield Violation(name, CheckType.BASELINE_DRIFT, text)


def _distance(before: Feature, after: Feature, config: DistributionConstraints) -> _Distance | None:
    """Compare two distributions; None where that is switched off, or where there is none."""
    if config.perform_comparison is Switch.DISABLED or not (before.present and after.present):
        return None
    robust = config.comparison_method is Comparison.ROBUST
    if before.numbers is not None and after.numbers is not None:
        one, other = before.numbers.distribution, after.numbers.distribution
        if one is None or other is None:
            return None
        gap = largest_gap(one, other)
        value = _robust(gap, one.total, other.total) if robust else gap
        return _Distance(value, config.comparison_threshold)
    if not before.categories or not after.categories:
        return None
    threshold = config.categorical_comparison_threshold
    if config.categorical_drift_method is CategoricalDrift.CHI_SQUARED:
        p_value = chi_squared(before.categories, after.categories)
        return _Distance(p_value, threshold, is_p_value=True)
    gap = l_infinity(before.categories, after.categories)
    value = _robust(gap, before.present, after.present) if robust else gap
    return _Distance(value, threshold)


def _robust(gap: float, one: float, other: float) -> float:
    """A distance less what so few samples differ by without any drift."""
    return max(0.0, gap - ROBUST_FACTOR * math.sqrt((one + other) / (one * other)))


def read_violations(text: str | bytes, source: str) -> tuple[Violation, ...]:
    """Read a constraint_violations.json, ours or Model Monitor's.

    Raises:
        DataError: It is not one.
    """
    try:
        items = json.loads(text)["violations"]
        return tuple(Violation(*(str(item[name]) for name in _FIELDS)) for item in items)
    except KeyError as error:
        raise DataError(
            f"{source} is not a constraint_violations.json: no {error.args[0]}"
        ) from error
    except (ValueError, TypeError) as error:
        raise DataError(f"{source} is not a constraint_violations.json: {error}") from error


_FIELDS = ("feature_name", "constraint_check_type", "description")
