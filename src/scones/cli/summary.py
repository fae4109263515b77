"""A report for a terminal: counts, rates, the shape of the confidences, and what differs.

Nothing is said by colour alone: a mark stands where the threshold is, and words beside numbers.
"""

from itertools import groupby

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scones.drawing.theme import ORANGE, SKY
from scones.monitor import Report
from scones.monitor.figures import Figures
from scones.shares import Share

BLOCKS, PLAIN_BLOCKS = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
MARK, PLAIN_MARK = "│", "|"
STEPS = 40
VIOLATIONS_SHOWN = 5
_HEIGHTS = len(BLOCKS) - 1
_PASSED, _FAILED = SKY, ORANGE  # of Okabe and Ito's; both read on dark and on light


def summary(report: Report, *, plain: bool = False) -> RenderableType:
    """Draw a report's figures in lines of text.

    Args:
        report: The report.
        plain: Use no characters beyond ASCII.
    """
    figures, facts = report.figures, report.summary
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    span = f"{figures.first:%Y-%m-%d %H:%M:%S} to {figures.last:%Y-%m-%d %H:%M:%S} UTC"
    grid.add_row("records", f"{facts['records']:,}, {span}")
    for name, value in _left_out(report).items():
        grid.add_row(name, value)
    meets = f"{_rate(figures.pass_rate)}; {facts['below_threshold']:,} below"
    grid.add_row(f"meet {figures.threshold:g}", meets)
    grid.add_row("confidence", histogram(figures, plain=plain))
    middle = f"median {facts['median_confidence']:.3f}, mean {facts['mean_confidence']:.3f}"
    grid.add_row("", middle)
    grid.add_row("over time", over_time(figures, plain=plain))
    if figures.accuracy is not None:
        grid.add_row("accuracy", f"{_rate(figures.accuracy)} labelled")
    grid.add_row("classes", _classes(figures))
    for name, text in _differences(report):
        grid.add_row(name, text)
    return Group(grid, Text(str(report.html), overflow="fold"))


def histogram(figures: Figures, *, plain: bool = False) -> Text:
    """Draw how confidences are distributed, with a mark where the threshold is."""
    least = 1 / len(figures.classes)
    edges = np.linspace(least, 1, STEPS + 1)
    counts, _ = np.histogram(np.clip(figures.confidences, least, 1), edges)
    cut = int(np.clip(np.searchsorted(edges, figures.threshold), 0, STEPS))
    heights = np.ceil(counts / max(1, counts.max()) * _HEIGHTS).astype(int)
    blocks = PLAIN_BLOCKS if plain else BLOCKS
    bars = "".join(blocks[height] for height in heights)
    return Text.assemble(
        f"{least:.2f} ",
        (bars[:cut], _FAILED),
        PLAIN_MARK if plain else MARK,
        (bars[cut:], _PASSED),
        " 1.00",
    )


def over_time(figures: Figures, *, plain: bool = False) -> Text:
    """Draw the mean confidence of equally many captures each, from first to last."""
    parts = np.array_split(figures.confidences, min(STEPS, len(figures.confidences)))
    means = np.array([part.mean() for part in parts])
    least = 1 / len(figures.classes)
    shares = np.clip((means - least) / (1 - least), 0, 1)
    blocks = PLAIN_BLOCKS if plain else BLOCKS
    bars = [blocks[1 + round(share * (_HEIGHTS - 1))] for share in shares.tolist()]
    coloured = zip(bars, means >= figures.threshold, strict=True)
    runs = [
        ("".join(bar for bar, _ in run), _PASSED if passes else _FAILED)
        for passes, run in groupby(coloured, key=lambda pair: bool(pair[1]))
    ]
    return Text.assemble(*runs, f" mean of {len(parts)} parts, first to last")


def _rate(share: Share) -> str:
    low, high = share.interval
    counts = f"{share.count:,} of {share.total:,}"
    return f"{share.value:.1%} ({counts}; 95 % interval {low:.1%} to {high:.1%})"


def _left_out(report: Report) -> dict[str, str]:
    facts = report.summary
    kinds = {
        "broken lines": facts["broken_lines"],
        "without a readable answer": facts["unreadable_answers"],
        "of another model": facts["other_models"],
    }
    said = ", ".join(f"{count:,} {name}" for name, count in kinds.items() if count)
    return {"left out": said} if said else {}


def _classes(figures: Figures) -> str:
    parts = []
    for label, name in enumerate(figures.classes):
        mine = figures.of_class(label)
        mean = f" (mean {figures.confidences[mine].mean():.3f})" if mine.any() else ""
        parts.append(f"{name} {int(mine.sum()):,}{mean}")
    return ", ".join(parts)


def _differences(report: Report) -> list[tuple[str, Text]]:
    """What differs from the baseline, the first of each kind."""
    compared = report.compared
    if compared is None:
        return []
    violations = compared.checked.violations
    rows = [("baseline", Text(f"{compared.checked.status}, against {compared.baseline.source}"))]
    if violations:
        names = [f"{v.feature_name} ({v.constraint_check_type})" for v in violations]
        rows.append(("violations", _listed(names)))
    if compared.drifted:
        names = [f"{item.name} {item.distance:.2f}" for item in compared.drifted]
        rows.append(("drifted", _listed(names)))
    return rows


def _listed(names: list[str]) -> Text:
    more = len(names) - VIOLATIONS_SHOWN
    end = f" and {more} more" if more > 0 else ""
    return Text(f"{len(names)}: {', '.join(names[:VIOLATIONS_SHOWN])}{end}", style=_FAILED)
