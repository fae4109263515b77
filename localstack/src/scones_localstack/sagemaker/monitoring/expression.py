"""When a schedule is due, and which span of time an execution looks at.

Source: "The cron expression for monitoring schedule" in the SageMaker developer guide, and
ScheduleConfig in its API reference. All times are in UTC, in seconds since the epoch.
"""

import re
from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.errors import ValidationException

NOW = "NOW"
HOUR = 3600.0
DAY = 24 * HOUR
WIDEST = DAY
# AWS picks the hour of a schedule that names none; here it is midnight.
_DAILY = "cron(0 0 ? * * *)"

_CRON = re.compile(r"cron\(0 (?:(\*)|(\d{1,2})(?:/(\d{1,2}))?) \? \* \* \*\)")
_DURATION = re.compile(
    r"(?P<sign>[-+]?)P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_SECONDS = {"weeks": 7 * DAY, "days": DAY, "hours": HOUR, "minutes": 60.0, "seconds": 1.0}


@dataclass(frozen=True)
class Expression:
    """A ScheduleExpression, read.

    Attributes:
        hours: the hours of a day, 0 to 23, at which an execution begins; none for NOW.
    """

    hours: tuple[int, ...]

    @property
    def once(self) -> bool:
        """Whether the schedule has one execution, at once."""
        return not self.hours

    def after(self, moment: float) -> float:
        """Return the first time later than a moment."""
        hour = moment // HOUR * HOUR + HOUR
        while int(hour % DAY // HOUR) not in self.hours:
            hour += HOUR
        return hour

    def until(self, moment: float) -> float:
        """Return the last time that is not later than a moment."""
        hour = moment // HOUR * HOUR
        while int(hour % DAY // HOUR) not in self.hours:
            hour -= HOUR
        return hour


def parse(config: dict[str, Any]) -> Expression:
    """Return the times of a ScheduleConfig; one that is empty is daily.

    Raises:
        ValidationException: AWS does not have such an expression.
    """
    text = config.get("ScheduleExpression", _DAILY)
    if text == NOW:
        return Expression(())
    match = _CRON.fullmatch(text)
    if match is None:
        raise _invalid(text)
    every, first, step = match.groups()
    if every:
        return Expression(tuple(range(24)))
    begin, interval = int(first), int(step or 24)
    if begin > 23 or not 1 <= interval <= 24:
        raise _invalid(text)
    return Expression(tuple(sorted(hour % 24 for hour in range(begin, begin + 24, interval))))


def offset(text: str, member: str) -> float:
    """Return an ISO 8601 duration, such as -PT1H, in seconds; never above 0.

    Raises:
        ValidationException: it is none, or leads into the future.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValidationException(
            f"{member} {text} is not an ISO 8601 duration such as -PT1H or -P1D."
        )
    seconds = sum(float(match[unit] or 0) * size for unit, size in _SECONDS.items())
    if seconds and match["sign"] != "-":
        raise ValidationException(
            f"{member} {text} leads into the future: an offset to the time of the execution "
            f"begins with a minus, such as -{text.lstrip('+')}."
        )
    return -seconds


def check(config: dict[str, Any]) -> Expression:
    """Return the times of a ScheduleConfig whose window is sound too.

    Raises:
        ValidationException: it is not; the message says how.
    """
    expression = parse(config)
    given = ("DataAnalysisStartTime" in config, "DataAnalysisEndTime" in config)
    if expression.once and not all(given):
        raise ValidationException(
            "DataAnalysisStartTime and DataAnalysisEndTime are required when "
            "ScheduleExpression is NOW."
        )
    if any(given):
        window(config, {}, 0.0)
    return expression


def window(
    config: dict[str, Any], offsets: dict[str, Any], scheduled: float
) -> tuple[float, float]:
    """Return begin and end of what an execution looks at.

    Args:
        config: the schedule's ScheduleConfig.
        offsets: an EndpointInput, for its StartTimeOffset and EndTimeOffset; where the
            ScheduleConfig has a window, that counts.
        scheduled: the execution's ScheduledTime.

    Returns:
        Seconds since the epoch. Without any offset, from the time before up to this one.

    Raises:
        ValidationException: the window is empty, or that of the schedule longer than a day.
    """
    expression = parse(config)
    start = config.get("DataAnalysisStartTime") or offsets.get("StartTimeOffset")
    end = config.get("DataAnalysisEndTime") or offsets.get("EndTimeOffset")
    finish = scheduled + (offset(end, "DataAnalysisEndTime") if end else 0.0)
    if start:
        begin = scheduled + offset(start, "DataAnalysisStartTime")
    else:
        begin = finish - HOUR if expression.once else expression.until(finish - 1)
    if not begin < finish:
        raise ValidationException(
            f"The analysis window is empty: it begins at {start} and ends at {end or 'PT0H'}, "
            "both relative to the time of the execution."
        )
    if finish - begin > WIDEST and "DataAnalysisStartTime" in config:
        raise ValidationException(
            f"The analysis window from {start} to {end or 'PT0H'} is longer than 24 hours."
        )
    return begin, finish


def _invalid(text: str) -> ValidationException:
    return ValidationException(
        f"Invalid ScheduleExpression '{text}': the supported forms are cron(0 * ? * * *), "
        f"cron(0 [00-23] ? * * *), cron(0 [00-23]/[01-24] ? * * *) and {NOW}."
    )
