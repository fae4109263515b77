"""Tells of a check: metrics to CloudWatch under AWS's names, an alarm to an SNS topic.

Namespace `/aws/sagemaker/Endpoints/data-metrics`, dimensions Endpoint and MonitoringSchedule; per
feature `feature_data_NAME`, `feature_non_null_NAME` and `feature_baseline_drift_NAME`. Source:
SageMaker's guide, "CloudWatch metrics for data quality".
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scones.monitor.baseline.constraints import Switch
from scones.monitor.baseline.store import Compared

NAMESPACE = "/aws/sagemaker/Endpoints/data-metrics"
_PER_CALL = 500  # CloudWatch takes 1,000 metrics and 1 MB a call
_MESSAGE_MAX_BYTES = 200_000  # SNS takes 262,144
_NAME_MAX = 200


def put_metrics(
    cloudwatch: Any, compared: Compared, *, endpoint: str, schedule: str, time: datetime
) -> int:
    """Put a check's metrics.

    Args:
        cloudwatch: boto3 client.
        compared: What the check found.
        endpoint: Name of the endpoint, a dimension.
        schedule: Name of the monitoring schedule, a dimension.
        time: When the check was made, in UTC.

    Returns:
        How many metrics were put: none where the constraints switch them off.
    """
    dimensions = [
        {"Name": "Endpoint", "Value": endpoint},
        {"Name": "MonitoringSchedule", "Value": schedule},
    ]
    data = [
        metric | {"Dimensions": dimensions, "Timestamp": time, "Unit": "None"}
        for metric in metrics(compared)
    ]
    for start in range(0, len(data), _PER_CALL):
        part = data[start : start + _PER_CALL]
        cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=part)
    return len(data)


def metrics(compared: Compared) -> Iterator[dict[str, Any]]:
    """Yield name and value of each metric."""
    constraints = compared.baseline.constraints
    known = {feature.name: constraints.config_of(feature) for feature in constraints.features}
    for name, feature in compared.statistics.features.items():
        config = known.get(name, constraints.monitoring_config)
        if config.emit_metrics is Switch.DISABLED:
            continue
        plain = re.sub(r"[^ -~]", "_", name)[:_NAME_MAX]
        yield {"MetricName": f"feature_non_null_{plain}", "Value": float(feature.present)}
        if feature.numbers is not None and feature.present:
            values = {
                "SampleCount": float(feature.present),
                "Sum": feature.numbers.total,
                "Minimum": feature.numbers.least,
                "Maximum": feature.numbers.largest,
            }
            yield {"MetricName": f"feature_data_{plain}", "StatisticValues": values}
        distance = compared.checked.distances.get(name)
        if distance is not None:
            yield {"MetricName": f"feature_baseline_drift_{plain}", "Value": distance}


def notify(sns: Any, topic_arn: str, compared: Compared, *, endpoint: str, results: str) -> str:
    """Tell a topic what a check found, as one JSON document.

    Args:
        sns: boto3 client.
        topic_arn: The topic.
        compared: What was found.
        endpoint: Name of the endpoint.
        results: Where the check's files are.

    Returns:
        The message's identifier.
    """
    violations, drifted = compared.checked.violations, compared.drifted
    subject = f"{len(violations)} violations, {len(drifted)} features drifted: {endpoint}"
    message: dict[str, Any] = {
        "endpoint": endpoint,
        "status": compared.checked.status,
        "records": compared.statistics.item_count,
        "baseline": compared.baseline.source,
        "results": results,
        "drifted": [item.name for item in drifted],
        "violations": [item.as_json() for item in violations],
    }
    while len(json.dumps(message, indent=2).encode()) > _MESSAGE_MAX_BYTES:
        kept = message["violations"][: len(message["violations"]) // 2]
        message |= {"violations": kept, "violations_left_out": len(violations) - len(kept)}
    answer = sns.publish(
        TopicArn=topic_arn, Subject=subject[:100], Message=json.dumps(message, indent=2)
    )
    return str(answer["MessageId"])
