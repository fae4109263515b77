"""When schedules are due: expressions, windows, and the timetable under a clock of the test's."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scones_localstack.sagemaker.arns import MONITORING_SCHEDULE, PROCESSING_JOB
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.monitoring import expression, metrics
from scones_localstack.sagemaker.monitoring.executions import KIND, Executions
from scones_localstack.sagemaker.monitoring.timetable import SETTLING_SECONDS, Timetable
from scones_localstack.sagemaker.store import Resource, Store

REGION = "us-east-1"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOON = at("2026-01-05T12:00:00")


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("cron(0 * ? * * *)", tuple(range(24))),
        ("cron(0 0 ? * * *)", (0,)),
        ("cron(0 09 ? * * *)", (9,)),
        ("cron(0 17/12 ? * * *)", (5, 17)),
        ("cron(0 0/10 ? * * *)", (0, 10, 20)),
        ("cron(0 3/24 ? * * *)", (3,)),
        ("NOW", ()),
    ],
)
def test_the_forms_that_aws_has(text, hours):
    assert expression.parse({"ScheduleExpression": text}).hours == hours


def test_without_an_expression_a_schedule_is_daily():
    assert expression.parse({}).hours == (0,)


@pytest.mark.parametrize(
    "text",
    [
        "cron(5 * ? * * *)",
        "cron(0 24 ? * * *)",
        "cron(0 0/25 ? * * *)",
        "cron(0 0/0 ? * * *)",
        "cron(0 * * * ? *)",
        "rate(1 hour)",
        "now",
    ],
)
def test_other_expressions_are_refused_with_those_there_are(text):
    with pytest.raises(ValidationException, match=r"cron\(0 \[00-23\]/\[01-24\]") as refused:
        expression.parse({"ScheduleExpression": text})
    assert f"'{text}'" in str(refused.value)


def test_the_next_and_the_last_time():
    every_ten = expression.parse({"ScheduleExpression": "cron(0 0/10 ? * * *)"})
    assert every_ten.after(NOON) == at("2026-01-05T20:00:00")
    assert every_ten.after(at("2026-01-05T20:00:00")) == at("2026-01-06T00:00:00")
    assert every_ten.until(NOON) == at("2026-01-05T10:00:00")
    assert every_ten.until(at("2026-01-05T10:00:00")) == at("2026-01-05T10:00:00")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("-PT1H", -3600), ("-P1D", -86400), ("-P2DT3H30M1S", -185401), ("PT0H", 0), ("-P1W", -604800)],
)
def test_offsets(text, seconds):
    assert expression.offset(text, "X") == seconds


@pytest.mark.parametrize("text", ["PT1H", "+P1D", "P", "-PT", "1H", "-P1.5D"])
def test_an_offset_that_is_none_or_ahead_is_refused(text):
    with pytest.raises(ValidationException):
        expression.offset(text, "StartTimeOffset")


HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
ONCE = {"ScheduleExpression": "NOW"}


@pytest.mark.parametrize(
    ("config", "offsets", "begin", "end"),
    [
        (HOURLY, {}, "11:00", "12:00"),
        ({"ScheduleExpression": "cron(0 0/6 ? * * *)"}, {}, "06:00", "12:00"),
        (HOURLY | {"DataAnalysisStartTime": "-PT5H"}, {}, "07:00", "12:00"),
        (HOURLY, {"StartTimeOffset": "-PT3H", "EndTimeOffset": "-PT1H"}, "09:00", "11:00"),
        (HOURLY, {"EndTimeOffset": "-PT2H"}, "09:00", "10:00"),
        (
            ONCE | {"DataAnalysisStartTime": "-PT2H", "DataAnalysisEndTime": "-PT1H"},
            {"StartTimeOffset": "-P1D"},
            "10:00",
            "11:00",
        ),
    ],
)
def test_the_window_of_an_execution(config, offsets, begin, end):
    assert expression.window(config, offsets, NOON) == (
        at(f"2026-01-05T{begin}"),
        at(f"2026-01-05T{end}"),
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ONCE, "are required"),
        (ONCE | {"DataAnalysisStartTime": "-PT1H"}, "are required"),
        (ONCE | {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT1H"}, "is empty"),
        (ONCE | {"DataAnalysisStartTime": "-P2D", "DataAnalysisEndTime": "PT0H"}, "24 hours"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(config, said):
    with pytest.raises(ValidationException, match=said):
        expression.check(config)


class Bench:
    """A timetable with a clock to set, and what it has begun."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOON + 100
        self.begun: list[tuple[str, float]] = []
        self.history = Executions(store)
        self.timetable = Timetable(store, self.history, self.begin, lambda: self.now)

    async def begin(self, schedule: Resource, execution: Resource) -> None:
        self.begun.append((schedule.name, execution.document["ScheduledTime"]))

    def schedule(self, config: dict[str, str], name: str = "watch") -> Resource:
        document = {
            "MonitoringScheduleConfig": {"ScheduleConfig": config},
            "MonitoringScheduleArn": f"arn:{name}",
            "MonitoringType": "DataQuality",
            "EndpointName": "cats",
        }
        schedule = Resource(MONITORING_SCHEDULE, REGION, name, document, status="Pending")
        self.store.add(schedule)
        return schedule

    async def turn(self, moment: float) -> float:
        self.now = moment
        seconds = self.timetable.turn()
        await asyncio.sleep(0)  # what has begun runs
        return seconds


