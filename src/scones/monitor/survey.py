"""One pass over captures: the figures of a report and the statistics of a check, together."""

from collections.abc import Mapping, Sequence

from scones.monitor.baseline.statistics import Gathering, Statistics
from scones.monitor.baseline.store import Baseline, Compared, compare
from scones.monitor.capture import Captures
from scones.monitor.features import features
from scones.monitor.figures import Figures
from scones.monitor.tally import Tally


def survey(
    captures: Captures,
    classes: Sequence[str],
    threshold: float,
    labels: Mapping[str, int] | None = None,
    baseline: Baseline | None = None,
) -> tuple[Figures, Compared | None]:
    """Work out figures and, where there is a baseline, what differs from it.

    Args:
        captures: What was captured.
        classes: Class names in index order.
        threshold: Least confidence that passes, 0 to 1.
        labels: True class index by inference id or event id.
        baseline: What to compare with.

    Raises:
        UsageError: An argument is out of range.
        DataError: There is nothing to report on, or the captures cannot be read.
    """
    tally = Tally(classes, threshold, labels)
    gathering = None if baseline is None else Gathering()
    for capture in captures:
        tally.add(capture)
        if gathering is not None:
            gathering.add(features(capture, classes, threshold))
    figures = tally.finish(captures)
    if baseline is None or gathering is None:
        return figures, None
    return figures, compare(baseline, gathering.finish())


def profile(captures: Captures, classes: Sequence[str], threshold: float) -> Statistics:
    """Work out the statistics of captures, in one pass and in memory that does not grow.

    Raises:
        DataError: The captures cannot be read.
    """
    return Statistics.of(features(capture, classes, threshold) for capture in captures)
