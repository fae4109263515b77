"""statistics.json: how many values each feature has, and how they are distributed."""

import json
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scones.errors import DataError
from scones.monitor.baseline.distribution import SKETCH_K, Distribution, read_distribution
from scones.monitor.features import Features, Value

VERSION = 0
CATEGORIES_MAX = 1_000
_PENDING_MAX = 4_096  # numbers are handed to the sketch in pieces


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numerical statistics of one feature; the deviation is the population's."""

    mean: float
    total: float
    std_dev: float
    least: float
    largest: float
    distribution: Distribution | None


@dataclass(frozen=True, slots=True)
class Feature:
    """What is known of one column.

    Attributes:
        name: Its name.
        inferred_type: "Integral", "Fractional", "String" or "Unknown".
        present: How many values there are.
        missing: How many there are not.
        matching: Share of the values, 0 to 1, that fit each type.
        numbers: If the type is numerical.
        categories: How often each value occurs, if the type is String; the commonest only.
        distinct: How many different values there are, if the type is String.
    """

    name: str
    inferred_type: str
    present: int
    missing: int
    matching: Mapping[str, float]
    numbers: Numbers | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    distinct: int = 0

    @property
    def completeness(self) -> float:
        """Share of the records that have a value."""
        return self.present / max(1, self.present + self.missing)

    def as_json(self) -> dict[str, Any]:
        """The feature, as in statistics.json."""
        head: dict[str, Any] = {"name": self.name, "inferred_type": self.inferred_type}
        common = {"common": {"num_present": self.present, "num_missing": self.missing}}
        if self.numbers is not None:
            n = self.numbers
            head["numerical_statistics"] = common | {
                "mean": n.mean,
                "sum": n.total,
                "std_dev": n.std_dev,
                "min": n.least,
                "max": n.largest,
                "distribution": n.distribution.as_json() if n.distribution else {},
            }
        else:
            buckets = [{"value": v, "count": c} for v, c in self.categories.items()]
            head["string_statistics"] = common | {
                "distinct_count": float(self.distinct),
                "distribution": {"categorical": {"buckets": buckets}},
            }
        return head


@dataclass(frozen=True, slots=True)
class Statistics:
    """A dataset's statistics: how many records, and its features by name, in order."""

    item_count: int
    features: Mapping[str, Feature]

    @classmethod
    def of(cls, rows: Iterable[Features]) -> "Statistics":
        """Gather the statistics of records."""
        gathering = Gathering()
        for row in rows:
            gathering.add(row)
        return gathering.finish()

    def as_json(self) -> dict[str, Any]:
        """The whole file."""
        return {
            "version": VERSION,
            "dataset": {"item_count": self.item_count},
            "features": [feature.as_json() for feature in self.features.values()],
        }


class Gathering:
    """Statistics while records come in, in memory that does not grow with their number."""

    def __init__(self) -> None:
        self._count = 0
        self._columns: dict[str, _Column] = {}

    def add(self, row: Features) -> None:
        """Take one record."""
        self._count += 1
        for name, value in row.items():
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Column()
            column.add(value)

    def finish(self) -> Statistics:
        """Return the statistics of what has come in; a record without a value has it missing."""
        features = {n: column.finish(n, self._count) for n, column in self._columns.items()}
        return Statistics(self._count, features)