@pytest.fixture
def store(tmp_path: Path):
    with closing(Store(tmp_path / "service.sqlite")) as store:
        yield store


def test_an_hourly_schedule_runs_each_hour_once_captures_have_settled(store):
    async def scenario() -> None:
        bench = Bench(store)
        schedule = bench.schedule(HOURLY)
        first = at("2026-01-05T13:00:00")
        assert await bench.turn(NOON + 100) == 60.0
        assert schedule.status == "Scheduled"
        assert await bench.turn(first - 30) == 30 + SETTLING_SECONDS
        assert await bench.turn(first + SETTLING_SECONDS - 1) == 1
        assert bench.begun == []
        await bench.turn(first + SETTLING_SECONDS)
        await bench.turn(first + SETTLING_SECONDS + 1)
        assert bench.begun == [("watch", first)]
        await bench.turn(first + 3600 + SETTLING_SECONDS)
        assert bench.begun[1:] == [("watch", first + 3600)]

    asyncio.run(scenario())


def test_of_the_hours_that_a_service_was_away_the_last_is_made_up_for(tmp_path):
    path = tmp_path / "service.sqlite"

    async def before(store: Store) -> None:
        bench = Bench(store)
        bench.schedule(HOURLY)
        await bench.turn(NOON + 100)

    async def after(store: Store) -> None:
        bench = Bench(store)
        bench.timetable.recover()
        await bench.turn(at("2026-01-05T17:40:00"))
        assert bench.begun == [("watch", at("2026-01-05T17:00:00"))]
        await bench.turn(at("2026-01-05T18:00:20"))
        assert bench.begun[1:] == [("watch", at("2026-01-05T18:00:00"))]

    for scenario in (before, after):
        with closing(Store(path)) as store:
            asyncio.run(scenario(store))


def test_an_execution_that_was_only_written_down_is_begun_by_the_next_service(tmp_path):
    path = tmp_path / "service.sqlite"
    with closing(Store(path)) as store:
        bench = Bench(store)
        bench.history.add(bench.schedule(HOURLY), NOON)
        gone = bench.schedule(HOURLY, "gone")
        bench.history.add(gone, NOON)
        store.remove(gone)

    async def after(store: Store) -> None:
        bench = Bench(store)
        bench.timetable.recover()
        await asyncio.sleep(0)
        assert bench.begun == [("watch", NOON)]
        [lost] = [e for e in store.every(KIND) if e.document["MonitoringScheduleName"] == "gone"]
        assert lost.document["MonitoringExecutionStatus"] == "Failed"
        assert "deleted" in lost.document["FailureReason"]

    with closing(Store(path)) as store:
        asyncio.run(after(store))


def test_now_runs_once_stops_when_that_has_ended_and_runs_again_when_started(store):
    async def scenario() -> None:
        bench = Bench(store)
        window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "PT0H"}
        schedule = bench.schedule(ONCE | window)
        await bench.turn(NOON)
        assert bench.begun == [("watch", NOON)]
        await bench.turn(NOON + 1)
        assert schedule.status == "Scheduled"
        bench.history.fail(store.every(KIND)[0], "Job inputs had no data")
        await bench.turn(NOON + 2)
        assert schedule.status == "Stopped"
        bench.timetable.admit(schedule)
        await bench.turn(NOON + 3)
        assert [scheduled for _, scheduled in bench.begun] == [NOON, NOON + 2]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("job", "message", "status"),
    [
        ("InProgress", "", "InProgress"),
        ("Completed", "", "Completed"),
        ("Completed", "Completed: Job completed successfully with no violations.", "Completed"),
        ("Completed", "CompletedWithViolations: 2 violations", "CompletedWithViolations"),
        ("Failed", "CompletedWithViolations: 2 violations", "Failed"),
        ("Stopping", "", "Stopping"),
        ("Stopped", "", "Stopped"),
    ],
)
def test_an_execution_has_the_state_of_its_job_and_the_word_of_its_message(
    store, job, message, status
):
    bench = Bench(store)
    execution = bench.history.add(bench.schedule(HOURLY), NOON)
    document = {
        "ProcessingJobArn": "arn:aws:sagemaker:x",
        "MonitoringScheduleArn": "arn:watch",
        "ExitMessage": message,
    }
    store.add(Resource(PROCESSING_JOB, REGION, execution.name, document, status=job))
    assert execution.document["MonitoringExecutionStatus"] == status
    assert execution.document["ProcessingJobArn"] == "arn:aws:sagemaker:x"
    assert execution.status == status


def test_lines_that_are_no_metric_are_passed_over_and_logged(tmp_path, caplog):
    folder = tmp_path / "output" / "metrics" / "cloudwatch"
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text(
        '{"MetricName": "a", "Value": 1}\nnonsense\n{"Value": 2}\n'
    )
    assert [datum["MetricName"] for datum in metrics._left(tmp_path)] == ["a"]
    assert "line 2" in caplog.text
    assert "line 3" in caplog.text
