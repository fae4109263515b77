"""Train: staged channels in S3 become a model artifact in S3, through CreateTrainingJob.

The job's own log lines are followed while it runs. A job that is still running when a command is
interrupted goes on; the next `train` picks it up.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import TrainingError
from scones.progress import SILENT, Reporter
from scones.tags import as_list
from scones.training_request import TrainingRequest, parameters

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
POLL_SECONDS = 0.5

EPOCH_LINE = re.compile(r"Epoch\[(\d+)\] (Train-accuracy|Validation-accuracy|Time cost)=(\S+)")
DETECTOR_LINE = re.compile(
    r"epoch=(\d+), (?:batch=\d+ )?(?:train|validation) (cross_entropy|mAP) <\w+>=\(([^)]+)\)"
)

DETECTOR = "detector"  # a detector's jobs are named PROJECT-detector-...
_NOTHING_SAID = "AlgorithmError: ,"  # an algorithm that ends without a word of why
_CPU = re.compile(r"training used ([\d.]+) CPU seconds")


@dataclass(frozen=True)
class TrainingResult:
    """A job that has completed.

    Attributes:
        model_uri: The artifact, an S3 URI of a model.tar.gz.
        seconds: Time from the job's start to its end.
        cpu_seconds: What the training process used, where the service tells it.
        metrics: The final value of each metric, such as validation:accuracy.
    """

    job_name: str
    model_uri: str
    seconds: float
    cpu_seconds: float | None
    metrics: Mapping[str, float]


def tuning_prefix(project: str) -> str:
    """Return what the names of jobs that only try something begin with; they are never served."""
    return f"{project}-tune-"


def _trains_the_model(project: str, job_name: str) -> bool:
    """Whether a job's model may be served: its detector's jobs are a family of their own."""
    others = (tuning_prefix(project), f"{project}-{DETECTOR}-")
    return job_name.startswith(f"{project}-") and not job_name.startswith(others)


def new_job_name(project: str) -> str:
    """Return a job name that no other job has."""
    return f"{project}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{time.time_ns() % 1000:03d}"


def running_job(aws: Aws, project: str) -> str | None:
    """Return the name of a job of this project that is in progress, if there is one."""
    answer = aws.client("sagemaker").list_training_jobs(
        NameContains=project, StatusEquals="InProgress", SortBy="CreationTime", MaxResults=100
    )
    names = [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]]
    return next((name for name in names if _trains_the_model(project, name)), None)


def latest_model(aws: Aws, project: str) -> tuple[str, str] | None:
    """Return name and model artifact URI of the project's last completed job, if there is one."""
    sagemaker = aws.client("sagemaker")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=project,
        StatusEquals="Completed",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    for page in pages:
        for job in page["TrainingJobSummaries"]:
            name = job["TrainingJobName"]
            if _trains_the_model(project, name):
                found = sagemaker.describe_training_job(TrainingJobName=name)
                return name, found["ModelArtifacts"]["S3ModelArtifacts"]
    return None


