import pytest
from pydantic import ValidationError

from scones.config import Choices, Range
from scones.tuning import points

SEARCH = {
    "learning_rate": Range(low=0.001, high=1.0, log=True),
    "epochs": Range(low=2, high=9, whole=True),
    "optimizer": Choices(choices=("nag", "adam")),
}


def test_points_lie_within_the_space_and_fill_it() -> None:
    found = points(SEARCH, 32, seed=0)
    assert len(found) == 32
    rates = [point["learning_rate"] for point in found]
    assert all(0.001 <= rate <= 1.0 for rate in rates)
    assert sum(rate < 0.0318 for rate in rates) == 16  # half of the powers, to the point
    assert {point["epochs"] for point in found} == set(range(2, 10))
    assert [p["optimizer"] for p in found].count("nag") == 16
    assert all(isinstance(point["epochs"], int) for point in found)


def test_more_points_go_on_where_fewer_ended() -> None:
    assert points(SEARCH, 20, seed=3)[:5] == points(SEARCH, 5, seed=3)
    assert points(SEARCH, 5, seed=3) != points(SEARCH, 5, seed=4)


def test_no_space_and_no_count_give_no_points() -> None:
    assert points({}, 4, seed=0) == []
    assert points(SEARCH, 0, seed=0) == []


@pytest.mark.parametrize(
    "wrong", [{"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {"low": 1, "high": 1}]
)
def test_what_is_no_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="is no range"):
        Range.model_validate(wrong)
