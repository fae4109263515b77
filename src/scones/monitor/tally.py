"""Goes through captures once and keeps of each only what figures and plots need: 25 bytes.

Pictures are kept of the few that a wall shows. Labels are kept by id, because an image that was
classified twice counts once.
"""

import heapq
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from PIL import Image

from scones.errors import DataError, UsageError
from scones.monitor.capture import Capture, Captures
from scones.monitor.figures import Figures, Scored
from scones.monitor.images import thumbnail

WALL = 24  # captures shown on a wall


@dataclass(frozen=True, slots=True)
class _Labelled:
    """The newest answer for a label."""

    time: datetime
    event_id: str
    truth: int
    predicted: int
    confidence: float


class Tally:
    """Figures while captures come in."""

    def __init__(
        self, classes: Sequence[str], threshold: float, labels: Mapping[str, int] | None
    ) -> None:
        """Start without any capture.

        Raises:
            UsageError: The threshold or a label is out of range.
        """
        self._classes = tuple(classes)
        self._labels = labels or {}
        self._threshold = threshold
        _check_arguments(classes, threshold, self._labels)
        self._times, self._confidences, self._predicted = array("q"), array("d"), array("i")
        self._labelled: dict[str, _Labelled] = {}
        self._lowest = _Wall()
        self._wrong = _Wall()
        self._records = self._answers = self._other_count = 0

    def add(self, capture: Capture) -> None:
        """Take one capture."""
        self._records += 1
        predicted, confidence = capture.predicted, capture.confidence
        if predicted is None or confidence is None:
            return
        self._answers += 1
        if len(capture.probabilities or ()) != len(self._classes):
            self._other_count = len(capture.probabilities or ())
            return
        self._times.append(int(np.datetime64(capture.time.replace(tzinfo=None), "us").astype(int)))
        self._confidences.append(confidence)
        self._predicted.append(predicted)
        truth = self._label(capture, predicted, confidence)
        self._lowest.offer(-confidence, capture, truth)
        if truth is not None and truth != predicted:
            self._wrong.offer(confidence, capture, truth)

    def _label(self, capture: Capture, predicted: int, confidence: float) -> int | None:
        """Find a capture's true class by its inference id, else by its event id."""
        for name in (capture.inference_id, capture.event_id):
            if name is not None and name in self._labels:
                known, truth = self._labelled.get(name), self._labels[name]
                if known is None or known.time <= capture.time:
                    self._labelled[name] = _Labelled(
                        capture.time, capture.event_id, truth, predicted, confidence
                    )
                return truth
        return None

    def finish(self, captures: Captures) -> Figures:
        """Work out the figures.

        Args:
            captures: What the captures came from, for messages.

        Raises:
            DataError: There is nothing to report on: no captures, or no answers in them.
            UsageError: No answer has this number of classes.
        """
        self._check_captures(captures)
        times = np.array(self._times, dtype=np.int64)
        order = np.argsort(times, kind="stable")
        labelled = list(self._labelled.values())
        newest = {item.event_id for item in labelled}
        return Figures(
            classes=self._classes,
            threshold=self._threshold,
            times=times[order].view("datetime64[us]"),
            confidences=np.array(self._confidences)[order],
            predicted=np.array(self._predicted)[order],
            labelled_truth=np.array([item.truth for item in labelled], dtype=int),
            labelled_predicted=np.array([item.predicted for item in labelled], dtype=int),
            labelled_confidences=np.array([item.confidence for item in labelled], dtype=float),
            lowest=self._lowest.items(),
            wrong=tuple(item for item in self._wrong.items() if item.event_id in newest),
            unreadable=self._records - self._answers,
            other_models=self._answers - len(times),
        )

    def _check_captures(self, captures: Captures) -> None:
        """Say what to do where there is nothing to report on."""
        source = captures.source
        if not self._records:
            count = captures.broken_count
            broken = f" ({count} lines could not be read)" if count else ""
            raise DataError(
                f"no captures in {source}{broken}: invoke an endpoint that has data capture on, "
                "as `scones classify` does, and wait a moment until its captures are written"
            )
        if not self._answers:
            raise DataError(
                f"none of the {self._records} captures in {source} has an answer with "
                "probabilities: capture the output too (CaptureMode Output or InputAndOutput)"
            )
        if not self._times:
            raise UsageError(
                f"the captures in {source} have {self._other_count} probabilities each, but "
                f"{len(self._classes)} classes are named ({', '.join(self._classes)}): name those "
                "that the model was trained on"
            )


class _Wall:
    """The captures of highest rank, each with its picture."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Scored]] = []
        self._offered = 0

    def offer(self, rank: float, capture: Capture, truth: int | None) -> None:
        self._offered += 1
        entry = (rank, -self._offered)  # of equals the first stays
        if len(self._heap) == WALL and entry < self._heap[0][:2]:
            return
        item = (*entry, _scored(capture, truth))
        if len(self._heap) == WALL:
            heapq.heapreplace(self._heap, item)
        else:
            heapq.heappush(self._heap, item)

    def items(self) -> tuple[Scored, ...]:
        """The captures, the highest first."""
        return tuple(item for _, _, item in sorted(self._heap, key=lambda i: i[:2], reverse=True))


def _scored(capture: Capture, truth: int | None) -> Scored:
    picture: Image.Image | None = thumbnail(capture.input)
    return Scored(
        event_id=capture.event_id,
        inference_id=capture.inference_id,
        time=capture.time,
        predicted=capture.predicted or 0,
        confidence=capture.confidence or 0.0,
        truth=truth,
        picture=picture,
    )


def _check_arguments(classes: Sequence[str], threshold: float, labels: Mapping[str, int]) -> None:
    if not 0 <= threshold <= 1:
        raise UsageError(f"threshold {threshold} is not between 0 and 1")
    for inference_id, label in labels.items():
        if not 0 <= label < len(classes):
            raise UsageError(
                f"label {label} of {inference_id!r} is none of the {len(classes)} classes"
            )
