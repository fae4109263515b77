"""The one seam to AWS: every boto3 client of scones comes from here.

An emulated profile gets fixed test credentials and explicit endpoint URLs, and nothing of the
caller's AWS configuration is read, so that a test run can never reach a real account. The profile
for AWS uses boto3's default chain.
"""

import os
import threading
from functools import cached_property
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from scones.errors import ConfigError
from scones.profiles import Profile

EMULATED_ACCOUNT = "000000000000"
EMULATED_KEY = "test"
"""Access key and secret of the emulated profiles; LocalStack takes any."""
SAGEMAKER_SERVICES = frozenset({"sagemaker", "sagemaker-runtime"})


class Aws(Protocol):
    """What business code sees of AWS."""

    @property
    def region(self) -> str:
        """The region, such as us-east-1."""

    @property
    def account(self) -> str:
        """The account's twelve digits."""

    def client(self, service_name: str) -> Any:
        """Return the boto3 client of a service; the same one at each call, safe in threads."""


class Session:
    """AWS as one profile describes it."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._lock = threading.RLock()
        self._clients: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """The profile's region."""
        return self._profile.region

    @cached_property
    def account(self) -> str:
        """The account's twelve digits; asks STS for them on AWS, once."""
        if self._profile.emulated:
            return EMULATED_ACCOUNT
        try:
            return str(self.client("sts").get_caller_identity()["Account"])
        except BotoCoreError as error:
            raise ConfigError(
                f"profile '{self._profile.name}' has no usable AWS credentials ({error}): "
                "run `aws configure` or `aws sso login`, or work offline with --profile local"
            ) from error

    def client(self, service_name: str) -> Any:
        """Return the service's client, created once per session."""
        with self._lock:
            if service_name not in self._clients:
                self._clients[service_name] = self._create(service_name)
            return self._clients[service_name]

    @cached_property
    def _session(self) -> boto3.Session:
        if not self._profile.emulated:
            return boto3.Session(region_name=self._profile.region)
        # Neither ~/.aws nor AWS_PROFILE may lead an emulated client to a person's account.
        isolated = botocore.session.Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
                "ca_bundle": (None, None, None, None),
            }
        )
        return boto3.Session(
            aws_access_key_id=EMULATED_KEY,
            aws_secret_access_key=EMULATED_KEY,
            region_name=self._profile.region,
            botocore_session=isolated,
        )

    def _create(self, service_name: str) -> Any:
        config = Config(
            retries={"mode": "standard", "max_attempts": 4},
            max_pool_connections=32,
            user_agent_extra="scones",
        )
        if not self._profile.emulated:
            return self._session.client(service_name, config=config)
        url = self._profile.localstack_url
        if service_name in SAGEMAKER_SERVICES:
            url = self._profile.sagemaker_url
        config = config.merge(
            Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                inject_host_prefix=False,  # LocalStack has one host name
                proxies={},
            )
        )
        return self._session.client(service_name, endpoint_url=url, config=config)
