"""Finds capture files in S3 by time range, without listing the hours in between.

<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-SS-mmm-<uuid>.jsonl

Without a range everything below a prefix is listed, a thousand keys a call. With one, folders are
descended level by level, and a year, month, day or hour out of range is not entered.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from scones.errors import UsageError

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)
_SLACK = timedelta(hours=1)  # a file is named for one moment and holds what came around it
# From the month on: a lone number of four digits may just as well be an endpoint's name.
_FOLDER = re.compile(r"/(\d{4})/(\d{2})(?:/(\d{2}))?(?:/(\d{2}))?/$")
_HOUR = re.compile(r"/\d{4}/\d{2}/\d{2}/\d{2}/")


def span_of(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """Return both ends in UTC, far away where not given; a time without a zone is in UTC.

    Raises:
        UsageError: `since` is not before `until`.
    """
    begin, end = (
        time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        for time in (since or BEGINNING, until or END)
    )
    if begin >= end:
        raise UsageError(f"since {begin} is not before until {end}")
    return begin, end


def places_of(s3_uri: str) -> tuple[str, list[str]]:
    """Return bucket and key prefixes of a URI, each ending in a slash so that names are not cut.

    A destination that was given with a slash at its end makes a double one in the keys; whichever
    spelling is asked for, both are looked for.

    Raises:
        UsageError: It is not a URI of S3.
    """
    match = re.fullmatch(r"s3://([^/]+)(?:/(.*))?", s3_uri, re.DOTALL)
    if match is None:
        raise UsageError(f"{s3_uri!r} is not an S3 URI; give s3://BUCKET/PREFIX/ENDPOINT")
    prefix = match[2] or ""
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    single = re.sub(r"/+", "/", prefix)
    above, _, endpoint = single.removesuffix("/").rpartition("/")
    double = {f"{above}//{endpoint}/"} if above else set()
    return match[1], sorted({prefix, single} | double)


def keys_between(
    s3_client: Any, bucket: str, prefixes: Iterable[str], since: datetime, until: datetime
) -> Iterator[str]:
    """Yield the keys of the capture files that may hold inferences of a time range.

    Args:
        s3_client: boto3 S3 client.
        bucket: Name of the bucket.
        prefixes: Key prefixes; none is listed twice.
        since: Begin of the range, in UTC.
        until: Its end.

    Yields:
        Keys that end in .jsonl, prefix by prefix in S3's order, each once.
    """
    seen: set[str] = set()
    for prefix in prefixes:
        if (since, until) == (BEGINNING, END):
            yield from (key for key in _all(s3_client, bucket, prefix) if _fresh(key, seen))
        else:
            found = _descend(s3_client, bucket, prefix, since, until)
            yield from (key for key in found if _fresh(key, seen))


def _fresh(key: str, seen: set[str]) -> bool:
    """Whether a key is new; only those below a double slash can come twice."""
    if "//" not in key:
        return True
    new = key not in seen
    seen.add(key)
    return new


def _all(s3_client: Any, bucket: str, prefix: str) -> Iterator[str]:
    pages = s3_client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from _files(page)


def _descend(
    s3_client: Any, bucket: str, prefix: str, since: datetime, until: datetime
) -> Iterator[str]:
    """List one level, then the folders in range; an hour's folder is listed whole."""
    if _HOUR.search(f"/{prefix}"):
        yield from _all(s3_client, bucket, prefix)
        return
    pages = s3_client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    for page in pages:
        yield from _files(page)
        for folder in page.get("CommonPrefixes", ()):
            if may_hold(folder["Prefix"], since, until):
                yield from _descend(s3_client, bucket, folder["Prefix"], since, until)


def _files(page: dict[str, Any]) -> Iterator[str]:
    return (o["Key"] for o in page.get("Contents", ()) if o["Key"].endswith(".jsonl"))


def may_hold(folder: str, since: datetime, until: datetime) -> bool:
    """Whether a folder may hold inferences of a time range, going by the date in its name."""
    match = _FOLDER.search(f"/{folder}")
    if match is None:
        return True
    year, month, day, hour = (None if part is None else int(part) for part in match.groups())
    try:
        begin = datetime(year or 1, month or 1, day or 1, hour or 0, tzinfo=UTC)
    except ValueError:
        return True
    if hour is not None:
        end = begin + timedelta(hours=1)
    elif day is not None:
        end = begin + timedelta(days=1)
    else:
        end = (begin + timedelta(days=31)).replace(day=1)
    return end > _earlier(since) and begin < _later(until)


def _earlier(time: datetime) -> datetime:
    return time - _SLACK if time - BEGINNING > _SLACK else time


def _later(time: datetime) -> datetime:
    return time + _SLACK if END - time > _SLACK else time
