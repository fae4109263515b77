"""Where a baseline and a check's results are kept: a folder, or below an S3 prefix."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError, UsageError
from scones.monitor.baseline.checks import Checked, check
from scones.monitor.baseline.constraints import Constraints, read_constraints
from scones.monitor.baseline.drift import FeatureDrift, find_drift
from scones.monitor.baseline.statistics import Statistics, read_statistics

STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"
VIOLATIONS, DRIFT = "constraint_violations.json", "drift.json"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder, or `s3://BUCKET/PREFIX`, and the client to reach it with."""

    place: str
    s3_client: Any = None

    def write(self, name: str, document: Any) -> str:
        """Write a JSON document, and say where it is.

        Raises:
            DataError: It cannot be written.
        """
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        where = f"{self.place.rstrip('/')}/{name}"
        try:
            if self._in_s3:
                bucket, key = self._key(name)
                self.s3_client.put_object(Bucket=bucket, Key=key, Body=text.encode())
            else:
                Path(self.place).mkdir(parents=True, exist_ok=True)
                Path(where).write_text(text)
        except (ClientError, BotoCoreError, OSError) as error:
            raise DataError(f"cannot write {where}: {error}") from error
        return where

    def read(self, name: str) -> bytes | None:
        """Read a file; None where there is none.

        Raises:
            DataError: It cannot be read.
        """
        try:
            if not self._in_s3:
                return (Path(self.place) / name).read_bytes()
            bucket, key = self._key(name)
            found: bytes = self.s3_client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except FileNotFoundError:
            return None
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchBucket"):
                return None
            raise DataError(f"cannot read {self.place}/{name}: {error}") from error
        except (BotoCoreError, OSError) as error:
            raise DataError(f"cannot read {self.place}/{name}: {error}") from error
        return found

    @property
    def _in_s3(self) -> bool:
        return self.place.startswith("s3://")

    def _key(self, name: str) -> tuple[str, str]:
        bucket, _, prefix = self.place.removeprefix("s3://").partition("/")
        if not bucket:
            raise UsageError(f"{self.place!r} is not an S3 URI; give s3://BUCKET/PREFIX")
        return bucket, f"{prefix.rstrip('/')}/{name}".lstrip("/")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual, and what later data have to be like."""

    source: str
    statistics: Statistics
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class Compared:
    """Later data beside a baseline.

    Attributes:
        baseline: The baseline.
        statistics: Of the later data.
        checked: Which constraints they violate.
        drift: The drift test of each feature, drifted ones first.
    """

    baseline: Baseline
    statistics: Statistics
    checked: Checked
    drift: tuple[FeatureDrift, ...]

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """The features that have drifted."""
        return tuple(item for item in self.drift if item.drifted)

    @property
    def alarming(self) -> bool:
        """Whether anyone should be told."""
        return bool(self.checked.violations or self.drifted)

    def as_json(self) -> dict[str, Any]:
        """What was found, ready for JSON."""
        return {
            "baseline": self.baseline.source,
            "baseline_records": self.baseline.statistics.item_count,
            "records": self.statistics.item_count,
            "status": self.checked.status,
            "violations": [item.as_json() for item in self.checked.violations],
            "drifted": [item.name for item in self.drifted],
            "drift": [item.as_json() for item in self.drift],
        }


def write_baseline(store: Store, statistics: Statistics, constraints: Constraints) -> list[str]:
    """Write both files of a baseline, and say where they are."""
    return [
        store.write(STATISTICS, statistics.as_json()),
        store.write(CONSTRAINTS, constraints.as_json()),
    ]


def read_baseline(store: Store) -> Baseline | None:
    """Read a baseline; None where there is none.

    Raises:
        DataError: One of its files is missing, or is not what it should be.
    """
    statistics, constraints = store.read(STATISTICS), store.read(CONSTRAINTS)
    if statistics is None and constraints is None:
        return None
    if statistics is None or constraints is None:
        lacking = STATISTICS if statistics is None else CONSTRAINTS
        raise DataError(f"the baseline in {store.place} has no {lacking}: make it anew")
    return Baseline(
        store.place,
        read_statistics(statistics, f"{store.place}/{STATISTICS}"),
        read_constraints(constraints, f"{store.place}/{CONSTRAINTS}"),
    )


def compare(baseline: Baseline, statistics: Statistics) -> Compared:
    """Check later data's statistics against a baseline, and test them for drift."""
    checked = check(statistics, baseline.constraints, baseline.statistics)
    return Compared(baseline, statistics, checked, find_drift(baseline.statistics, statistics))


def write_results(store: Store, compared: Compared) -> list[str]:
    """Write a check's files as Model Monitor names them, and the drift tests; say where."""
    return [
        store.write(STATISTICS, compared.statistics.as_json()),
        store.write(VIOLATIONS, compared.checked.as_json()),
        store.write(DRIFT, {"tests": [item.as_json() for item in compared.drift]}),
    ]
