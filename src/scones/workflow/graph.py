"""A state machine's definition as a graph of states and transitions."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scones.errors import WorkflowError

END = ""  # the target of a transition that ends the state machine, or one item of a Map


class Kind(enum.Enum):
    """Why a transition is taken."""

    NEXT = "next"
    CHOICE = "choice"
    CATCH = "catch"


@dataclass(frozen=True, slots=True)
class Edge:
    """One transition.

    Attributes:
        source: Name of the state that is left.
        target: Name of the state that is entered, or END.
        kind: Why.
        label: The errors that are caught; empty for other kinds.
    """

    source: str
    target: str
    kind: Kind
    label: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """One state.

    Attributes:
        name: Its name, unique in the whole state machine.
        type: Task, Map, Fail and so on.
        detail: What it calls, for a person; empty where it calls nothing.
        inner: The graphs inside it: one for a Map, one per branch for a Parallel.
    """

    name: str
    type: str
    detail: str
    inner: tuple["Graph", ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """States and transitions of one level."""

    start: str
    states: Mapping[str, State]
    edges: tuple[Edge, ...]

    def outgoing(self, name: str) -> list[Edge]:
        """Return the transitions that leave a state, Next before Catch."""
        return [edge for edge in self.edges if edge.source == name]

    def walk(self) -> Iterator[State]:
        """Yield all states, inner ones after the one that they are in."""
        for state in self.states.values():
            yield state
            for inner in state.inner:
                yield from inner.walk()


def read_graph(definition: Mapping[str, Any]) -> Graph:
    """Return a definition's graph.

    Raises:
        WorkflowError: It is no state machine, or a transition leads nowhere.
    """
    try:
        states = {name: _state(name, body) for name, body in definition["States"].items()}
        edges = tuple(
            edge for name, body in definition["States"].items() for edge in _edges(name, body)
        )
        start = definition["StartAt"]
    except (AttributeError, KeyError, TypeError) as error:
        raise WorkflowError(f"the definition is no state machine: {error!r} is missing") from error
    for target in {start, *(edge.target for edge in edges)} - {END}:
        if target not in states:
            raise WorkflowError(
                f"the definition leads to '{target}', which is none of its states: "
                f"{', '.join(states)}"
            )
    return Graph(start, states, edges)


def _state(name: str, body: Mapping[str, Any]) -> State:
    inner: list[Mapping[str, Any]] = []
    if body["Type"] == "Map":
        inner = [body.get("ItemProcessor") or body["Iterator"]]
    elif body["Type"] == "Parallel":
        inner = body["Branches"]
    return State(name, body["Type"], _detail(body), tuple(read_graph(part) for part in inner))


def _detail(body: Mapping[str, Any]) -> str:
    """Return a Lambda function's name, an integration's name, or nothing."""
    if "Resource" not in body:
        return ""
    function = str(body.get("Parameters", {}).get("FunctionName", ""))
    if function:
        return function.rpartition(":")[2].strip("${}")
    return str(body["Resource"]).partition(":states:::")[2]


def _edges(name: str, body: Mapping[str, Any]) -> Iterator[Edge]:
    if "Next" in body:
        yield Edge(name, body["Next"], Kind.NEXT)
    elif body.get("End"):
        yield Edge(name, END, Kind.NEXT)
    for choice in body.get("Choices", []):
        yield Edge(name, choice["Next"], Kind.CHOICE)
    if "Default" in body:
        yield Edge(name, body["Default"], Kind.CHOICE)
    for catcher in body.get("Catch", []):
        errors = ", ".join(catcher["ErrorEquals"]).replace("States.ALL", "any error")
        yield Edge(name, catcher["Next"], Kind.CATCH, errors)
