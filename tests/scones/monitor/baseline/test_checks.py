"""Each of Model Monitor's six checks finds what it is for, and nothing else."""

import json
import re
from typing import Any

import pytest

from scones.errors import DataError
from scones.monitor.baseline import (
    Checked,
    Constraints,
    Statistics,
    check,
    read_constraints,
    read_violations,
    suggest,
)
from scones.monitor.baseline.constraints import (
    CategoricalDrift,
    Comparison,
    DistributionConstraints,
    MonitoringConfig,
)
from tests.scones.monitor.baseline.rows import rows, statistics


def found(
    current: Statistics, constraints: Constraints, baseline: Statistics | None = None
) -> list[tuple[str, str]]:
    violations = check(current, constraints, baseline).violations
    return [(item.feature_name, item.constraint_check_type) for item in violations]


def comparing(
    method: Comparison = Comparison.SIMPLE,
    categorical: CategoricalDrift = CategoricalDrift.L_INFINITY,
    threshold: float = 0.1,
) -> MonitoringConfig:
    return MonitoringConfig(
        distribution_constraints=DistributionConstraints(
            comparison_threshold=threshold,
            comparison_method=method,
            categorical_comparison_threshold=threshold,
            categorical_drift_method=categorical,
        )
    )


def changed(constraints: Constraints, feature: str, **override: Any) -> Constraints:
    document = constraints.as_json()
    for item in document["features"]:
        if item["name"] == feature:
            item["monitoring_config_overrides"] = override
    return read_constraints(json.dumps(document), "constraints.json")


def test_suggested_constraints_describe_the_baseline() -> None:
    baseline = Statistics.of([{"n": 1, "f": -0.5, "s": "b"}, {"n": 2, "s": "a"}])
    document = suggest(baseline).as_json()
    assert document["features"] == [
        {
            "name": "n",
            "inferred_type": "Integral",
            "completeness": 1.0,
            "num_constraints": {"is_non_negative": True},
        },
        {
            "name": "f",
            "inferred_type": "Fractional",
            "completeness": 0.5,
            "num_constraints": {"is_non_negative": False},
        },
        {
            "name": "s",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["a", "b"]},
        },
    ]
    assert document["monitoring_config"] == {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
            "categorical_comparison_threshold": 0.1,
            "categorical_drift_method": "LInfinity",
        },
    }


def test_the_baseline_violates_nothing_of_itself() -> None:
    baseline = statistics()
    checked = check(baseline, suggest(baseline), baseline)
    assert checked == Checked((), {"score": 0, "size": 0, "colour": 0})
    assert checked.status == "Completed"


def test_another_type_is_a_violation_and_is_described_as_model_monitor_does() -> None:
    constraints = suggest(Statistics.of([{"a": 1}, {"a": 2}]))
    current = Statistics.of([{"a": 1}, {"a": 2.5}, {"a": 3}, {"a": 4}])
    (violation,) = check(current, constraints).violations
    assert violation.as_json() == {
        "feature_name": "a",
        "constraint_check_type": "data_type_check",
        "description": "Data type match requirement is not met. Expected data type: Integral, "
        "Expected match: 100.0%. Observed: Only 75.0% of data is Integral.",
    }
    assert not found(current, changed(constraints, "a", datatype_check_threshold=0.75))


def test_whole_numbers_are_fractions_too() -> None:
    constraints = suggest(Statistics.of([{"a": 1.5}]))
    assert not found(Statistics.of([{"a": 1}]), constraints)
    assert found(Statistics.of([{"a": "x"}]), constraints) == [("a", "data_type_check")]


def test_values_that_lack_are_a_violation() -> None:
    half = suggest(Statistics.of([{"a": 1}, {"a": None}]))
    assert not found(Statistics.of([{"a": 1}, {"a": None}]), half)
    lacking = [{"a": 1}, {"a": None}, {"a": None}]
    assert found(Statistics.of(lacking), half) == [("a", "completeness_check")]


def test_missing_and_extra_columns_are_violations_that_name_them() -> None:
    constraints = suggest(Statistics.of([{"a": 1, "b": 1}]))
    checked = check(Statistics.of([{"b": 1, "c": 1, "d": 1}]), constraints)
    assert [item.constraint_check_type for item in checked.violations] == [
        "missing_column_check",
        "extra_column_check",
    ]
    missing, extra = (item.description for item in checked.violations)
    assert missing.endswith("Missing: a")
    assert extra.endswith("Extra: c, d")
    assert "current dataset: 3, Number of columns in baseline constraints: 2" in extra


def test_values_that_the_baseline_does_not_have_are_a_violation() -> None:
    constraints = suggest(Statistics.of([{"a": "x"}, {"a": "y"}]))
    current = Statistics.of([{"a": "x"}] * 9 + [{"a": "z"}])
    (violation,) = check(current, constraints).violations
    assert violation.constraint_check_type == "categorical_values_check"
    assert "'z'" in violation.description
    assert not found(current, changed(constraints, "a", domain_content_threshold=0.9))


