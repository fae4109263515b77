"""Only the hours asked for are listed, whatever the prefix looks like."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scones.errors import UsageError
from scones.monitor import read_captures
from scones.monitor.listing import may_hold, places_of
from tests.scones.monitor.test_reading import line, put

MOMENT = datetime(2024, 10, 16, 12, 30, tzinfo=UTC)
SPAN = {"since": MOMENT, "until": MOMENT + timedelta(minutes=1)}


@pytest.fixture
def listed(s3: Any) -> Iterator[list[str]]:
    """The prefixes that were listed, in order."""
    prefixes: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        prefixes.append(params["Prefix"])

    event = "provide-client-params.s3.ListObjectsV2"
    s3.meta.events.register(event, note)
    yield prefixes
    s3.meta.events.unregister(event, note)


def fill(s3: Any, bucket: str, prefix: str, *times: datetime) -> None:
    for time in times:
        key = f"{prefix}/AllTraffic/{time:%Y/%m/%d/%H}/30-00-000-a.jsonl"
        put(s3, bucket, key, line(f"{prefix} {time}", time.isoformat()))


def test_years_months_days_and_hours_out_of_range_are_not_listed(
    s3: Any, bucket: str, listed: list[str]
) -> None:
    days = (timedelta(days=n) for n in (-400, -40, -3, -1, 3, 40))
    hours = (timedelta(hours=n) for n in (-5, -2, 5))
    fill(s3, bucket, "c/e", MOMENT, *(MOMENT + apart for apart in (*days, *hours)))
    log = read_captures(s3, f"s3://{bucket}/c/e", **SPAN)
    assert [capture.time for capture in log.captures] == [MOMENT]
    dated = [prefix for prefix in listed if "/20" in prefix]
    assert dated == [
        "c/e/AllTraffic/2023/",
        "c/e/AllTraffic/2024/",
        "c/e/AllTraffic/2024/10/",
        "c/e/AllTraffic/2024/10/16/",
        "c/e/AllTraffic/2024/10/16/12/",
    ]


def test_a_prefix_above_the_endpoint_and_one_down_to_the_hour_are_read_by_time(
    s3: Any, bucket: str
) -> None:
    fill(s3, bucket, "c/one", MOMENT, MOMENT - timedelta(days=3))
    fill(s3, bucket, "c/two", MOMENT)
    above = read_captures(s3, f"s3://{bucket}/c", **SPAN)
    assert [c.event_id.split()[0] for c in above.captures] == ["c/one", "c/two"]
    whole = read_captures(s3, f"s3://{bucket}", **SPAN)
    assert len(whole.captures) == 2
    hour = read_captures(s3, f"s3://{bucket}/c/one/AllTraffic/2024/10/16/12", **SPAN)
    assert len(hour.captures) == 1


def test_an_endpoint_named_like_a_year_is_read(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "c/2019", MOMENT)
    assert len(read_captures(s3, f"s3://{bucket}/c", **SPAN).captures) == 1


def test_a_double_slash_is_found_by_time_and_without_being_asked_for(s3: Any, bucket: str) -> None:
    fill(s3, bucket, "data_capture//scones", MOMENT, MOMENT - timedelta(days=3))
    for uri in ("data_capture/scones", "data_capture//scones", "data_capture"):
        assert len(read_captures(s3, f"s3://{bucket}/{uri}", **SPAN).captures) == 1, uri
    assert len(read_captures(s3, f"s3://{bucket}/data_capture/scones").captures) == 2
    assert len(read_captures(s3, f"s3://{bucket}/data_capture/").captures) == 2


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("e/v/2024/10/", True),
        ("e/v/2024/09/", False),
        ("e/v/2024/10/15/", False),
        ("e/v/2024/10/16/11/", True),  # a file is named for one moment and holds what is around it
        ("e/v/2024/10/16/10/", False),
        ("e/v/2024/10/16/13/", True),
        ("e/v/2024/10/16/14/", False),
        ("e/v/2024/13/", True),  # no month: somebody's own folder
        ("2024/10/16/12/", True),
        ("e/v/", True),
    ],
)
def test_a_folder_is_entered_if_its_date_is_in_range(folder: str, expected: bool) -> None:
    assert may_hold(folder, SPAN["since"], SPAN["until"]) is expected


def test_december_ends_with_the_year() -> None:
    begin = datetime(2025, 1, 1, 5, tzinfo=UTC)
    assert not may_hold("v/2024/12/", begin, begin + timedelta(hours=1))
    assert may_hold("v/2024/12/", begin - timedelta(hours=5), begin)


def test_prefixes_end_in_a_slash_so_that_names_are_not_cut() -> None:
    assert places_of("s3://b/c/e") == ("b", ["c//e/", "c/e/"])
    assert places_of("s3://b") == ("b", [""])
    with pytest.raises(UsageError, match="is not an S3 URI"):
        places_of("b/c")