def start(aws: Aws, request: TrainingRequest) -> None:
    """Create the job.

    Raises:
        TrainingError: SageMaker refuses it, for instance because the name is taken.
    """
    try:
        aws.client("sagemaker").create_training_job(
            TrainingJobName=request.job_name,
            RoleArn=request.role_arn,
            Tags=as_list(request.tags),
            **parameters(request),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceInUse":
            raise TrainingError(
                f"a training job named '{request.job_name}' exists already: "
                "give another name with --job-name, or none"
            ) from error
        raise TrainingError(f"SageMaker refused the job: {_message(error)}") from error


def wait(aws: Aws, job_name: str, *, reporter: Reporter = SILENT) -> TrainingResult:
    """Follow a job's log until it ends.

    Args:
        aws: The session.
        job_name: The job.
        reporter: Told each epoch, and how many there will be where the job was told.

    Raises:
        TrainingError: The job is not there, failed or was stopped.
    """
    sagemaker = aws.client("sagemaker")
    follow = _LogFollower(aws, job_name)
    shown = _EpochLines(reporter)
    stage = ""
    while True:
        try:
            job = sagemaker.describe_training_job(TrainingJobName=job_name)
        except ClientError as error:
            raise TrainingError(f"no training job '{job_name}': {_message(error)}") from error
        shown.epochs = _epochs(job)
        if job["SecondaryStatus"] != stage:
            stage = job["SecondaryStatus"]
            reporter.note(f"{job_name}: {stage}")
        ended = job["TrainingJobStatus"] not in {"InProgress", "Stopping"}
        for line in follow.new_lines():
            shown.show(line)
        if ended:
            cpu_seconds = shown.cpu_seconds or _await_cpu_seconds(follow)
            return _result(job, cpu_seconds, follow.last_line)
        time.sleep(POLL_SECONDS)


def log_lines(aws: Aws, job_name: str) -> Iterator[str]:
    """Yield what a job has logged so far; nothing where its log has been deleted."""
    return _LogFollower(aws, job_name).new_lines()


def _epochs(job: Mapping[str, Any]) -> int | None:
    given = job.get("HyperParameters", {}).get("epochs", "")
    return int(given) if given.isdecimal() else None


def _result(
    job: Mapping[str, Any], cpu_seconds: float | None, last_line: str = ""
) -> TrainingResult:
    name, status = job["TrainingJobName"], job["TrainingJobStatus"]
    if status != "Completed":
        reason = job.get("FailureReason") or job["SecondaryStatus"]
        if reason.startswith(_NOTHING_SAID) and last_line:
            reason += f"; its log ends with '{last_line}'"
        raise TrainingError(f"training job '{name}' ended as {status}: {reason}")
    return TrainingResult(
        job_name=name,
        model_uri=job["ModelArtifacts"]["S3ModelArtifacts"],
        seconds=(job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds(),
        cpu_seconds=cpu_seconds,
        metrics={m["MetricName"]: m["Value"] for m in job.get("FinalMetricDataList", [])},
    )


class _LogFollower:
    """Yields what a job has logged since the last look.

    Attributes:
        last_line: The algorithm's last one that was not blank; none yet: empty.
    """

    def __init__(self, aws: Aws, job_name: str) -> None:
        self._logs = aws.client("logs")
        self._prefix = f"{job_name}/"
        self._stream: str | None = None
        self._token: str | None = None
        self.last_line = ""

    def new_lines(self) -> Iterator[str]:
        """Return at once, with no lines where there are none yet."""
        try:
            if self._stream is None:
                streams = self._logs.describe_log_streams(
                    logGroupName=LOG_GROUP, logStreamNamePrefix=self._prefix, limit=1
                )["logStreams"]
                if not streams:
                    return
                self._stream = streams[0]["logStreamName"]
            while True:
                token = {"nextToken": self._token} if self._token else {}
                page = self._logs.get_log_events(
                    logGroupName=LOG_GROUP,
                    logStreamName=self._stream,
                    startFromHead=True,
                    **token,
                )
                self._token = page["nextForwardToken"]
                if not page["events"]:
                    return
                for event in page["events"]:
                    line = str(event["message"])
                    if line.strip() and not _CPU.search(line):
                        self.last_line = line.strip()
                    yield line
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


class _EpochLines:
    """Turns the algorithm's log lines into one line per epoch."""

    def __init__(self, reporter: Reporter, epochs: int | None = None) -> None:
        self._reporter = reporter
        self.epochs = epochs
        self._values: dict[str, str] = {}
        self.cpu_seconds: float | None = None

    def show(self, line: str) -> None:
        """Take one log line."""
        if used := _CPU.search(line):
            self.cpu_seconds = float(used[1])
        if found := DETECTOR_LINE.search(line):
            self._show_detector(int(found[1]) + 1, found[2], found[3])
        if not (found := EPOCH_LINE.search(line)):
            return
        number, name, value = int(found[1]) + 1, found[2], found[3]
        self._values[name] = value
        self._reporter.progress("training", number, self.epochs, "epochs")
        if name == "Validation-accuracy":
            train = self._values.get("Train-accuracy", "?")
            total = f"/{self.epochs}" if self.epochs else ""
            self._reporter.note(
                f"epoch {number}{total}: accuracy {train[:5]} on training, "
                f"{value[:5]} on validation images"
            )

    def _show_detector(self, number: int, name: str, value: str) -> None:
        self._values[name] = value
        self._reporter.progress("training", number, self.epochs, "epochs")
        if name == "mAP":
            total = f"/{self.epochs}" if self.epochs else ""
            entropy = self._values.get("cross_entropy", "?")
            self._reporter.note(
                f"epoch {number}{total}: cross entropy {entropy[:5]} on training, "
                f"mAP {value[:5]} on validation scenes"
            )


def _await_cpu_seconds(follow: _LogFollower, patience_seconds: float = 3.0) -> float | None:
    """Wait a little for the last log lines, which come after the job's end."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        for line in follow.new_lines():
            if used := _CPU.search(line):
                return float(used[1])
        time.sleep(POLL_SECONDS)
    return None


def _message(error: ClientError) -> str:
    return str(error.response["Error"]["Message"])
