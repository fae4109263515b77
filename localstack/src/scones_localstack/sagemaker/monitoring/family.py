"""The family's parts, put together."""

from collections.abc import Mapping

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.front.control import Operation
from scones_localstack.sagemaker.monitoring.definitions import JobDefinitions
from scones_localstack.sagemaker.monitoring.executions import Executions
from scones_localstack.sagemaker.monitoring.jobs import MonitoringType
from scones_localstack.sagemaker.monitoring.run import Runner
from scones_localstack.sagemaker.monitoring.schedules import Schedules
from scones_localstack.sagemaker.monitoring.timetable import Timetable
from scones_localstack.sagemaker.processing.operations import ProcessingJobs
from scones_localstack.sagemaker.store import Store


class Monitoring:
    """Model Monitor in this service."""

    def __init__(self, store: Store, aws: Aws, processing: ProcessingJobs) -> None:
        history = Executions(store)
        runner = Runner(store, aws, history, processing)
        self._timetable = Timetable(store, history, runner.run)
        self._operations = {
            **Schedules(store, history, self._timetable, runner, processing).operations(),
            **history.operations(),
        }
        for kind in MonitoringType:
            self._operations |= JobDefinitions(kind, store, processing).operations()

    def operations(self) -> Mapping[str, Operation]:
        """Return what this family answers."""
        return self._operations

    def recover(self) -> None:
        """Go on where an earlier service stood."""
        self._timetable.recover()

    async def run(self) -> None:
        """Begin executions when they are due, until cancelled."""
        await self._timetable.run()
