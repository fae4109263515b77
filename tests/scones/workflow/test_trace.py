"""What an execution's history tells of its states."""

from datetime import UTC, datetime, timedelta

import pytest

from scones.workflow.graph import END
from scones.workflow.trace import Outcome, read_trace

START = datetime(2024, 10, 16, 9, 37, tzinfo=UTC)


def history(*events):
    """A history from (type, state name or None[, id of the event before]) tuples."""
    told = []
    for number, (kind, name, *before) in enumerate(events, start=1):
        event = {
            "id": number,
            "previousEventId": before[0] if before else number - 1,
            "type": kind,
            "timestamp": START + timedelta(milliseconds=100 * number),
        }
        if kind.endswith("StateEntered"):
            event["stateEnteredEventDetails"] = {"name": name}
        if kind.endswith("StateExited"):
            event["stateExitedEventDetails"] = {"name": name}
        told.append(event)
    return told


def task(name, *ends):
    attempts = [(kind, None) for end in ends for kind in ("TaskScheduled", "TaskStarted", end)]
    return [("TaskStateEntered", name), *attempts, ("TaskStateExited", name)]


def test_a_path_without_errors_has_succeeded_and_been_taken():
    events = [*task("A", "TaskSucceeded"), *task("B", "TaskSucceeded"), ("ExecutionSucceeded", "")]
    trace = read_trace(history(("ExecutionStarted", ""), *events), running=False)
    assert [trace.outcome(name) for name in "AB"] == 2 * [Outcome.SUCCEEDED]
    assert trace.transitions == {("A", "B"), ("B", END)}
    assert trace.visits[0].seconds == pytest.approx(0.4)


def test_a_state_that_was_never_entered_is_not_reached():
    trace = read_trace(history(("ExecutionStarted", "")), running=True)
    assert trace.outcome("A") is Outcome.NOT_REACHED


@pytest.mark.parametrize("failure", ["TaskFailed", "TaskTimedOut", "LambdaFunctionFailed"])
def test_an_error_that_leads_to_another_state_was_caught(failure):
    events = [*task("A", failure), ("FailStateEntered", "Sorry"), ("ExecutionFailed", "")]
    trace = read_trace(history(("ExecutionStarted", ""), *events), running=False)
    assert trace.outcome("A") is Outcome.CAUGHT
    assert trace.outcome("Sorry") is Outcome.FAILED
    assert trace.transitions == {("A", "Sorry")}


def test_an_error_that_a_retry_made_good_is_a_success():
    events = [*task("A", "TaskFailed", "TaskSucceeded"), ("ExecutionSucceeded", "")]
    assert read_trace(history(*events), running=False).outcome("A") is Outcome.SUCCEEDED


def test_an_error_that_nobody_caught_failed_where_it_happened():
    events = [("TaskStateEntered", "A"), ("TaskFailed", ""), ("ExecutionFailed", "")]
    assert read_trace(history(*events), running=False).outcome("A") is Outcome.FAILED


def test_a_state_that_has_not_been_left_is_running_as_long_as_the_execution():
    events = [("TaskStateEntered", "A"), ("TaskScheduled", "")]
    trace = read_trace(history(*events), running=True)
    assert (trace.outcome("A"), trace.visits[0].seconds) == (Outcome.RUNNING, None)


def test_items_of_a_map_are_told_apart_by_the_event_before():
    events = history(
        ("MapStateEntered", "Each"),  # 1
        ("MapStateStarted", ""),
        ("MapIterationStarted", "Each", 2),
        ("MapIterationStarted", "Each", 2),  # 4
        ("TaskStateEntered", "A", 3),
        ("TaskStateEntered", "A", 4),  # 6
        ("TaskFailed", "", 5),
        ("TaskSucceeded", "", 6),  # 8
        ("TaskStateExited", "A", 7),
        ("TaskStateExited", "A", 8),  # 10
        ("PassStateEntered", "Give up", 9),
        ("PassStateExited", "Give up", 11),  # 12
        ("MapIterationSucceeded", "Each", 12),
        ("MapIterationSucceeded", "Each", 10),  # 14
        ("MapStateSucceeded", "", 14),
        ("MapStateExited", "Each", 14),
        ("ExecutionSucceeded", "", 16),
    )
    trace = read_trace(events, running=False)
    assert [visit.outcome for visit in trace.of("A")] == [Outcome.CAUGHT, Outcome.SUCCEEDED]
    assert trace.outcome("A") is Outcome.CAUGHT  # what matters most gives the colour
    assert trace.outcome("Each") is Outcome.SUCCEEDED
    assert trace.transitions == {("A", "Give up"), ("Give up", END), ("A", END), ("Each", END)}
