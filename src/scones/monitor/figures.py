"""The figures of a report: counts, rates and their uncertainty, without any drawing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from scones.shares import Calibration, Share, calibration

if TYPE_CHECKING:
    from scones.monitor.capture import Captures


@dataclass(frozen=True, slots=True)
class Scored:
    """A capture that a wall shows.

    Attributes:
        event_id: SageMaker's identifier.
        inference_id: The caller's, if it gave one.
        time: When it was inferred, in UTC.
        predicted: Index of the predicted class.
        confidence: Its probability.
        truth: Index of the true class, where it is known.
        picture: The captured image, small; None where the body is none.
    """

    event_id: str
    inference_id: str | None
    time: datetime
    predicted: int
    confidence: float
    truth: int | None
    picture: Image.Image | None


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What a report says in numbers.

    Attributes:
        classes: Class names in index order.
        threshold: Least confidence that passes.
        times: When each readable answer was given, ascending, `datetime64[us]` in UTC.
        confidences: The largest probability of each.
        predicted: Index of the predicted class of each.
        labelled_truth: True class index of the newest answer for each label.
        labelled_predicted: The predicted ones.
        labelled_confidences: Their confidences.
        lowest: The captures of lowest confidence, the lowest first.
        wrong: Labelled captures that are wrong, the surest first.
        unreadable: Captures without a readable answer.
        other_models: Captures whose answers have another number of classes, and were left out:
            the endpoint served another model at the time.
    """

    classes: tuple[str, ...]
    threshold: float
    times: np.ndarray
    confidences: np.ndarray
    predicted: np.ndarray
    labelled_truth: np.ndarray
    labelled_predicted: np.ndarray
    labelled_confidences: np.ndarray
    lowest: tuple[Scored, ...]
    wrong: tuple[Scored, ...]
    unreadable: int
    other_models: int

    @classmethod
    def of(
        cls,
        captures: "Captures",
        classes: Sequence[str],
        threshold: float,
        labels: Mapping[str, int] | None,
    ) -> "Figures":
        """Work out the figures of captures, in one pass.

        Raises:
            UsageError: The threshold or a label is out of range, or no answer has this number of
                classes.
            DataError: There is nothing to report on: no captures, or no answers in them.
        """
        from scones.monitor.tally import Tally  # which makes figures

        tally = Tally(classes, threshold, labels)
        for capture in captures:
            tally.add(capture)
        return tally.finish(captures)

    @property
    def first(self) -> datetime:
        """When the first answer was given."""
        return _time(self.times[0])

    @property
    def last(self) -> datetime:
        """When the last answer was given."""
        return _time(self.times[-1])

    @property
    def passed(self) -> np.ndarray:
        """Whether each answer meets the threshold."""
        meets: np.ndarray = self.confidences >= self.threshold
        return meets

    def passes(self, item: Scored) -> bool:
        """Whether a capture meets the threshold."""
        return item.confidence >= self.threshold

    @property
    def pass_rate(self) -> Share:
        """Share of all captures that meet the threshold."""
        return _share(self.passed)

    @property
    def labelled(self) -> int:
        """How many labels have an answer."""
        return len(self.labelled_truth)

    @property
    def right(self) -> np.ndarray:
        """Whether each labelled answer is right."""
        same: np.ndarray = self.labelled_truth == self.labelled_predicted
        return same

    @property
    def accuracy(self) -> Share | None:
        """Share of the labelled captures that are right."""
        return _share(self.right) if self.labelled else None

    @property
    def labelled_pass_rate(self) -> Share | None:
        """Share of the labelled captures that meet the threshold."""
        return _share(self.labelled_confidences >= self.threshold) if self.labelled else None

    @property
    def accuracy_of_passed(self) -> Share | None:
        """Share of those labelled captures that meet the threshold that are right."""
        right = self.right[self.labelled_confidences >= self.threshold]
        return _share(right) if len(right) else None

    @property
    def calibration(self) -> Calibration | None:
        """How confidences compare with accuracy."""
        return calibration(self.labelled_confidences, self.right) if self.labelled else None

    def confusion(self) -> list[list[int]]:
        """Labelled captures by true class (row) and predicted class (column)."""
        counts = np.zeros((len(self.classes), len(self.classes)), dtype=int)
        np.add.at(counts, (self.labelled_truth, self.labelled_predicted), 1)
        rows: list[list[int]] = counts.tolist()
        return rows

    def of_class(self, label: int) -> np.ndarray:
        """Whether each answer is a certain class."""
        same: np.ndarray = self.predicted == label
        return same

    def as_json(self) -> dict[str, Any]:
        """The figures, ready for JSON."""
        rate, reliability = self.pass_rate, self.calibration
        return {
            "records": len(self.times) + self.unreadable + self.other_models,
            "unreadable_answers": self.unreadable,
            "other_models": self.other_models,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "threshold": self.threshold,
            "passed": rate.count,
            "below_threshold": rate.total - rate.count,
            "pass_rate": rate.as_json(),
            "mean_confidence": float(self.confidences.mean()),
            "median_confidence": float(np.median(self.confidences)),
            "classes": {name: self._class_json(n) for n, name in enumerate(self.classes)},
            "lowest": [self._item_json(item) for item in self.lowest],
            "labelled": self.labelled,
            "accuracy": _json(self.accuracy),
            "labelled_pass_rate": _json(self.labelled_pass_rate),
            "accuracy_of_passed": _json(self.accuracy_of_passed),
            "confusion": self.confusion() if self.labelled else None,
            "calibration": reliability.as_json() if reliability else None,
            "wrong": [self._item_json(item) for item in self.wrong],
        }

    def _class_json(self, label: int) -> dict[str, Any]:
        mine = self.of_class(label)
        mean = float(self.confidences[mine].mean()) if mine.any() else None
        passed = int((mine & self.passed).sum())
        return {"predicted": int(mine.sum()), "passed": passed, "mean_confidence": mean}

    def _item_json(self, item: Scored) -> dict[str, Any]:
        return {
            "event_id": item.event_id,
            "inference_id": item.inference_id,
            "time": item.time.isoformat(),
            "predicted": self.classes[item.predicted],
            "confidence": item.confidence,
            "true": None if item.truth is None else self.classes[item.truth],
        }


def _share(which: np.ndarray) -> Share:
    return Share(int(which.sum()), len(which))


def _json(share: Share | None) -> dict[str, Any] | None:
    return share.as_json() if share else None


def _time(moment: np.datetime64) -> datetime:
    found: datetime = moment.astype("datetime64[us]").item()
    return found.replace(tzinfo=UTC)
