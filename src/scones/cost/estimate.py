"""The estimate of `scones plan`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from scones.profiles import Profile

HOURS_A_MONTH = 730
# What one photo takes, measured on the emulator or read from the sources.
TRANSITIONS = 5  # of classify_image: the start, three tasks, the end
FUNCTION_SECONDS = {"serialize_image": 0.1, "classify_image": 0.2, "filter_confidence": 0.05}
FUNCTION_GIGABYTES = {"serialize_image": 0.5, "classify_image": 0.5, "filter_confidence": 0.25}
DETECTION_SECONDS = {"detect_objects": 0.3, "annotate_image": 0.3, "answer_request": 0.1}
DETECTION_GIGABYTES = 1.769
API_REQUESTS = 4  # the form, and the result asked for three times
LOG_BYTES = 3_000
ALARMS = 6
STORED_GIGABYTES = 1
SITE_DISK_GIGABYTES = 10
SITE_SECRETS = 3
BALANCER_ADDRESSES = 2  # one in each of two zones, the fewest


@dataclass(frozen=True, slots=True)
class Line:
    """One position: what, how much of it, in which time or for how many, in USD.

    Attributes:
        usd: None where the table has no price for it.
    """

    what: str
    per: str
    usd: float | None


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """All positions, and how old the prices are."""

    lines: tuple[Line, ...]
    as_of: str
    region: str

    def total(self, per: str) -> float | None:
        """Return the sum of one kind of position; None where a price is missing."""
        prices = [line.usd for line in self.lines if line.per == per]
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None


def estimate(target: Profile) -> CostEstimate:
    """Return what a target's settings cost."""
    table = _table()
    unit, hosting, training = table["unit"], table["hosting_hour"], table["training_hour"]
    hour = hosting.get(target.endpoint_instance_type)
    count = target.endpoint_instances
    hours = "at most, as its hours make it less" if target.endpoint_off else "day and night"
    lines = (
        Line(
            f"endpoint, {count} x {target.endpoint_instance_type}, {hours}",
            "month",
            None if hour is None else hour * count * HOURS_A_MONTH,
        ),
        Line(
            f"detector, 1 x {target.endpoint_instance_type}, day and night, once it is deployed",
            "month",
            None if hour is None else hour * HOURS_A_MONTH,
        ),
        _site(target, table),
        Line(f"{ALARMS} alarms", "month", ALARMS * unit["alarm_month"] if target.watched else 0.0),
        Line(
            f"{STORED_GIGABYTES} GB of photos, models and captures",
            "month",
            STORED_GIGABYTES * unit["storage_gigabyte_month"],
        ),
        Line("Step Functions", "1,000 predictions", 1000 * TRANSITIONS * unit["state_transition"]),
        Line("Lambda", "1,000 predictions", 1000 * _functions(unit)),
        Line(
            "S3, logs and traces",
            "1,000 predictions",
            1000
            * (
                unit["s3_get"]
                + 2 * unit["s3_put"]
                + unit["trace"]
                + LOG_BYTES / 1e9 * unit["log_gigabyte"]
            ),
        ),
        Line("REST API, its functions and S3", "1,000 photos uploaded", 1000 * _detection(unit)),
        _training(target, training.get(target.training_instance_type)),
    )
    return CostEstimate(lines, table["as_of"], table["region"])


def _site(target: Profile, table: Mapping[str, Any]) -> Line:
    """Return the position of the web site: instance, disk, addresses, secrets, load balancer."""
    unit = table["unit"]
    hour = table["site_hour"].get(target.site_instance_type)
    what = f"web site, 1 x {target.site_instance_type}"
    hourly = unit["address_hour"]
    if target.site_certificate_arn:
        what += " and a load balancer"
        hourly += unit["balancer_hour"] + unit["balancer_unit_hour"]
        hourly += BALANCER_ADDRESSES * unit["address_hour"]
    if hour is None:
        return Line(f"{what}, once it is deployed", "month", None)
    monthly = (
        SITE_DISK_GIGABYTES * unit["disk_gigabyte_month"] + SITE_SECRETS * unit["secret_month"]
    )
    usd = HOURS_A_MONTH * (hour + hourly) + monthly
    return Line(f"{what}, once it is deployed", "month", usd)


def _training(target: Profile, hour: float | None) -> Line:
    """Return the position of training; spot instances have no list price, and cost less."""
    what = f"training on {target.training_instances} x {target.training_instance_type}"
    if target.training_spot:
        what += ", spot: at most, up to 90 % less"
    return Line(what, "hour of training", hour and hour * target.training_instances)


def _functions(unit: Mapping[str, float]) -> float:
    gigabyte_seconds = sum(
        seconds * FUNCTION_GIGABYTES[name] for name, seconds in FUNCTION_SECONDS.items()
    )
    requests = len(FUNCTION_SECONDS) * unit["lambda_request"]
    return requests + gigabyte_seconds * unit["lambda_gigabyte_second"]


def _detection(unit: Mapping[str, float]) -> float:
    """Return what one photo costs that is uploaded, looked at, drawn on and asked for."""
    answered = API_REQUESTS * DETECTION_SECONDS["answer_request"]
    seconds = DETECTION_SECONDS["detect_objects"] + DETECTION_SECONDS["annotate_image"] + answered
    return (
        API_REQUESTS * (unit["api_request"] + unit["lambda_request"])
        + 2 * unit["lambda_request"]
        + seconds * DETECTION_GIGABYTES * unit["lambda_gigabyte_second"]
        + 8 * unit["s3_put"]  # photo, result, picture, and five times the status
        + 10 * unit["s3_get"]
        + 3 * unit["trace"]
    )


def _table() -> dict[str, Any]:
    return tomllib.loads((files("scones.cost") / "prices.toml").read_text(encoding="utf-8"))
