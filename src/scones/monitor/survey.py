"""One pass over captures: the figures of a report and the statistics of a check, together."""

from collections.abc import Mapping, Sequence

from scones.monitor.baseline.statistics import Gathering, Statistics
from scones.monitor.baseline.store import Baseline, Compared, compare
from scones.monitor.capture import Capture, Captures
from scones.monitor.features import features
from scones.monitor.figures import Figures
from scones.monitor.tally import Tally


class Survey:
    """Figures and comparison while captures come in; what it finds can be asked for at any time."""

    def __init__(
        self,
        classes: Sequence[str],
        threshold: float,
        labels: Mapping[str, int] | None = None,
        baseline: Baseline | None = None,
    ) -> None:
        """Start without any capture.

        Args:
            classes: Class names in index order.
            threshold: Least confidence that passes, 0 to 1.
            labels: True class index by inference id or event id.
            baseline: What to compare with.

        Raises:
            UsageError: An argument is out of range.
        """
        self._classes = classes
        self._threshold = threshold
        self._baseline = baseline
        self._tally = Tally(classes, threshold, labels)
        self._gathering = None if baseline is None else Gathering()

    def add(self, capture: Capture) -> None:
        """Take one capture."""
        self._tally.add(capture)
        if self._gathering is not None:
            self._gathering.add(features(capture, self._classes, self._threshold))

    def finish(self, captures: Captures) -> tuple[Figures, Compared | None]:
        """Work out figures and, where there is a baseline, what differs from it.

        Args:
            captures: What the captures came from, for messages.

        Raises:
            UsageError: There is nothing to report on.
        """
        figures = self._tally.finish(captures)
        if self._baseline is None or self._gathering is None:
            return figures, None
        return figures, compare(self._baseline, self._gathering.finish())


def survey(
    captures: Captures,
    classes: Sequence[str],
    threshold: float,
    labels: Mapping[str, int] | None = None,
    baseline: Baseline | None = None,
) -> tuple[Figures, Compared | None]:
    """Work out figures and comparison of captures, in one pass; see `Survey`.

    Raises:
        UsageError: An argument is out of range.
        DataError: There is nothing to report on, or the captures cannot be read.
    """
    found = Survey(classes, threshold, labels, baseline)
    for capture in captures:
        found.add(capture)
    return found.finish(captures)


def profile(captures: Captures, classes: Sequence[str], threshold: float) -> Statistics:
    """Work out the statistics of captures, in one pass and in memory that does not grow.

    Raises:
        DataError: The captures cannot be read.
    """
    return Statistics.of(features(capture, classes, threshold) for capture in captures)
