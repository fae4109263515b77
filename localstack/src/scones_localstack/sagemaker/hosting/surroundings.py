"""What an endpoint needs of the service around it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.backends import Backend
from scones_localstack.sagemaker.hosting.metrics import InvocationMetrics
from scones_localstack.sagemaker.hosting.spool import CaptureSpool
from scones_localstack.sagemaker.logs import LogShipper
from scones_localstack.sagemaker.store import Resource


@dataclass(frozen=True)
class Surroundings:
    """What a deployment needs of the service.

    Attributes:
        backend: where model servers run.
        aws: S3, and the alarms of a deployment that is to be rolled back by one.
        shipper: takes logs to CloudWatch Logs.
        spool: takes captures to S3.
        metrics: takes counts and latencies to CloudWatch.
        http: to talk to model servers with.
        save: keeps the endpoint's record.
        folder: the service's part of the state folder.
        startup_seconds: until the first answered ping, where the variant does not say.
        drain_seconds: how long an invocation may take to end on a server that is to go.
    """

    backend: Backend
    aws: Aws
    shipper: LogShipper
    spool: CaptureSpool
    metrics: InvocationMetrics
    http: aiohttp.ClientSession
    save: Callable[[Resource], None]
    folder: Path
    startup_seconds: float
    drain_seconds: float
