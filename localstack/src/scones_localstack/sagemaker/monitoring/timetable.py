"""Which schedule is due, and when the next one is: each time is kept before it is acted upon.

    Pending ─▶ Scheduled ─▶ Stopped (a request; NOW: when its execution has ended) ─▶ Scheduled
                   └─▶ Failed: its endpoint or job definition is gone

plan["due"] of a schedule is the next time, in seconds since the epoch. Of times that have passed
while the service was away, the last one is made up for.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum

from scones_localstack.sagemaker.arns import MONITORING_SCHEDULE
from scones_localstack.sagemaker.monitoring import executions
from scones_localstack.sagemaker.monitoring.executions import Executions
from scones_localstack.sagemaker.monitoring.expression import Expression, parse
from scones_localstack.sagemaker.store import Resource, Store

# Captures of a full hour reach S3 some seconds after it.
SETTLING_SECONDS = 10.0
DELETED = "The monitoring schedule has been deleted."
_LONGEST_WAIT_SECONDS = 60.0
_log = logging.getLogger(__name__)

type Run = Callable[[Resource, Resource], Awaitable[None]]
"""Makes an execution, given its schedule; failures are in the records afterwards."""


class ScheduleStatus(StrEnum):
    """MonitoringScheduleStatus."""

    PENDING = "Pending"
    SCHEDULED = "Scheduled"
    STOPPED = "Stopped"
    FAILED = "Failed"


class Timetable:
    """Begins executions when they are due."""

    def __init__(
        self,
        store: Store,
        history: Executions,
        run: Run,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing begins before `run` or `turn`.

        Args:
            store: the schedules.
            history: the executions.
            run: makes one.
            clock: seconds since the epoch.
        """
        self._store = store
        self._history = history
        self._run = run
        self._clock = clock
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        store.watch(self._notice)

    def recover(self) -> None:
        """Begin what an earlier service had written down and not come to."""
        for execution in self._history.pending():
            name = execution.document["MonitoringScheduleName"]
            schedule = self._store.find(MONITORING_SCHEDULE, execution.region, name)
            if schedule is None:
                self._history.fail(execution, DELETED)
            else:
                self._begin(schedule, execution)

    def admit(self, schedule: Resource) -> None:
        """Put a schedule onto the timetable: from now on it is Scheduled."""
        schedule.document.pop("FailureReason", None)
        expression = _expression(schedule)
        moment = self._clock()
        schedule.plan["due"] = math.ceil(moment) if expression.once else expression.after(moment)
        set_status(self._store, schedule, ScheduleStatus.SCHEDULED)

    async def run(self) -> None:
        """Begin what is due, until cancelled."""
        try:
            while True:
                self._awake.clear()
                seconds = _LONGEST_WAIT_SECONDS
                try:
                    seconds = min(seconds, self.turn())
                except Exception:
                    _log.exception("looking at the schedules; the next attempt follows")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), max(0.0, seconds))
        finally:
            for task in self._tasks:
                task.cancel()

    def turn(self) -> float:
        """Look at all schedules once; return the seconds until the next one is due."""
        moment = self._clock()
        waits = [_LONGEST_WAIT_SECONDS]
        for schedule in self._store.every(MONITORING_SCHEDULE):
            if schedule.status == ScheduleStatus.PENDING:
                self.admit(schedule)
            if schedule.status != ScheduleStatus.SCHEDULED:
                continue
            expression = _expression(schedule)
            due = schedule.plan["due"]
            if due is None:
                if not self._history.under_way(schedule):
                    set_status(self._store, schedule, ScheduleStatus.STOPPED)
                continue
            settling = 0.0 if expression.once else SETTLING_SECONDS
            if due + settling <= moment:
                due = self._advance(schedule, expression, moment - settling)
            if due is not None:
                waits.append(due + settling - moment)
        return min(waits)

    def _advance(self, schedule: Resource, expression: Expression, moment: float) -> float | None:
        """Begin the last execution that is due, and return when the next one is."""
        if expression.once:
            scheduled, following = schedule.plan["due"], None
        else:
            scheduled, following = expression.until(moment), expression.after(moment)
        execution = self._history.add(schedule, scheduled)
        schedule.plan["due"] = following
        self._store.save(schedule)
        self._begin(schedule, execution)
        return following

    def _begin(self, schedule: Resource, execution: Resource) -> None:
        async def run() -> None:
            await self._run(schedule, execution)

        task = asyncio.create_task(run(), name=f"{executions.KIND}/{execution.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _notice(self, resource: Resource) -> None:
        """Look again when a schedule or the state of an execution has changed."""
        if resource.kind in (MONITORING_SCHEDULE, executions.KIND):
            self._awake.set()


def set_status(store: Store, schedule: Resource, status: ScheduleStatus, reason: str = "") -> None:
    """Bring a schedule's record into a state."""
    schedule.status = status
    schedule.document["MonitoringScheduleStatus"] = str(status)
    if reason:
        schedule.document["FailureReason"] = reason[:1024]
    store.save(schedule)


def _expression(schedule: Resource) -> Expression:
    return parse(schedule.document["MonitoringScheduleConfig"].get("ScheduleConfig", {}))
