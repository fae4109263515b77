"""Drift that is there is found, and what is not is not, as often as promised."""

import numpy as np
import pytest

from scones.monitor.baseline import Statistics, find_drift
from scones.monitor.baseline.distribution import Distribution
from scones.monitor.baseline.drift import LEVEL, chi_squared, cramer_von_mises
from tests.scones.monitor.baseline.rows import statistics


def drifted(baseline: Statistics, current: Statistics) -> set[str]:
    return {item.name for item in find_drift(baseline, current) if item.drifted}


def test_false_alarms_are_as_rare_as_promised() -> None:
    rounds = 300
    baseline = statistics(400)
    alarms = sum(bool(drifted(baseline, statistics(100, seed))) for seed in range(1, rounds + 1))
    assert alarms <= 3 * LEVEL * rounds


@pytest.mark.parametrize("count", [3, 10, 100])
@pytest.mark.parametrize("values", [1, 2, 50])
def test_equal_numbers_make_no_false_alarms(values: int, count: int) -> None:
    rng = np.random.default_rng(1)

    def of(size: int) -> Distribution:
        return Distribution.of_levels([rng.integers(0, values, size).tolist()])

    p_values = np.array([cramer_von_mises(of(400), of(count)) for _ in range(200)])
    assert (p_values < 0.01).mean() <= 0.03
    assert (p_values < 0.5).mean() <= 0.62


def test_only_what_has_drifted_is_found_and_it_comes_first() -> None:
    found = find_drift(statistics(400), statistics(200, 1, shift=0.8))
    assert [item.name for item in found if item.drifted] == ["score"]
    assert found[0].name == "score"
    assert found[0].test == "Cramér-von Mises"
    assert drifted(statistics(400), statistics(200, 1, reds=0.8)) == {"colour"}


def test_a_change_too_small_to_speak_of_is_none_however_many_records_prove_it() -> None:
    before, after = statistics(20_000), statistics(20_000, 1, shift=0.08)
    score = next(item for item in find_drift(before, after) if item.name == "score")
    assert score.adjusted < LEVEL
    assert score.distance < 0.05
    assert not score.drifted


def test_features_that_only_one_side_has_are_left_out() -> None:
    assert find_drift(Statistics.of([{"a": 1}]), Statistics.of([{"b": 1}])) == ()
    assert find_drift(Statistics.of([]), Statistics.of([])) == ()
    mixed = find_drift(Statistics.of([{"a": 1}] * 9), Statistics.of([{"a": "x"}] * 9))
    assert mixed == ()


def test_a_constant_that_stays_has_not_drifted_and_one_that_changes_has() -> None:
    same = Statistics.of([{"width": 32}] * 100)
    other = Statistics.of([{"width": 64}] * 100)
    assert find_drift(same, same)[0].distance == 0
    assert drifted(same, same) == set()
    assert drifted(same, other) == {"width"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_records_is_compared_without_a_warning(count: int) -> None:
    assert drifted(statistics(400), statistics(count, 1)) == set()


def test_rare_categories_are_tested_by_permutation_and_keep_the_level() -> None:
    rng = np.random.default_rng(0)
    names = [f"n{n}" for n in range(20)]
    p_values = []
    for _ in range(100):
        before, after = (
            {n: int(c) for n, c in zip(names, rng.multinomial(size, [0.05] * 20), strict=True)}
            for size in (60, 20)
        )
        p_values.append(chi_squared(before, after))
    assert np.mean(np.array(p_values) < 0.1) <= 0.2
    assert chi_squared({"a": 30}, {"b": 30}) < 0.01
