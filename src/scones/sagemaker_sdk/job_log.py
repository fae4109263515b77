"""A training job's log as it grows, of all hosts, until the job has ended."""

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.training import LOG_GROUP

POLL_SECONDS = 0.5
RUNNING = frozenset({"InProgress", "Stopping"})


def follow(aws: Aws, job_name: str) -> Iterator[str]:
    """Yield the lines of a job's log; end one look after the job's end, for the last lines."""
    tokens: dict[str, str | None] = {}
    ended_before = False
    while True:
        found = aws.client("sagemaker").describe_training_job(TrainingJobName=job_name)
        ended = found["TrainingJobStatus"] not in RUNNING
        yield from _new_lines(aws.client("logs"), f"{job_name}/", tokens)
        if ended_before:
            return
        ended_before = ended
        time.sleep(POLL_SECONDS)


def _new_lines(logs: Any, prefix: str, tokens: dict[str, str | None]) -> Iterator[str]:
    """Yield what has come since `tokens` were taken, stream by stream; keep the new tokens."""
    try:
        found = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=prefix)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return  # nothing has logged yet
        raise
    for stream in [listed["logStreamName"] for listed in found["logStreams"]]:
        events = True
        while events:
            token = tokens.get(stream)
            page = logs.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=stream,
                startFromHead=True,
                **({"nextToken": token} if token else {}),
            )
            events, tokens[stream] = page["events"], page["nextForwardToken"]
            yield from (event["message"] for event in events)
