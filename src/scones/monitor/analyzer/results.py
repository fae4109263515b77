"""What a job leaves beside its files: a message, metrics, and word to a topic."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.aws import container_client
from scones.monitor.analyzer.job import Job
from scones.monitor.analyzer.model_quality import Judged
from scones.monitor.baseline import Compared, notify
from scones.monitor.baseline.publish import metrics

METRICS_FILE = "output/metrics/cloudwatch/cloudwatch_metrics.jsonl"
MESSAGE_FILE = "output/message"


def tell(job: Job, found: Compared | Judged) -> str:
    """Tell the topic of violations, leave message and metrics; return the message.

    A topic that cannot be told does not spoil the results: the message says so.
    """
    count = len(_violations(found))
    if job.publish:
        _leave_metrics(job, _metrics(found))
    message = (
        f"CompletedWithViolations: Job completed successfully with {count} violations."
        if count
        else "Completed: Job completed successfully with no violations."
    )
    if count and job.topic_arn:
        try:
            _notify(job, found)
        except (BotoCoreError, ClientError) as error:
            message += f" They could not be told to {job.topic_arn}: {error}"
    leave_message(job.root, message)
    return message


def leave_message(root: Path, message: str) -> None:
    """Leave what DescribeProcessingJob shows as ExitMessage."""
    path = root / MESSAGE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(message, encoding="utf-8")


def _violations(found: Compared | Judged) -> list[dict[str, str]]:
    if isinstance(found, Judged):
        return list(found.violations)
    return [violation.as_json() for violation in found.checked.violations]


def _metrics(found: Compared | Judged) -> Iterable[Mapping[str, Any]]:
    if isinstance(found, Compared):
        return metrics(found)
    return ({"MetricName": name, "Value": value} for name, value in found.quality.scores.items())


def _leave_metrics(job: Job, data: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON Lines that SageMaker puts to CloudWatch."""
    dimensions = [
        {"Name": "Endpoint", "Value": job.endpoint},
        {"Name": "MonitoringSchedule", "Value": job.schedule},
    ]
    shared = {
        "Dimensions": [dimension for dimension in dimensions if dimension["Value"]],
        "Timestamp": job.metric_time.isoformat(),
    }
    path = job.root / METRICS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(dict(datum) | shared)}\n" for datum in data)


def _notify(job: Job, found: Compared | Judged) -> None:
    sns = container_client("sns")
    name = job.schedule or job.endpoint
    if isinstance(found, Compared):
        notify(sns, job.topic_arn, found, endpoint=job.endpoint, results=name)
        return
    document = {
        "endpoint": job.endpoint,
        "schedule": job.schedule,
        "status": "CompletedWithViolations",
        "records": found.quality.count,
        "violations": list(found.violations),
    }
    subject = f"{len(found.violations)} violations of model quality: {job.endpoint}"[:100]
    sns.publish(TopicArn=job.topic_arn, Subject=subject, Message=json.dumps(document, indent=2))
