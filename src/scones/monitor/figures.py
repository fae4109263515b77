"""The figures of a report: counts, rates and their uncertainty, without any drawing."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scones.errors import UsageError
from scones.monitor.capture import Capture, CaptureLog

LEVEL = 0.95
_Z = 1.959963984540054  # standard normal quantile of (1 + LEVEL) / 2
LOWEST = 24  # captures shown on the wall


@dataclass(frozen=True, slots=True)
class Scored:
    """A capture whose answer could be read.

    Attributes:
        capture: The capture.
        predicted: Index of the predicted class.
        confidence: Its probability.
        truth: Index of the true class, where it is known.
    """

    capture: Capture
    predicted: int
    confidence: float
    truth: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with its Wilson score interval (E. B. Wilson 1927) at 95 %."""

    count: int
    total: int

    @property
    def value(self) -> float:
        """The proportion itself."""
        return self.count / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; unlike the usual one it stays within 0 and 1 for few cases."""
        n, p = self.total, self.value
        spread = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        middle, scale = p + _Z**2 / (2 * n), 1 + _Z**2 / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    def as_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        low, high = self.interval
        return {
            "value": self.value,
            "low": low,
            "high": high,
            "level": LEVEL,
            "count": self.count,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class Figures:
    """What a report says in numbers.

    Attributes:
        classes: Class names in index order.
        threshold: Least confidence that passes.
        scored: All captures with a readable answer, oldest first.
        labelled: The newest of them for each labelled inference id, with its truth.
        unreadable: Captures without a readable answer.
        other_models: Captures whose answers have another number of classes, and were left out:
            the endpoint served another model at the time.
    """

    classes: tuple[str, ...]
    threshold: float
    scored: tuple[Scored, ...]
    labelled: tuple[Scored, ...]
    unreadable: int
    other_models: int

    @classmethod
    def of(
        cls,
        log: CaptureLog,
        classes: Sequence[str],
        threshold: float,
        labels: Mapping[str, int] | None,
    ) -> "Figures":
        """Work out the figures of a log.

        Raises:
            UsageError: The threshold or a label is out of range, or there is nothing to report
                on: no captures, no answers in them, or none with this number of classes.
        """
        labels = labels or {}
        _check_arguments(classes, threshold, labels)
        answers = [item for capture in log.captures if (item := _scored(capture, labels))]
        scored = [i for i in answers if len(i.capture.probabilities or ()) == len(classes)]
        _check_captures(log, answers, scored, classes)
        newest = {item.capture.inference_id: item for item in scored if item.truth is not None}
        return cls(
            classes=tuple(classes),
            threshold=threshold,
            scored=tuple(scored),
            labelled=tuple(newest.values()),
            unreadable=len(log.captures) - len(answers),
            other_models=len(answers) - len(scored),
        )

    def passes(self, item: Scored) -> bool:
        """Whether a capture meets the threshold."""
        return item.confidence >= self.threshold

    @property
    def pass_rate(self) -> Share:
        """Share of all captures that meet the threshold."""
        return Share(sum(map(self.passes, self.scored)), len(self.scored))

    @property
    def lowest(self) -> tuple[Scored, ...]:
        """The captures of lowest confidence, the lowest first."""
        return tuple(sorted(self.scored, key=lambda item: item.confidence)[:LOWEST])

    @property
    def accuracy(self) -> Share | None:
        """Share of the labelled captures that are right."""
        return _right(self.labelled)

    @property
    def labelled_pass_rate(self) -> Share | None:
        """Share of the labelled captures that meet the threshold."""
        passed = sum(map(self.passes, self.labelled))
        return Share(passed, len(self.labelled)) if self.labelled else None

    @property
    def accuracy_of_passed(self) -> Share | None:
        """Share of those labelled captures that meet the threshold that are right."""
        return _right([item for item in self.labelled if self.passes(item)])

    def of_class(self, label: int) -> list[Scored]:
        """The captures with a certain predicted class."""
        return [item for item in self.scored if item.predicted == label]

    def confusion(self) -> list[list[int]]:
        """Labelled captures by true class (row) and predicted class (column)."""
        rows = [[0] * len(self.classes) for _ in self.classes]
        for item in self.labelled:
            rows[item.truth or 0][item.predicted] += 1
        return rows

    def as_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        confidences = [item.confidence for item in self.scored]
        return {
            "records": len(self.scored) + self.unreadable + self.other_models,
            "unreadable_answers": self.unreadable,
            "other_models": self.other_models,
            "first": self.scored[0].capture.time.isoformat(),
            "last": self.scored[-1].capture.time.isoformat(),
            "threshold": self.threshold,
            "passed": self.pass_rate.count,
            "below_threshold": self.pass_rate.total - self.pass_rate.count,
            "pass_rate": self.pass_rate.as_json(),
            "mean_confidence": statistics.fmean(confidences),
            "median_confidence": statistics.median(confidences),
            "classes": {name: self._class_json(n) for n, name in enumerate(self.classes)},
            "lowest": [self._item_json(item) for item in self.lowest],
            "labelled": len(self.labelled),
            "accuracy": _json(self.accuracy),
            "labelled_pass_rate": _json(self.labelled_pass_rate),
            "accuracy_of_passed": _json(self.accuracy_of_passed),
            "confusion": self.confusion() if self.labelled else None,
        }

    def _class_json(self, label: int) -> dict[str, Any]:
        items = self.of_class(label)
        mean = statistics.fmean(item.confidence for item in items) if items else None
        passed = sum(map(self.passes, items))
        return {"predicted": len(items), "passed": passed, "mean_confidence": mean}

    def _item_json(self, item: Scored) -> dict[str, Any]:
        return {
            "event_id": item.capture.event_id,
            "inference_id": item.capture.inference_id,
            "time": item.capture.time.isoformat(),
            "predicted": self.classes[item.predicted],
            "confidence": item.confidence,
            "true": None if item.truth is None else self.classes[item.truth],
        }


def _json(share: Share | None) -> dict[str, Any] | None:
    return share.as_json() if share else None


def _right(items: Sequence[Scored]) -> Share | None:
    right = sum(item.predicted == item.truth for item in items)
    return Share(right, len(items)) if items else None


def _scored(capture: Capture, labels: Mapping[str, int]) -> Scored | None:
    """Put a capture together with its truth; None where its answer cannot be read."""
    if capture.predicted is None or capture.confidence is None:
        return None
    truth = labels.get(capture.inference_id) if capture.inference_id else None
    return Scored(capture, capture.predicted, capture.confidence, truth)


def _check_arguments(classes: Sequence[str], threshold: float, labels: Mapping[str, int]) -> None:
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold {threshold} is not between 0 and 1")
    for inference_id, label in labels.items():
        if not 0 <= label < len(classes):
            raise UsageError(
                f"label {label} of {inference_id!r} is none of the {len(classes)} classes"
            )


def _check_captures(
    log: CaptureLog, answers: Sequence[Scored], scored: Sequence[Scored], classes: Sequence[str]
) -> None:
    """Say what to do where there is nothing to report on."""
    if not log.captures:
        broken = f" ({len(log.broken)} lines could not be read)" if log.broken else ""
        raise UsageError(
            f"no captures in {log.source}{broken}: invoke an endpoint that has data capture on, "
            "and wait a moment until its captures are written"
        )
    if not answers:
        raise UsageError(
            f"none of the {len(log.captures)} captures in {log.source} has an answer with "
            "probabilities: capture the output too (CaptureMode Output or InputAndOutput)"
        )
    if not scored:
        count = len(answers[0].capture.probabilities or ())
        raise UsageError(
            f"the captures in {log.source} have {count} probabilities each, but {len(classes)} "
            f"classes are named ({', '.join(classes)}): name those that the model was trained on"
        )
