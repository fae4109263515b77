"""The estimate: made of the table's prices, and honest where the table has none."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from scones.cost import estimate
from scones.profiles import PROFILES

TABLE = tomllib.loads((files("scones.cost") / "prices.toml").read_text())
AWS = PROFILES["aws"]


def test_the_table_says_where_and_when() -> None:
    assert date.fromisoformat(TABLE["as_of"]) < date(2100, 1, 1)
    assert TABLE["source"]
    assert all(url.startswith("https://aws.amazon.com/") for url in TABLE["source"])


def test_the_default_types_have_prices() -> None:
    assert all(line.usd is not None for line in estimate(AWS).lines)


def test_an_endpoint_costs_by_the_hour_and_the_instance() -> None:
    one = estimate(AWS).total("month")
    two = estimate(
        AWS.model_copy(update={"endpoint_instances": 2, "endpoint_most_instances": 2})
    ).total("month")
    assert one is not None
    assert two is not None
    hour = TABLE["hosting_hour"][AWS.endpoint_instance_type]
    assert two - one == pytest.approx(hour * 730)


def test_a_thousand_predictions_cost_mostly_their_transitions() -> None:
    total = estimate(AWS).total("1,000 predictions")
    assert total is not None
    assert 5 * 1000 * TABLE["unit"]["state_transition"] < total < 0.5


def test_an_unknown_instance_type_has_no_price_instead_of_a_wrong_one() -> None:
    found = estimate(AWS.model_copy(update={"endpoint_instance_type": "ml.p99.huge"}))
    assert found.total("month") is None
    assert found.total("1,000 predictions") is not None


def test_training_costs_by_the_instance_and_spot_is_never_more() -> None:
    two = AWS.model_copy(update={"training_instances": 2})
    hour = TABLE["training_hour"][AWS.training_instance_type]
    assert estimate(two).total("hour of training") == pytest.approx(2 * hour)
    (line,) = [
        line
        for line in estimate(two.model_copy(update={"training_spot": True})).lines
        if line.per == "hour of training"
    ]
    assert line.usd == pytest.approx(2 * hour)
    assert "spot: at most" in line.what
