from typing import Any

import pytest

from scones.errors import TrainingError
from scones.training import (
    _EpochLines,
    _LogFollower,
    _result,
    latest_model,
    new_job_name,
    running_job,
)
from scones.training_request import _text


class Recorder:
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.bars: list[tuple[str, int, int | None]] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
        self.bars.append((label, done, total))


def test_the_algorithms_log_lines_become_one_line_per_epoch() -> None:
    recorder = Recorder()
    shown = _EpochLines(recorder, epochs=2)
    for line in (
        "[08:16:32 INFO 41] Epoch[0] Batch [7] Speed: 56.92 samples/sec accuracy=0.602679",
        "[08:16:40 INFO 41] Epoch[0] Train-accuracy=0.623958",
        "[08:16:40 INFO 41] Epoch[0] Time cost=15.965",
        "[08:16:42 INFO 41] Epoch[0] Validation-accuracy=0.690000",
        "scones: training used 51.9 CPU seconds",
    ):
        shown.show(line)
    assert recorder.notes == ["epoch 1/2: accuracy 0.623 on training, 0.690 on validation images"]
    assert recorder.bars[-1] == ("training", 1, 2)
    assert shown.cpu_seconds == 51.9


def test_a_failed_job_says_why() -> None:
    job = {
        "TrainingJobName": "bakery-1",
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "FailureReason": "AlgorithmError: learning_rate: -1 is not above 0, exit code: 1",
    }
    with pytest.raises(TrainingError, match=r"'bakery-1' ended as Failed: .*learning_rate"):
        _result(job, None)


def test_where_an_algorithm_says_nothing_its_log_does() -> None:
    job = {
        "TrainingJobName": "bakery-1",
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "FailureReason": "AlgorithmError: , exit code: 1",
    }
    with pytest.raises(TrainingError, match=r"exit code: 1; its log ends with 'No module named x'"):
        _result(job, None, "No module named x")


def test_job_names_differ_and_fit_sagemakers_limit() -> None:
    names = {new_job_name("a" * 32) for _ in range(20)}
    assert len(names) > 1
    assert max(map(len, names)) <= 63


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (0.1, "0.1"), (3, "3"), ("x", "x")])
def test_hyperparameters_are_sent_as_text(value: Any, text: str) -> None:
    assert _text(value) == text


def test_a_log_is_followed_from_where_it_was_left() -> None:
    class Logs:
        """Two pages of one stream, as CloudWatch Logs answers."""

        def describe_log_streams(self, **_: Any) -> dict[str, Any]:
            return {"logStreams": [{"logStreamName": "job/algo-1"}]}

        def get_log_events(self, *, nextToken: str = "0", **_: Any) -> dict[str, Any]:
            pages = {"0": ["a", "b"], "1": ["c", "scones: training used 0.1 CPU seconds", ""]}
            following = str(min(int(nextToken) + 1, 2))
            messages = pages.get(nextToken, [])
            events = [{"message": message} for message in messages]
            return {"events": events, "nextForwardToken": following}

    class FakeAws:
        region, account = "us-east-1", "000000000000"

        def client(self, _: str) -> Any:
            return Logs()

    follow = _LogFollower(FakeAws(), "job")
    assert list(follow.new_lines())[:3] == ["a", "b", "c"]
    assert list(follow.new_lines()) == []
    assert follow.last_line == "c"


def test_jobs_that_only_try_something_are_neither_served_nor_picked_up() -> None:
    class SageMaker:
        """Lists a job of a search, then the model's own."""

        names = ("bakery-tune-0a1b2c-3d4e5f", "bakery-20260102-030405-006")

        def list_training_jobs(self, **_: Any) -> dict[str, Any]:
            return {"TrainingJobSummaries": [{"TrainingJobName": name} for name in self.names]}

        def get_paginator(self, _: str) -> Any:
            return self

        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            return [self.list_training_jobs()]

        def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
            return {"ModelArtifacts": {"S3ModelArtifacts": f"s3://bakery/{TrainingJobName}"}}

    class FakeAws:
        region, account = "us-east-1", "000000000000"

        def client(self, _: str) -> Any:
            return SageMaker()

    assert running_job(FakeAws(), "bakery") == "bakery-20260102-030405-006"
    found = latest_model(FakeAws(), "bakery")
    assert found == ("bakery-20260102-030405-006", "s3://bakery/bakery-20260102-030405-006")
