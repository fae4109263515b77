"""A state machine on paper: SVG and PNG, coloured by what became of each state.

Colours are Okabe and Ito's, which people with any colour vision tell apart; each outcome has a sign
of its own beside its colour.
"""

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from scones.workflow.graph import Edge, Graph, Kind
from scones.workflow.layout import TERMINAL_RADIUS, Box, Layout, Point, Route, lay_out
from scones.workflow.trace import Outcome, Trace

PNG_DPI = 160

_MARGIN = 0.45
_HEADER, _FOOTER, _LINE = 0.95, 0.62, 0.19
_CORNER = 0.09
_BEND = 0.16
_INK, _MUTED, _FAINT, _PAPER = "#1f2937", "#64748b", "#c3cad4", "#ffffff"


@dataclass(frozen=True, slots=True)
class _Look:
    """How an outcome is drawn."""

    edge: str
    fill: str
    sign: str
    sign_color: str = _PAPER


_LOOKS = {
    Outcome.SUCCEEDED: _Look("#009e73", "#e3f5ef", "✓"),
    Outcome.CAUGHT: _Look("#e69f00", "#fdf3dc", "!", _INK),
    Outcome.RUNNING: _Look("#56b4e9", "#e8f5fd", "…", _INK),
    Outcome.FAILED: _Look("#d55e00", "#fceadd", "✕"),
    Outcome.NOT_REACHED: _Look("#b4bcc8", "#f5f6f8", ""),
}
_PLAIN = _Look("#475569", "#f8fafc", "")


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands around the drawing.

    Attributes:
        title: The state machine's name.
        subtitle: The execution, or what the drawing shows.
        note: Why the execution failed; may be empty.
    """

    title: str
    subtitle: str
    note: str = ""


def draw(graph: Graph, trace: Trace | None, caption: Caption, files: Iterable[Path]) -> None:
    """Draw a state machine and save it, in the format that each file's suffix names.

    Args:
        graph: The states.
        trace: What became of them; None for a drawing without an execution.
        caption: What stands around it.
        files: Where to, .svg and .png.
    """
    drawing = _Drawing(lay_out(graph), trace, caption)
    for path in files:
        # The same drawing is the same file: without the date, and with fixed ids in an SVG.
        metadata = {"Date": None} if path.suffix == ".svg" else None
        with matplotlib.rc_context({"svg.hashsalt": caption.title}):
            drawing.figure.savefig(path, dpi=PNG_DPI, metadata=metadata)


class _Drawing:
    """One figure, one inch to a unit."""

    def __init__(self, layout: Layout, trace: Trace | None, caption: Caption) -> None:
        self._layout, self._trace = layout, trace
        title_width = 0.105 * max(len(caption.title) * 1.35, len(caption.subtitle), 62)
        width = max(layout.width, title_width) + 2 * _MARGIN
        self._note = _wrapped(caption.note, width - 2 * _MARGIN)
        footer = _FOOTER + _LINE * len(self._note) if trace is not None else 0.0
        height = layout.height + _HEADER + footer + _MARGIN
        self.figure = Figure(figsize=(width, height), facecolor=_PAPER)
        self._axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._left = (width - layout.width) / 2
        self._axes.set_xlim(-self._left, width - self._left)
        self._axes.set_ylim(height - _HEADER, -_HEADER)
        for name in layout.boxes:
            self._state(name)
        for route in sorted(layout.routes, key=lambda route: self._taken(route.edge)):
            self._route(route)
        self._terminals()
        self._caption(caption, height)

    def _state(self, name: str) -> None:
        box, state = self._layout.boxes[name], self._layout.states[name]
        look = self._look(name)
        framed = bool(state.inner)
        self._axes.add_patch(
            FancyBboxPatch(
                (box.left, box.top),
                box.width,
                box.height,
                boxstyle=f"round,pad=0,rounding_size={_CORNER}",
                linewidth=1.4,
                edgecolor=look.edge,
                facecolor=_PAPER if framed else look.fill,
                linestyle=(0, (5, 2)) if framed else "-",
                zorder=1 if framed else 3,
            )
        )
        faded = self._trace is not None and not self._trace.of(name)
        first, second = (box.top + 0.17, box.top + 0.34) if framed else (box.y - 0.1, box.y + 0.13)
        x = box.left + 0.16 if framed else box.x
        align = "left" if framed else "center"
        ink = _MUTED if faded else _INK
        self._text(x, first, name, 10, weight="bold", color=ink, ha=align)
        self._text(x, second, self._detail(name), 7.5, color=_MUTED, ha=align)
        if look.sign:
            self._badge(box, look)

    def _badge(self, box: Box, look: _Look) -> None:
        x, y = box.right - 0.02, box.top + 0.02
        self._axes.add_patch(Circle((x, y), 0.125, facecolor=look.edge, edgecolor="none", zorder=5))
        self._text(x, y + 0.005, look.sign, 9, weight="bold", color=look.sign_color, zorder=6)

    def _detail(self, name: str) -> str:
        """Return the line under a state's name: what it is, and what became of its visits."""
        state = self._layout.states[name]
        what = _shortened(state.detail or state.type)
        visits = self._trace.of(name) if self._trace else []
        seconds = [visit.seconds for visit in visits if visit.seconds is not None]
        if len(visits) > 1:
            counts = Counter(visit.outcome for visit in visits)
            return ", ".join(f"{counts[found]} {found.value}" for found in Outcome if counts[found])
        return f"{what} · {_duration(seconds[0])}" if seconds else what

    def _look(self, name: str) -> _Look:
        return _PLAIN if self._trace is None else _LOOKS[self._trace.outcome(name)]

    def _taken(self, edge: Edge) -> bool:
        return self._trace is None or (edge.source, edge.target) in self._trace.transitions

    def _route(self, route: Route) -> None:
        taken, caught = self._taken(route.edge), route.edge.kind is Kind.CATCH
        color = (_MUTED if self._trace is None else _INK) if taken else _FAINT
        style = (0, (3, 2)) if caught else "-"
        width = 1.5 if taken and self._trace else 1.1
        self._axes.add_patch(
            PathPatch(
                _rounded(route.corners),
                fill=False,
                edgecolor=color,
                linewidth=width,
                linestyle=style,
                capstyle="round",
                zorder=2.5 if taken else 2,
            )
        )
        self._arrow_head(route.corners, color)
        if route.edge.label:
            (x, y), ink = route.corners[0], _MUTED if taken else _FAINT
            self._text(x + 0.14, y - 0.075, _shortened(route.edge.label), 6.5, color=ink, ha="left")

    def _arrow_head(self, corners: Sequence[Point], color: str) -> None:
        (x0, y0), (x, y) = corners[-2:]
        length, half = 0.1, 0.042
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        if dy:
            points = [(x, y), (x - half, y - dy * length), (x + half, y - dy * length)]
        else:
            points = [(x, y), (x - dx * length, y - half), (x - dx * length, y + half)]
        self._axes.fill(*zip(*points, strict=True), color=color, zorder=4, linewidth=0)

    def _terminals(self) -> None:
        if self._layout.start is not None:
            (x, y), radius = self._layout.start, TERMINAL_RADIUS
            below = min(box.top for box in self._layout.boxes.values())
            self._axes.add_patch(Circle((x, y), radius, color=_INK, zorder=3))
            self._axes.add_line(Line2D([x, x], [y, below], color=_INK, linewidth=1.2, zorder=2))
            self._arrow_head(((x, y), (x, below)), _INK)
            self._text(x + 0.2, y, "Start", 8, color=_MUTED, ha="left")
        if self._layout.end is not None:
            (x, y), radius = self._layout.end, TERMINAL_RADIUS
            reached = any(self._taken(r.edge) for r in self._layout.routes if not r.edge.target)
            color = _INK if reached else _FAINT
            self._axes.add_patch(
                Circle((x, y), radius, facecolor=_PAPER, edgecolor=color, zorder=3)
            )
            self._axes.add_patch(Circle((x, y), radius * 0.6, color=color, zorder=3))
            self._text(x - 0.2, y, "End", 8, color=_MUTED if reached else _FAINT, ha="right")

    def _caption(self, caption: Caption, height: float) -> None:
        left = _MARGIN - self._left
        self._text(left, -_HEADER + 0.34, caption.title, 14, weight="bold", ha="left")
        self._text(left, -_HEADER + 0.6, caption.subtitle, 8.5, color=_MUTED, ha="left")
        bottom = height - _HEADER
        for place, line in enumerate(reversed(self._note)):
            ink = _LOOKS[Outcome.FAILED].edge
            self._text(left, bottom - 0.74 - _LINE * place, line, 8, color=ink, ha="left")
        if self._trace is not None:
            self._legend(left, bottom - 0.38)

    def _legend(self, x: float, y: float) -> None:
        for outcome, look in _LOOKS.items():
            self._axes.add_patch(
                Circle((x + 0.1, y), 0.1, facecolor=look.edge, edgecolor="none", zorder=3)
            )
            self._text(
                x + 0.1, y + 0.004, look.sign, 7, weight="bold", color=look.sign_color, zorder=6
            )
            self._text(x + 0.27, y, outcome.value, 8, color=_MUTED, ha="left")
            x += 0.5 + 0.078 * len(outcome.value)

    def _text(self, x: float, y: float, text: str, size: float, **style: Any) -> None:
        style = {"ha": "center", "va": "center_baseline", "color": _INK, "zorder": 4} | style
        self._axes.text(x, y, text, fontsize=size, parse_math=False, **style)


def _rounded(corners: Sequence[Point]) -> Curve:
    """Return the way along the corners, each of them rounded."""
    points, codes = [corners[0]], [Curve.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        points += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Curve.LINETO, Curve.CURVE3, Curve.CURVE3]
    return Curve([*points, corners[-1]], [*codes, Curve.LINETO])


def _towards(corner: Point, other: Point) -> Point:
    (x, y), (ox, oy) = corner, other
    length = max(abs(ox - x), abs(oy - y)) or 1.0
    part = min(_BEND, length) / length
    return x + (ox - x) * part, y + (oy - y) * part


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def _wrapped(note: str, width: float) -> list[str]:
    return textwrap.wrap(note, int(width * 11.5), max_lines=3, placeholder=" …")


def _shortened(label: str, limit: int = 36) -> str:
    return label if len(label) <= limit else f"{label[: limit - 1]}…"
