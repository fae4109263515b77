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
from scones.monitor.baseline.embeddings import EMBEDDINGS, Embeddings, read_embeddings
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

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            DataError: It cannot be removed.
        """
        try:
            if self._in_s3:
                bucket, key = self._key(name)
                self.s3_client.delete_object(Bucket=bucket, Key=key)
            else:
                (Path(self.place) / name).unlink(missing_ok=True)
        except (ClientError, BotoCoreError, OSError) as error:
            raise DataError(f"cannot remove {self.place}/{name}: {error}") from error

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
    """What is usual, and what later data have to be like.

    Attributes:
        source: Where its files are.
        statistics: What is usual.
        constraints: What later data have to be like.
        embeddings: What a model makes of usual images, if it was asked.
    """

    source: str
    statistics: Statistics
    constraints: Constraints
    embeddings: Embeddings | None = None


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


def write_baseline(
    store: Store,
    statistics: Statistics,
    constraints: Constraints,
    embeddings: Embeddings | None = None,
) -> list[str]:
    """Write a baseline's files, and say where they are."""
    if embeddings is None:
        store.remove(EMBEDDINGS)  # those of a baseline before would be of other images
    files = [
        store.write(STATISTICS, statistics.as_json()),
        store.write(CONSTRAINTS, constraints.as_json()),
    ]
    if embeddings is not None:
        files.append(store.write(EMBEDDINGS, embeddings.as_json()))
    return files


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
    embeddings = store.read(EMBEDDINGS)
    return Baseline(
        store.place,
        read_statistics(statistics, f"{store.place}/{STATISTICS}"),
        read_constraints(constraints, f"{store.place}/{CONSTRAINTS}"),
        None if embeddings is None else read_embeddings(embeddings, f"{store.place}/{EMBEDDINGS}"),
    )


def compare(
    baseline: Baseline, statistics: Statistics, embeddings: Embeddings | None = None
) -> Compared:
    """Check later data's statistics against a baseline, and test them for drift.

    Args:
        baseline: What is usual.
        statistics: Of the later data.
        embeddings: Of the later data's images, by the model that embedded the baseline's.
    """
    checked = check(statistics, baseline.constraints, baseline.statistics)
    usual = baseline.embeddings
    pair = (usual.vectors, embeddings.vectors) if usual and embeddings else None
    drift = find_drift(baseline.statistics, statistics, embeddings=pair)
    return Compared(baseline, statistics, checked, drift)


def write_results(store: Store, compared: Compared) -> list[str]:
    """Write a check's files as Model Monitor names them, and the drift tests; say where."""
    return [
        store.write(STATISTICS, compared.statistics.as_json()),
        store.write(VIOLATIONS, compared.checked.as_json()),
        store.write(DRIFT, {"tests": [item.as_json() for item in compared.drift]}),
    ]