@pytest.mark.parametrize("method", Comparison)
def test_drifted_numbers_are_a_violation(method: Comparison) -> None:
    baseline = statistics(500)
    checked = check(statistics(500, 1, shift=1.0), suggest(baseline, comparing(method)), baseline)
    (violation,) = checked.violations
    assert (violation.feature_name, violation.constraint_check_type) == (
        "score",
        "baseline_drift_check",
    )
    match = re.search("distance: (.+) exceeds threshold: (.+)", violation.description)
    assert match is not None
    assert float(match[1]) == checked.distances["score"]
    assert match[2] == "0.1"


def test_robust_forgives_what_few_records_differ_by_and_simple_does_not() -> None:
    baseline, few = statistics(500), statistics(30, 1)
    simple = check(few, suggest(baseline, comparing(Comparison.SIMPLE)), baseline)
    robust = check(few, suggest(baseline, comparing(Comparison.ROBUST)), baseline)
    assert simple.violations
    assert not robust.violations
    slack = 1.8 * ((500 + 30) / (500 * 30)) ** 0.5
    for name, distance in simple.distances.items():
        assert robust.distances[name] == pytest.approx(max(0, distance - slack))


def test_drifted_categories_are_a_violation_by_either_method() -> None:
    baseline, current = statistics(500), statistics(500, 1, reds=0.8)
    infinity = suggest(baseline, comparing())
    chi = suggest(baseline, comparing(categorical=CategoricalDrift.CHI_SQUARED))
    for constraints in (infinity, chi):
        assert found(current, constraints, baseline) == [("colour", "baseline_drift_check")]
    checked = check(current, infinity, baseline)
    before, after = (s.features["colour"].categories["red"] / 500 for s in (baseline, current))
    assert checked.distances["colour"] == pytest.approx(after - before)


def test_undrifted_categories_are_none_by_chi_squared() -> None:
    baseline = statistics(500)
    constraints = suggest(baseline, comparing(categorical=CategoricalDrift.CHI_SQUARED))
    assert not found(statistics(500, 3), constraints, baseline)


def test_a_threshold_can_be_overridden_for_one_feature() -> None:
    baseline, current = statistics(500), statistics(500, 1, shift=1.0, reds=0.8)
    constraints = suggest(baseline, comparing())
    assert {name for name, _ in found(current, constraints, baseline)} == {"score", "colour"}
    lenient = changed(constraints, "score", distribution_constraints={"comparison_threshold": 0.9})
    assert found(current, lenient, baseline) == [("colour", "baseline_drift_check")]
    off = changed(constraints, "score", distribution_constraints={"perform_comparison": "Disabled"})
    assert found(current, off, baseline) == [("colour", "baseline_drift_check")]


def test_a_feature_can_be_left_out_of_the_check_in_either_spelling() -> None:
    baseline, current = statistics(500), statistics(500, 1, shift=1.0)
    document = suggest(baseline, comparing()).as_json()
    for spelling in ("monitoring_config_overrides", "monitoringConfigOverrides"):
        document["features"][0][spelling] = {"evaluate_constraints": "Disabled"}
        constraints = read_constraints(json.dumps(document), "c")
        assert not found(current, constraints, baseline)
        del document["features"][0][spelling]
    document["monitoring_config"]["evaluate_constraints"] = "Disabled"
    assert not found(current, read_constraints(json.dumps(document), "c"), baseline)


def test_without_a_baseline_no_distribution_is_compared() -> None:
    assert check(statistics(500, 1, shift=9), suggest(statistics(500))) == Checked((), {})


def test_a_constraints_file_read_back_is_the_same_and_keeps_what_is_unknown() -> None:
    document = suggest(statistics()).as_json()
    document["features"][0]["comment"] = "kept"
    document["monitoring_config"]["distribution_constraints"]["later"] = 1
    again = read_constraints(json.dumps(document), "c").as_json()
    assert again == document


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"monitoring_config": {"emit_metrics": "On"}}, "emit_metrics.*'On'"),
        ({"features": [{"name": "a"}]}, "features.0.inferred_type"),
        (
            {
                "features": [
                    {
                        "name": "a",
                        "inferred_type": "String",
                        "monitoring_config_overrides": {
                            "distribution_constraints": {"comparison_method": "Exact"}
                        },
                    }
                ]
            },
            "comparison_method.*'Exact'",
        ),
    ],
)
def test_what_is_no_constraints_file_is_named(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError, match=rf"b/c.json is not a constraints.json: .*{reason}"):
        read_constraints(json.dumps(change), "b/c.json")


def test_a_violations_file_read_back_is_the_same() -> None:
    baseline = statistics()
    checked = check(Statistics.of([{"other": 1}]), suggest(baseline), baseline)
    assert len(checked.violations) == 2
    assert checked.status == "CompletedWithViolations"
    assert read_violations(json.dumps(checked.as_json()), "v") == checked.violations
    with pytest.raises(DataError, match=r"v is not a constraint_violations.json: no violations"):
        read_violations("{}", "v")


def test_a_check_of_no_records_finds_the_columns_missing() -> None:
    empty = Statistics.of([])
    assert found(empty, suggest(Statistics.of(rows(10)))) == [
        ("Missing columns", "missing_column_check")
    ]
