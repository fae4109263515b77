"""What became of each state in an execution, read from the execution's history."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scones.workflow.graph import END

_FAILURES = ("Failed", "TimedOut", "Aborted")


class Outcome(enum.Enum):
    """What became of a state; of all its visits, the one that matters most."""

    NOT_REACHED = "not reached"
    SUCCEEDED = "succeeded"
    CAUGHT = "error caught"
    RUNNING = "running"
    FAILED = "failed"


_BY_WEIGHT = list(Outcome)


@dataclass(frozen=True, slots=True)
class Visit:
    """One time that a state was entered.

    Attributes:
        state: The state's name.
        outcome: What became of it.
        seconds: How long it took; None where it has not been left.
    """

    state: str
    outcome: Outcome
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of each state, and which transitions were taken.

    Attributes:
        visits: In the order in which they began.
        transitions: Pairs of state names; END where the state machine or an item ended.
    """

    visits: tuple[Visit, ...]
    transitions: frozenset[tuple[str, str]]

    def of(self, state: str) -> list[Visit]:
        """Return a state's visits."""
        return [visit for visit in self.visits if visit.state == state]

    def outcome(self, state: str) -> Outcome:
        """Return the weightiest outcome of a state's visits."""
        outcomes = [visit.outcome for visit in self.of(state)]
        return max(outcomes, key=_BY_WEIGHT.index, default=Outcome.NOT_REACHED)


def read_trace(events: Iterable[Mapping[str, Any]], *, running: bool) -> Trace:
    """Return what an execution's history tells.

    Args:
        events: The history, as GetExecutionHistory answers it, oldest first.
        running: Whether the execution still runs.
    """
    history = _History(events)
    unfinished = Outcome.RUNNING if running else Outcome.FAILED
    exits = dict(history.exits())
    visits = []
    for entered in history.entered():
        left = exits.get(entered["id"])
        if left is None:
            visits.append(Visit(_entered_name(entered), unfinished, None))
            continue
        seconds = (left["timestamp"] - entered["timestamp"]).total_seconds()
        visits.append(Visit(_entered_name(entered), history.outcome(left), seconds))
    return Trace(tuple(visits), frozenset(history.transitions()))


class _History:
    """The events, each of which names the one before it in its own branch or item."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._events = {event["id"]: event for event in events}

    def entered(self) -> Iterator[Mapping[str, Any]]:
        """Yield the events that enter a state."""
        return (e for e in self._events.values() if e["type"].endswith("StateEntered"))

    def exits(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield each event that leaves a state, after the id of the one that entered it."""
        for event in self._events.values():
            if event["type"].endswith("StateExited"):
                name = event["stateExitedEventDetails"]["name"]
                for earlier in self._before(event):
                    if _entered_name(earlier) == name:
                        yield earlier["id"], event
                        break

    def outcome(self, left: Mapping[str, Any]) -> Outcome:
        """Return how a state was left: a failure just before means that it was caught."""
        before = next(self._before(left), None)
        failed = before is not None and before["type"].endswith(_FAILURES)
        return Outcome.CAUGHT if failed else Outcome.SUCCEEDED

    def transitions(self) -> Iterator[tuple[str, str]]:
        """Yield the pairs of states that followed one another."""
        for event in self._events.values():
            before = next(self._before(event), None)
            if before is None or not before["type"].endswith("StateExited"):
                continue
            left = before["stateExitedEventDetails"]["name"]
            if name := _entered_name(event):
                yield left, name
            elif event["type"] in ("ExecutionSucceeded", "MapIterationSucceeded"):
                yield left, END

    def _before(self, event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        while (event := self._events.get(event["previousEventId"], {})) != {}:
            yield event


def _entered_name(event: Mapping[str, Any]) -> str:
    return str(event.get("stateEnteredEventDetails", {}).get("name", ""))
