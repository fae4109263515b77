"""Runs trials as training jobs, several at a time.

What has been tried is known by the jobs' names alone: a search that was cut off goes on when it is
started again, and jobs that ran meanwhile count.
"""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones import training
from scones.aws import Aws
from scones.errors import TrainingError
from scones.jobs import TrainingRun
from scones.progress import SILENT, Reporter
from scones.training_request import TrainingRequest

POLL_SECONDS = 0.5
_GOES_ON = frozenset({"InProgress", "Stopping"})


@dataclass(frozen=True, slots=True)
class Trial:
    """One point of a search: the job that tries it, and what it is told beside the usual."""

    job_name: str
    chosen: Mapping[str, Any]


def run_trials(
    aws: Aws,
    request: TrainingRequest,
    trials: Sequence[Trial],
    *,
    parallel: int,
    reporter: Reporter = SILENT,
) -> None:
    """Train every trial that has not been trained, and return when all have ended.

    Args:
        aws: The session.
        request: What all jobs are asked for.
        trials: What each is told in addition.
        parallel: How many run at a time.
        reporter: Told of each trial that ends.

    Raises:
        TrainingError: SageMaker refuses a job.
    """
    waiting, ended, going = list(trials), 0, dict[str, Trial]()
    reporter.progress("trials", ended, len(trials), "jobs")
    while waiting or going:
        while waiting and len(going) < parallel:
            trial = waiting.pop(0)
            if _job(aws, trial.job_name) is None:
                training.start(aws, _request(request, trial))
            going[trial.job_name] = trial
        for name, trial in list(going.items()):
            job = _job(aws, name)
            if job is not None and job["TrainingJobStatus"] not in _GOES_ON:
                del going[name]
                ended += 1
                reporter.note(f"{name}: {_outcome(job)} with {describe(trial.chosen)}")
                reporter.progress("trials", ended, len(trials), "jobs")
        if going:
            time.sleep(POLL_SECONDS)


def ranked(runs: Sequence[TrainingRun], metric: str) -> list[TrainingRun]:
    """Return the jobs that have the metric, the highest first.

    Raises:
        TrainingError: None has it.
    """
    having = [run for run in runs if metric in run.metrics]
    if not having:
        known = sorted({name for run in runs for name in run.metrics})
        why = f"they have {', '.join(known)}" if known else "all failed: see `scones models`"
        raise TrainingError(f"no trial has the metric {metric}: {why}")
    return sorted(having, key=lambda run: run.metrics[metric], reverse=True)


def describe(chosen: Mapping[str, Any]) -> str:
    """Write what a trial was told, in one line."""
    return ", ".join(f"{n}={v}" for n, v in chosen.items()) or "the project's own settings"


def _request(request: TrainingRequest, trial: Trial) -> TrainingRequest:
    told = {**request.hyperparameters, **trial.chosen}
    checkpoints = f"{request.checkpoint_uri.rpartition('/')[0]}/{trial.job_name}"
    return dataclasses.replace(
        request, job_name=trial.job_name, checkpoint_uri=checkpoints, hyperparameters=told
    )


def _job(aws: Aws, name: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = aws.client("sagemaker").describe_training_job(
            TrainingJobName=name
        )
    except ClientError as error:
        if "not found" in error.response["Error"]["Message"]:
            return None
        raise
    return found


def _outcome(job: Mapping[str, Any]) -> str:
    metrics = {m["MetricName"]: m["Value"] for m in job.get("FinalMetricDataList", [])}
    validated = {name: v for name, v in metrics.items() if name.startswith("validation:")}
    if job["TrainingJobStatus"] != "Completed":
        return f"{job['TrainingJobStatus']}: {job.get('FailureReason') or job['SecondaryStatus']}"
    return ", ".join(f"{n} {v:.4f}" for n, v in validated.items()) or "done"
