"""The estimate: made of the table's prices, and honest where the table has none."""

import tomllib
from datetime import date
from importlib.resources import files

import pytest

from scones.cost import estimate
from scones.cost.estimate import Line
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


def site_line(**changes: object) -> Line:
    lines = estimate(AWS.model_copy(update=changes)).lines
    (line,) = [line for line in lines if line.what.startswith("web site")]
    return line


def test_an_endpoint_with_hours_costs_at_most_what_a_month_does():
    hours = {"endpoint_off": "cron(0 20 * * ? *)", "endpoint_on": "cron(0 7 * * ? *)"}
    line = estimate(AWS.model_copy(update=hours)).lines[0]
    assert "at most" in line.what
    assert line.usd == estimate(AWS).lines[0].usd
    assert "day and night" in estimate(AWS).lines[0].what


def test_the_web_site_costs_by_the_hour_and_more_with_a_load_balancer() -> None:
    plain = site_line()
    balanced = site_line(site_certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/1")
    unit, hour = TABLE["unit"], TABLE["site_hour"][AWS.site_instance_type]
    assert plain.per == "month"
    assert plain.usd is not None
    assert balanced.usd is not None
    assert 730 * hour < plain.usd < 2 * 730 * hour
    added = unit["balancer_hour"] + unit["balancer_unit_hour"] + 2 * unit["address_hour"]
    assert balanced.usd - plain.usd == pytest.approx(730 * added)
    assert "load balancer" in balanced.what
    assert "load balancer" not in plain.what
    assert site_line(site_instance_type="t99.huge").usd is None


def test_the_detector_costs_what_an_instance_costs() -> None:
    (line,) = [line for line in estimate(AWS).lines if line.what.startswith("detector")]
    assert line.usd == pytest.approx(730 * TABLE["hosting_hour"][AWS.endpoint_instance_type])


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
