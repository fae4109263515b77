"""Where the states of a graph stand on paper.

The path that a state machine is made for, from StartAt along Next, goes straight down the first
column. What it leaves that path for, such as the states that catch errors, gets columns of its own
to the right. A Map is a frame around the layout of what is inside it. Lengths are in inches, y
grows downwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scones.workflow.graph import END, Edge, Graph, Kind, State

STATE_WIDTH, STATE_HEIGHT = 2.75, 0.62
ROW_GAP, COLUMN_GAP = 0.5, 1.0
FRAME_PADDING, FRAME_TITLE = 0.3, 0.65
TERMINAL_RADIUS = 0.11
TERMINAL_GAP = 0.36
_PORT_SPACING = 0.17
_STRAIGHT = 0.01  # columns nearer than this are the same

type Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, by its centre."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one transition: corners from its source to its target."""

    edge: Edge
    corners: tuple[Point, ...]


@dataclass(slots=True)
class Layout:
    """Everything that is drawn, in place."""

    boxes: dict[str, Box] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    start: Point | None = None
    end: Point | None = None
    width: float = 0.0
    height: float = 0.0

    def add(self, inner: "Layout", dx: float, dy: float) -> None:
        """Take in another layout, moved."""
        for name, box in inner.boxes.items():
            self.boxes[name] = Box(box.x + dx, box.y + dy, box.width, box.height)
        self.states |= inner.states
        for route in inner.routes:
            moved = tuple((x + dx, y + dy) for x, y in route.corners)
            self.routes.append(Route(route.edge, moved))


def lay_out(graph: Graph, *, terminals: bool = True) -> Layout:
    """Return a graph's layout.

    Args:
        graph: The graph.
        terminals: Whether to mark start and end, as on the outermost level.
    """
    cells = _cells(graph)
    inner = {name: _frame_content(state) for name, state in graph.states.items() if state.inner}
    sizes = {name: _size(inner.get(name)) for name in graph.states}
    columns, rows = _spans(cells, sizes, TERMINAL_GAP + 0.3 if terminals else 0.0)
    layout = Layout(states=dict(graph.states))
    for name, (column, row) in cells.items():
        width, height = sizes[name]
        layout.boxes[name] = Box(columns[column][0], rows[row][0] + height / 2, width, height)
    for name, content in inner.items():
        box = layout.boxes[name]
        layout.add(content, box.left + FRAME_PADDING, box.top + FRAME_TITLE)
    layout.width = max(right for _, right in columns.values())
    layout.height = max(bottom for _, bottom in rows.values())
    if terminals:
        _add_terminals(layout, graph)
    layout.routes += _routes(layout, graph)
    return layout


def _cells(graph: Graph) -> dict[str, tuple[int, int]]:
    """Return each state's column and row."""
    cells: dict[str, tuple[int, int]] = {}
    _descend(graph, graph.start, 0, 0, cells)
    column = 0
    while aside := _left_out(graph, cells):
        # The later on the path it is reached, the nearer to it: then no two ways cross.
        nearest = max(aside, key=lambda name: aside[name][0])
        column += 1
        _descend(graph, nearest, column, aside[nearest][1] + 1, cells)
    return cells


def _descend(
    graph: Graph, name: str, column: int, row: int, cells: dict[str, tuple[int, int]]
) -> None:
    """Put a state and those that follow it into a column."""
    while name != END and name not in cells:
        cells[name] = (column, row)
        onward = [edge for edge in graph.outgoing(name) if edge.kind is not Kind.CATCH]
        name, row = (onward[0].target if onward else END), row + 1


def _left_out(graph: Graph, cells: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return the states that follow one in a cell and have none, with their first and last row."""
    rows: dict[str, list[int]] = {}
    for edge in graph.edges:
        if edge.target != END and edge.target not in cells and edge.source in cells:
            rows.setdefault(edge.target, []).append(cells[edge.source][1])
    return {name: (min(found), max(found)) for name, found in rows.items()}


def _frame_content(state: State) -> Layout:
    """Return what is inside a Map or a Parallel, branches side by side."""
    content = Layout()
    for graph in state.inner:
        branch = lay_out(graph, terminals=False)
        gap = COLUMN_GAP if content.width else 0.0
        content.add(branch, content.width + gap, 0)
        content.width += gap + branch.width
        content.height = max(content.height, branch.height)
    return content


def _size(content: Layout | None) -> tuple[float, float]:
    if content is None:
        return STATE_WIDTH, STATE_HEIGHT
    return (
        content.width + 2 * FRAME_PADDING,
        content.height + FRAME_TITLE + FRAME_PADDING,
    )


type _Spans = dict[int, tuple[float, float]]


def _spans(
    cells: Mapping[str, tuple[int, int]], sizes: Mapping[str, tuple[float, float]], top: float
) -> tuple[_Spans, _Spans]:
    """Return each column's centre and right edge, and each row's top and bottom."""
    columns: _Spans = {}
    left = 0.0
    for column in sorted({column for column, _ in cells.values()}):
        width = max(sizes[name][0] for name, cell in cells.items() if cell[0] == column)
        columns[column] = (left + width / 2, left + width)
        left += width + COLUMN_GAP
    rows: _Spans = {}
    for row in sorted({row for _, row in cells.values()}):
        height = max(sizes[name][1] for name, cell in cells.items() if cell[1] == row)
        rows[row] = (top, top + height)
        top += height + ROW_GAP
    return columns, rows


def _add_terminals(layout: Layout, graph: Graph) -> None:
    first = layout.boxes[graph.start]
    layout.start = (first.x, first.top - TERMINAL_GAP - TERMINAL_RADIUS)
    ends = [layout.boxes[edge.source] for edge in graph.edges if edge.target == END]
    if ends:
        below = max(box.bottom for box in ends)
        layout.end = (ends[0].x, below + TERMINAL_GAP + TERMINAL_RADIUS)
        layout.height = max(layout.height, layout.end[1] + TERMINAL_RADIUS)


def _routes(layout: Layout, graph: Graph) -> list[Route]:
    """Return the transitions' ways: straight down, or out to the right and then down."""
    routes = []
    for name in graph.states:
        source = layout.boxes[name]
        sideways: list[tuple[float, Edge]] = []
        for edge in graph.outgoing(name):
            target = layout.boxes.get(edge.target)
            if target is None:
                if layout.end is not None:
                    routes.append(Route(edge, _to_end(source, layout.end)))
            elif abs(target.x - source.x) < _STRAIGHT and target.top > source.bottom:
                routes.append(Route(edge, ((source.x, source.bottom), (target.x, target.top))))
            else:
                sideways.append((target.x, edge))
        # The nearest target gets the lowest port, so that the ways to the others pass above it.
        for port, (_, edge) in enumerate(sorted(sideways, key=lambda pair: pair[0])):
            y = source.y + source.height * 0.22 - port * _PORT_SPACING
            routes.append(Route(edge, _sideways(source, layout.boxes[edge.target], y)))
    return routes


def _to_end(source: Box, end: Point) -> tuple[Point, ...]:
    x, y = end
    if abs(source.x - x) < _STRAIGHT:
        return (source.x, source.bottom), (x, y - TERMINAL_RADIUS)
    return (source.x, source.bottom), (source.x, y), (x + TERMINAL_RADIUS, y)


def _sideways(source: Box, target: Box, y: float) -> tuple[Point, ...]:
    if target.x > source.x:
        return (source.right, y), (target.x, y), (target.x, target.top)
    # Back to the path from a column on its right: down, then left into the target's side.
    return (source.x, source.bottom), (source.x, target.y), (target.right, target.y)
