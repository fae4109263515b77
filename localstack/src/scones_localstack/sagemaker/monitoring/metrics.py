"""What a monitoring container has left for CloudWatch, and its way there.

A container that is told `publish_cloudwatch_metrics` Enabled writes JSON Lines below
/opt/ml/output/metrics/cloudwatch, each one MetricDatum of PutMetricData:

    {"MetricName": "feature_data_age", "Timestamp": "2026-01-01T10:00:00Z",
     "Dimensions": [{"Name": "Endpoint", "Value": "..."}, ...], "Value": 36.6}

Source: "Container Contract Outputs" and "CloudWatch Metrics" in the SageMaker developer guide.
"""

import json
import logging
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws

DATA_NAMESPACE = "/aws/sagemaker/Endpoints/data-metrics"
MODEL_NAMESPACE = "aws/sagemaker/Endpoints/model-metrics"
_MODEL_QUALITY = "MODEL_QUALITY"
_BATCH_DATA = 500
_log = logging.getLogger(__name__)


def publish(aws: Aws, region: str, root: Path, job: dict[str, Any]) -> int:
    """Put what a container has left to CloudWatch; return how many metrics that was. Blocks.

    What CloudWatch does not take is logged: the job's results do not depend on it.

    Args:
        aws: where CloudWatch is.
        region: the job's.
        root: what the container saw as /opt/ml.
        job: as DescribeProcessingJob has it.
    """
    variables = job.get("Environment", {})
    if variables.get("publish_cloudwatch_metrics") != "Enabled":
        return 0
    quality = variables.get("analysis_type") == _MODEL_QUALITY
    namespace = MODEL_NAMESPACE if quality else DATA_NAMESPACE
    count = 0
    for batch in batched(_left(root), _BATCH_DATA, strict=False):
        try:
            client = aws.client("cloudwatch", region)
            client.put_metric_data(Namespace=namespace, MetricData=list(batch))
        except (BotoCoreError, ClientError) as error:
            _log.warning("CloudWatch does not take metrics of a monitoring job: %s", error)
            return count
        count += len(batch)
    return count


def _left(root: Path) -> Iterator[dict[str, Any]]:
    folder = root / "output" / "metrics" / "cloudwatch"
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, start=1):
                try:
                    datum = json.loads(line)
                    yield {"MetricName": datum["MetricName"], **datum}
                except (ValueError, TypeError, KeyError):
                    _log.warning("%s line %d is no metric", path.name, number)
