"""The one place that makes AWS sessions and clients: S3 and CloudWatch Logs at one endpoint."""

import os
import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from scones_localstack.sagemaker.arns import DEFAULT_REGION

ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - the emulator's fixed one, known to all

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=60,
    retries={"mode": "standard", "max_attempts": 3},
    max_pool_connections=16,
    # The endpoint is a neighbour, whatever proxy the environment names.
    proxies={},
    # Checksums that only AWS asks for cost time on every small object.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def private_session() -> Any:
    """Return a botocore session that reads neither a person's profile nor their files."""
    return botocore.session.Session(
        session_vars={
            "profile": (None, [], None, None),
            "config_file": (None, [], os.devnull, None),
            "credentials_file": (None, [], os.devnull, None),
        }
    )


class Aws:
    """Clients with the local test credentials, made once for each service and region."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._session = boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=DEFAULT_REGION,
            botocore_session=private_session(),
        )
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str) -> Any:
        """Return the boto3 client of a service; clients, unlike sessions, may cross threads."""
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service, region_name=region, endpoint_url=self.endpoint_url, config=_CONFIG
                )
            return self._clients[key]
