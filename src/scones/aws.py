"""The one seam to AWS: every boto3 client of scones comes from here.

An emulated profile gets fixed test credentials and explicit endpoint URLs, and nothing of the
caller's AWS configuration is read, so that a test run can never reach a real account. The profile
for AWS uses boto3's default chain.
"""

import os
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import ConfigError
from scones.profiles import Profile

EMULATED_ACCOUNT = "000000000000"
EMULATED_KEY = "test"
"""Access key and secret of the emulated profiles; LocalStack takes any."""
CALLERS_OWN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
"""Variables that would lead a client of the emulation to a person's account."""
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""What services answer to a caller who may not do something."""
SAGEMAKER_SERVICES = ("sagemaker", "runtime.sagemaker")  # the second as botocore once called it


def client_environment(profile: Profile) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what sends any AWS client, of any language, to where a profile's services are.

    Returns:
        Environment variables to set, and names of those that must not be set.
    """
    variables = {"AWS_DEFAULT_REGION": profile.region}
    if profile.localstack_url is None:
        return variables, ("AWS_ENDPOINT_URL",)
    variables |= {
        "AWS_ENDPOINT_URL": profile.localstack_url,
        "AWS_ACCESS_KEY_ID": EMULATED_KEY,
        "AWS_SECRET_ACCESS_KEY": EMULATED_KEY,
    }
    return variables, CALLERS_OWN


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


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller: the account's twelve digits, and the ARN of the person or role."""

    account: str
    arn: str


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

    @property
    def account(self) -> str:
        """The account's twelve digits; asks STS for them on AWS, once."""
        return EMULATED_ACCOUNT if self._profile.emulated else self.identity.account

    @cached_property
    def identity(self) -> Identity:
        """Who calls, as STS says.

        Raises:
            ConfigError: There are no usable credentials.
        """
        try:
            answer = self.client("sts").get_caller_identity()
            return Identity(str(answer["Account"]), str(answer["Arn"]))
        except ClientError as error:
            raise ConfigError(
                f"AWS does not take the credentials of profile '{self._profile.name}' "
                f"({error.response['Error']['Code']}): run `aws sso login`, or renew the keys"
            ) from error
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
    def boto_session(self) -> Any:
        """A boto3 session for libraries that make their clients themselves.

        An emulated profile's makes clients and resources of the emulation only, whatever endpoint
        it is asked for.
        """
        if self._profile.emulated:
            return _EmulatedSession(self._profile)
        return boto3.Session(region_name=self._profile.region)

    def make_default(self) -> None:
        """Make boto3's own functions use this session: libraries call `boto3.client` themselves."""
        boto3.DEFAULT_SESSION = self.boto_session

    def _create(self, service_name: str) -> Any:
        config = Config(
            retries={"mode": "standard", "max_attempts": 4},
            max_pool_connections=32,
            user_agent_extra="scones",
        )
        return self.boto_session.client(service_name, config=config)


def container_client(service_name: str) -> Any:
    """Return a client for a program that runs in a SageMaker container.

    There is no profile there: role, region and endpoint are in the container's variables.
    """
    return boto3.client(service_name)


class _EmulatedSession(boto3.Session):  # type: ignore[misc]  # boto3 has no types
    """A boto3 session that knows the emulation only: its URLs, region and credentials."""

    def __init__(self, profile: Profile) -> None:
        # Neither ~/.aws nor AWS_PROFILE may lead an emulated client to a person's account.
        isolated = botocore.session.Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": (None, None, os.devnull, None),
                "credentials_file": (None, None, os.devnull, None),
                "ca_bundle": (None, None, None, None),
            }
        )
        super().__init__(
            aws_access_key_id=EMULATED_KEY,
            aws_secret_access_key=EMULATED_KEY,
            region_name=profile.region,
            botocore_session=isolated,
        )
        self._profile = profile

    def client(
        self, service_name: str, *_where: Any, config: Config | None = None, **_more: Any
    ) -> Any:
        """Return a new client; of the arguments only the configuration counts, for its limits."""
        url = self._profile.localstack_url
        if service_name.startswith(SAGEMAKER_SERVICES):
            url = self._profile.sagemaker_url
        emulation = Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            inject_host_prefix=False,  # LocalStack has one host name
            proxies={},
        )
        config = (config or Config()).merge(emulation)
        return super().client(service_name, endpoint_url=url, config=config)