class _Column:
    """One column while its values come in."""

    def __init__(self) -> None:
        import datasketches  # heavy, and a page without a baseline does not need it

        self._sketch = datasketches.kll_doubles_sketch(SKETCH_K)
        self._seen = datasketches.hll_sketch(12)
        self._pending = array("d")
        self._types: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()
        self._sum = 0.0
        self._mean = 0.0
        self._squares = 0.0

    def add(self, value: Value) -> None:
        if value is None:
            return
        if isinstance(value, str):
            self._types["String"] += 1
            self._add_text(value)
            return
        self._types["Integral" if isinstance(value, int) else "Fractional"] += 1
        self._pending.append(value)
        if len(self._pending) >= _PENDING_MAX:
            self._flush()

    def _add_text(self, text: str) -> None:
        self._seen.update(text)
        if text in self._texts or len(self._texts) < CATEGORIES_MAX:
            self._texts[text] += 1

    def _flush(self) -> None:
        """Hand pending numbers on; mean and squares join as T. Chan and others 1979 say."""
        new = np.array(self._pending, dtype=np.float64)
        del self._pending[:]
        if not len(new):
            return
        before, mean = self._sketch.n, float(new.mean())
        self._sketch.update(new)
        apart, after = mean - self._mean, before + len(new)
        self._mean += apart * len(new) / after
        self._squares += float(((new - mean) ** 2).sum()) + apart**2 * before * len(new) / after
        self._sum += float(new.sum())

    def finish(self, name: str, records: int) -> Feature:
        self._flush()
        present = self._types.total()
        missing = max(0, records - present)
        integral, fractional = self._types["Integral"], self._types["Fractional"]
        share = max(1, present)
        matching = {
            "Integral": integral / share,
            "Fractional": (integral + fractional) / share,
            "String": 1.0,
        }
        kind = self._kind()
        if kind in ("String", "Unknown"):
            categories = dict(self._all_texts().most_common())
            distinct = len(categories)
            if distinct >= CATEGORIES_MAX:
                distinct = max(distinct, round(self._seen.get_estimate()))
            return Feature(
                name, kind, present, missing, matching, categories=categories, distinct=distinct
            )
        return Feature(name, kind, present, missing, matching, self._numbers())

    def _kind(self) -> str:
        """The narrowest type that all values have."""
        if not self._types.total():
            return "Unknown"
        if self._types["String"]:
            return "String"
        return "Fractional" if self._types["Fractional"] else "Integral"

    def _all_texts(self) -> "Counter[str]":
        """A column of mostly texts may hold numbers; those that the sketch kept count as texts."""
        texts = self._texts.copy()
        for value, weight in self._sketch:
            text = f"{value:g}"
            self._seen.update(text)
            if text in texts or len(texts) < CATEGORIES_MAX:
                texts[text] += int(weight)
        return texts

    def _numbers(self) -> Numbers:
        levels: list[list[float]] = []
        for value, weight in self._sketch:
            level = int(weight).bit_length() - 1
            while len(levels) <= level:
                levels.append([])
            levels[level].append(value)
        return Numbers(
            mean=self._mean,
            total=self._sum,
            std_dev=math.sqrt(self._squares / self._sketch.n),
            least=self._sketch.get_min_value(),
            largest=self._sketch.get_max_value(),
            distribution=Distribution.of_levels(levels),
        )


def read_statistics(text: str | bytes, source: str) -> Statistics:
    """Read a statistics.json, ours or Model Monitor's.

    Args:
        text: The file.
        source: Where it is from, for messages.

    Raises:
        DataError: It is not one; the message says why.
    """
    try:
        document = json.loads(text)
        features = [_feature(item) for item in document["features"]]
        count = int(document["dataset"]["item_count"])
    except KeyError as error:
        raise DataError(f"{source} is not a statistics.json: no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{source} is not a statistics.json: {error}") from error
    return Statistics(count, {feature.name: feature for feature in features})


def _feature(item: Mapping[str, Any]) -> Feature:
    kind = str(item["inferred_type"])
    numeric, text = item.get("numerical_statistics"), item.get("string_statistics")
    statistics: Mapping[str, Any] = numeric or text or {}
    common = statistics.get("common") or {"num_present": 0, "num_missing": 0}
    return Feature(
        name=str(item["name"]),
        inferred_type=kind,
        present=int(common["num_present"]),
        missing=int(common["num_missing"]),
        matching={kind: 1.0},
        numbers=_numbers(numeric) if numeric else None,
        categories=_categories(text) if text else {},
        distinct=round(text["distinct_count"]) if text else 0,
    )


def _numbers(item: Mapping[str, Any]) -> Numbers:
    return Numbers(
        mean=float(item["mean"]),
        total=float(item["sum"]),
        std_dev=float(item["std_dev"]),
        least=float(item["min"]),
        largest=float(item["max"]),
        distribution=read_distribution(item.get("distribution") or {}),
    )


def _categories(item: Mapping[str, Any]) -> dict[str, int]:
    distribution = (item.get("distribution") or {}).get("categorical") or {}
    buckets = distribution.get("buckets") or []
    return {str(bucket["value"]): int(bucket["count"]) for bucket in buckets}
