"""Statistics are right, take bounded memory, and survive the way through a file."""

import json
import tracemalloc

import numpy as np
import pytest

from scones.errors import DataError
from scones.monitor.baseline import Statistics, read_statistics
from scones.monitor.baseline.distribution import Distribution, largest_gap
from scones.monitor.baseline.statistics import CATEGORIES_MAX, Gathering
from tests.scones.monitor.baseline.rows import statistics


def of_values(*values: object) -> Statistics:
    return Statistics.of({"a": value} for value in values)  # type: ignore[dict-item]


def test_numbers_have_their_moments_whatever_the_pieces_they_come_in() -> None:
    values = np.random.default_rng(0).normal(1e6, 3, 10_001)
    numbers = of_values(*values.tolist()).features["a"].numbers
    assert numbers is not None
    assert numbers.mean == pytest.approx(values.mean(), rel=1e-12)
    assert numbers.total == pytest.approx(values.sum(), rel=1e-12)
    assert numbers.std_dev == pytest.approx(values.std(), rel=1e-9)
    assert (numbers.least, numbers.largest) == (values.min(), values.max())


def test_ranks_of_a_sketch_are_right_to_the_error_it_claims() -> None:
    values = np.random.default_rng(0).normal(size=50_000)
    numbers = of_values(*values.tolist()).features["a"].numbers
    assert numbers is not None
    assert numbers.distribution is not None
    assert len(numbers.distribution.values) < 8_000
    exact = Distribution(np.sort(values), np.ones(len(values)))
    assert largest_gap(numbers.distribution, exact) < 0.003


def test_a_few_thousand_values_are_all_kept() -> None:
    values = np.random.default_rng(0).normal(size=2_000)
    numbers = of_values(*values.tolist()).features["a"].numbers
    assert numbers is not None
    assert numbers.distribution is not None
    assert np.array_equal(numbers.distribution.sample(10_000), np.sort(values))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, 2), "Integral"),
        ((1, 2.5), "Fractional"),
        (("x", 1, 2.5), "String"),
        ((None, None), "Unknown"),
        ((None, 3), "Integral"),
    ],
)
def test_the_type_is_the_narrowest_that_all_values_have(
    values: tuple[object, ...], kind: str
) -> None:
    assert of_values(*values).features["a"].inferred_type == kind


def test_a_record_without_a_value_has_it_missing() -> None:
    found = Statistics.of([{"a": 1, "b": None}, {"a": 2}, {"b": "x", "a": 3}])
    assert (found.features["b"].present, found.features["b"].missing) == (1, 2)
    assert found.features["a"].completeness == 1.0
    assert found.features["b"].completeness == pytest.approx(1 / 3)


def test_numbers_among_texts_count_as_texts() -> None:
    feature = of_values("x", "x", 7, 7, 7).features["a"]
    assert feature.categories == {"7": 3, "x": 2}
    assert feature.matching["Integral"] == pytest.approx(0.6)


def test_the_file_has_model_monitors_form() -> None:
    document = Statistics.of([{"n": 1, "s": "a"}, {"n": 3, "s": "b"}, {"n": 5}]).as_json()
    number, text = document["features"]
    assert document["version"] == 0
    assert document["dataset"] == {"item_count": 3}
    assert number["inferred_type"] == "Integral"
    numerical = number["numerical_statistics"]
    assert numerical["common"] == {"num_present": 3, "num_missing": 0}
    assert {name: numerical[name] for name in ("mean", "sum", "min", "max")} == {
        "mean": 3.0,
        "sum": 9.0,
        "min": 1.0,
        "max": 5.0,
    }
    kll = numerical["distribution"]["kll"]
    assert kll["sketch"]["data"] == [[1.0, 3.0, 5.0]]
    assert set(kll["sketch"]["parameters"]) == {"c", "k"}
    assert len(kll["buckets"]) == 10
    assert [bucket["count"] for bucket in kll["buckets"] if bucket["count"]] == [1, 1, 1]
    assert kll["buckets"][0]["lower_bound"] == 1
    assert kll["buckets"][-1]["upper_bound"] == 5
    assert text["string_statistics"] == {
        "common": {"num_present": 2, "num_missing": 1},
        "distinct_count": 2.0,
        "distribution": {
            "categorical": {"buckets": [{"value": "a", "count": 1}, {"value": "b", "count": 1}]}
        },
    }


@pytest.mark.parametrize("count", [1, 500, 20_000])
def test_a_file_read_back_is_the_same(count: int) -> None:
    before = statistics(count)
    text = json.dumps(before.as_json(), allow_nan=False)
    after = read_statistics(text, "statistics.json")
    assert after.as_json() == before.as_json()
    one, other = before.features["score"].numbers, after.features["score"].numbers
    assert one is not None
    assert other is not None
    assert one.distribution is not None
    assert other.distribution is not None
    assert largest_gap(one.distribution, other.distribution) == 0


def test_a_file_without_a_sketch_is_read_by_its_buckets() -> None:
    document = statistics().as_json()
    kll = document["features"][0]["numerical_statistics"]["distribution"]["kll"]
    del kll["sketch"]
    numbers = read_statistics(json.dumps(document), "s").features["score"].numbers
    assert numbers is not None
    assert numbers.distribution is not None
    assert numbers.distribution.total == 500


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting"),
        ("{}", "no features"),
        ('{"features": []}', "no dataset"),
        ('{"features": [{"name": "a"}], "dataset": {"item_count": 1}}', "no inferred_type"),
        ("[]", "list"),
    ],
)
def test_what_is_no_statistics_file_is_named(text: str, reason: str) -> None:
    with pytest.raises(DataError, match=rf"b/s.json is not a statistics.json: .*{reason}"):
        read_statistics(text, "b/s.json")


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    def peak(count: int) -> int:
        gathering = Gathering()
        tracemalloc.start()
        for number in range(count):
            gathering.add({"id": f"name {number}", "n": number * 0.5})
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert gathering.finish().item_count == count
        return most

    peak(10)
    assert peak(40_000) < 1.5 * peak(8_000)


def test_of_very_many_categories_the_number_is_estimated() -> None:
    feature = of_values(*(f"name {n}" for n in range(5_000))).features["a"]
    assert len(feature.categories) == CATEGORIES_MAX
    assert feature.distinct == pytest.approx(5_000, rel=0.05)
