"""The search against a SageMaker in memory, whose jobs end after a number of looks."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.errors import TrainingError
from scones.jobs import TrainingRun
from scones.training_request import TrainingRequest
from scones.tuning import Trial, ranked, run_trials, search

LOOKS = 3


class SageMaker:
    """Jobs that end after some looks; those with a learning rate below 0 fail."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.most_at_once = 0

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        if TrainingJobName not in self.jobs:
            details = {"Code": "ValidationException", "Message": "Requested resource not found."}
            raise ClientError({"Error": details}, "DescribeTrainingJob")  # type: ignore[typeddict-item]
        job = self.jobs[TrainingJobName]
        self.looks[TrainingJobName] += 1
        if self.looks[TrainingJobName] >= LOOKS and job["TrainingJobStatus"] == "InProgress":
            failed = float(job["HyperParameters"].get("learning_rate", 0)) < 0
            job["TrainingJobStatus"] = "Failed" if failed else "Completed"
            job["FailureReason"] = "AlgorithmError: learning_rate" if failed else None
            value = {"MetricName": "validation:accuracy", "Value": 0.9}
            job["FinalMetricDataList"] = [] if failed else [value]
        return job

    def create_training_job(self, *, TrainingJobName: str, **told: Any) -> None:
        self.jobs[TrainingJobName] = {
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Training",
            **told,
        }
        self.looks[TrainingJobName] = 0
        going = [j for j in self.jobs.values() if j["TrainingJobStatus"] == "InProgress"]
        self.most_at_once = max(self.most_at_once, len(going))


class FakeAws:
    region, account = "us-east-1", "000000000000"

    def __init__(self) -> None:
        self.sagemaker = SageMaker()

    def client(self, _: str) -> Any:
        return self.sagemaker


class Notes:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def progress(self, *_: Any) -> None: ...


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "POLL_SECONDS", 0)


REQUEST = TrainingRequest(
    job_name="bakery-1",
    image="scones/image-classification",
    instance_type="ml.m5.large",
    role_arn="arn:aws:iam::000000000000:role/bakery",
    channels={"train": "s3://bakery/train"},
    output_uri="s3://bakery/models",
    checkpoint_uri="s3://bakery/checkpoints/bakery-1",
    hyperparameters={"epochs": 2},
    max_runtime_seconds=60,
)
TRIALS = [Trial(f"bakery-tune-{n}", {"learning_rate": n / 10}) for n in range(5)]


def test_every_trial_is_trained_with_its_values_and_no_more_at_a_time_than_asked() -> None:
    aws = FakeAws()
    run_trials(aws, REQUEST, TRIALS, parallel=2)
    jobs = aws.sagemaker.jobs
    assert set(jobs) == {trial.job_name for trial in TRIALS}
    assert jobs["bakery-tune-3"]["HyperParameters"] == {"epochs": "2", "learning_rate": "0.3"}
    places = {job["CheckpointConfig"]["S3Uri"] for job in jobs.values()}
    assert places == {f"s3://bakery/checkpoints/{name}" for name in jobs}
    assert aws.sagemaker.most_at_once == 2


def test_what_was_tried_before_is_not_tried_again() -> None:
    aws = FakeAws()
    run_trials(aws, REQUEST, TRIALS[:3], parallel=2)
    before = dict(aws.sagemaker.jobs)
    aws.sagemaker.create_training_job(TrainingJobName="bakery-tune-3", HyperParameters={})
    run_trials(aws, REQUEST, TRIALS, parallel=2)
    assert all(aws.sagemaker.jobs[name] is job for name, job in before.items())
    assert aws.sagemaker.jobs["bakery-tune-3"]["HyperParameters"] == {}  # the one that was running
    assert len(aws.sagemaker.jobs) == 5


def test_a_trial_that_fails_is_told_and_the_others_go_on() -> None:
    aws, notes = FakeAws(), Notes()
    trials = [Trial("bakery-tune-x", {"learning_rate": -1}), *TRIALS]
    run_trials(aws, REQUEST, trials, parallel=3, reporter=notes)
    assert any(
        "x: Failed: AlgorithmError: learning_rate with learning_rate=-1" in n for n in notes.notes
    )
    assert len(notes.notes) == 6


def run(name: str, **metrics: float) -> TrainingRun:
    told = {key.replace("_", ":"): value for key, value in metrics.items()}
    return TrainingRun(name, "Completed", datetime.now(UTC), {}, {}, told, None, None)


def test_the_highest_is_best_and_jobs_without_the_metric_are_left_out() -> None:
    runs = [run("a", validation_accuracy=0.8), run("b"), run("c", validation_accuracy=0.9)]
    assert [one.name for one in ranked(runs, "validation:accuracy")] == ["c", "a"]


def test_a_metric_that_no_trial_has_is_told_with_those_that_there_are() -> None:
    with pytest.raises(TrainingError, match="validation:mAP: they have validation:accuracy"):
        ranked([run("a", validation_accuracy=0.8)], "validation:mAP")
    with pytest.raises(TrainingError, match="all failed"):
        ranked([run("a")], "validation:mAP")
