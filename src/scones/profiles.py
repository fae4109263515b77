"""Profiles: where each service is, as frozen data; code asks for values, never for the name.

| field                 | `local`             | `docker`            | `aws`                       |
| --------------------- | ------------------- | ------------------- | --------------------------- |
| S3, Lambda, SNS, ...  | LocalStack, a child | LocalStack, compose | AWS                         |
| SageMaker             | our service, child  | our service         | AWS                         |
| credentials           | fixed test ones     | fixed test ones     | boto3's default chain       |

A field can be overridden in `scones.toml` under `[profiles.NAME]` and by the environment variable
`SCONES_PROFILES__NAME__FIELD`.
"""

import json
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scones.builtin_registries import builtin_uri, region_of

LOOPBACK_HOST = "127.0.0.1"

SCHEDULE = r"^((cron|rate|at)\(.+\))?$"
TAG_VALUE = r"^[A-Za-z0-9_ .:/=+@-]{0,256}$"
KMS_KEY = r"^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$"

ORIGIN = r"^https?://[^/,\s]+$"

Port = Annotated[int, Field(ge=1, le=65535)]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-z]+$")]
SecurityGroupId = Annotated[str, Field(pattern=r"^sg-[0-9a-z]+$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")]


class Profile(BaseModel):
    """Where one target's services are, and what differs from the other targets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    region: str = "us-east-1"
    localstack_port: Port | None = Field(
        default=None, description="Port of LocalStack; none where AWS itself answers."
    )
    sagemaker_port: Port | None = Field(
        default=None,
        description="Port of the SageMaker service; none where AWS answers.",
    )
    smtp_port: Port | None = Field(
        default=None, description="Port of the local inbox that receives the notification emails."
    )
    inbox_port: Port | None = Field(
        default=None, description="Port of the page on which the local inbox shows them."
    )
    localstack_host: Host = Field(
        default=LOOPBACK_HOST, description="Where LocalStack is, seen from here."
    )
    sagemaker_host: Host = Field(
        default=LOOPBACK_HOST, description="Where the SageMaker service is, seen from here."
    )
    inbox_host: Host = Field(default=LOOPBACK_HOST, description="Where the inbox's page is.")
    supervised: bool = Field(
        default=False,
        description="Whether `scones up` starts and stops the services as child processes.",
    )
    start_command: str | None = Field(
        default=None, description="What a person runs to start the services; none for AWS."
    )
    stop_command: str | None = Field(
        default=None, description="What a person runs to stop them; none for AWS."
    )
    redeploy_on_failure: bool = Field(
        default=False,
        description="Delete and redeploy a stack whose update failed (nothing rolls back).",
    )
    own_algorithm: bool = Field(
        default=True, description="Whether the image takes our optional hyperparameters (seed)."
    )
    registry: bool = Field(
        default=False,
        description="Whether an image without a registry's name is in ECR, by `scones image push`.",
    )
    costs: bool = Field(
        default=False, description="Whether account and caller are confirmed before spending."
    )
    protected: bool = Field(
        default=False, description="Have AWS refuse to delete the stack or replace its data."
    )
    watched: bool = Field(
        default=False, description="Whether the stack of alarms, cost and hours is deployed."
    )
    monthly_budget_usd: Annotated[float, Field(ge=0)] = 0
    endpoint_instances: Annotated[int, Field(ge=1)] = 1
    endpoint_most_instances: Annotated[int, Field(ge=1)] = 1
    endpoint_invocations_a_minute: Annotated[int, Field(ge=1)] = 600
    endpoint_off: str = Field(default="", pattern=SCHEDULE)
    endpoint_on: str = Field(default="", pattern=SCHEDULE)
    time_zone: str = "UTC"
    owner: str = Field(default="", pattern=TAG_VALUE)
    expiry: str = Field(default="", pattern=TAG_VALUE)
    site_instance_type: str = "t3.small"
    site_most_instances: Annotated[int, Field(ge=1)] = 1
    site_certificate_arn: str = ""
    site_hosts: tuple[Host, ...] = ()
    site_database_secret_arn: str = ""
    site_origins: tuple[Annotated[str, Field(pattern=ORIGIN)], ...] = Field(
        default=(), description="Web sites whose pages may upload photos straight to S3."
    )
    set_api_log_role: bool = Field(
        default=True, description="Set the account's role by which API Gateway writes logs."
    )
    training_image: str = "scones/image-classification:latest"
    detector_image: str = "scones/object-detection:latest"
    training_instance_type: str = "ml.m5.large"
    training_instances: Annotated[int, Field(ge=1)] = 1
    training_volume_gb: Annotated[int, Field(ge=1)] = 10
    training_spot: bool = False
    training_spot_wait_seconds: Annotated[int, Field(ge=0)] = 3600
    endpoint_instance_type: str = "ml.m5.large"
    subnets: tuple[SubnetId, ...] = Field(default=(), max_length=16)
    security_groups: tuple[SecurityGroupId, ...] = Field(default=(), max_length=5)

    kms_key_arn: str = Field(default="", pattern=KMS_KEY)

    @field_validator("subnets", "security_groups", "site_hosts", "site_origins", mode="before")
    @classmethod
    def _listed_in_the_environment(cls, value: Any) -> Any:
        """Take a variable's JSON text for the list that it is."""
        return json.loads(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _hours_and_growth_fit(self) -> Self:
        if bool(self.endpoint_off) != bool(self.endpoint_on):
            raise ValueError("endpoint_off and endpoint_on go together")
        if self.endpoint_most_instances < self.endpoint_instances:
            raise ValueError("endpoint_most_instances is less than endpoint_instances")
        if self.endpoint_off and self.endpoint_most_instances > self.endpoint_instances:
            raise ValueError("an endpoint that is off at night does not scale: choose one")
        shared = self.site_certificate_arn and self.site_database_secret_arn
        if self.site_most_instances > 1 and not shared:
            raise ValueError(
                "site_most_instances above 1 needs site_certificate_arn (a load balancer has TLS) "
                "and site_database_secret_arn (a database of all)"
            )
        return self

    @model_validator(mode="after")
    def _network_is_whole(self) -> Self:
        if bool(self.subnets) != bool(self.security_groups):
            raise ValueError("subnets and security_groups go together")
        return self

    @model_validator(mode="after")
    def _images_are_in_the_region(self) -> Self:
        """Refuse what SageMaker cannot pull; the emulator runs the same URI of any region."""
        for setting in ("training_image", "detector_image"):
            found = region_of(getattr(self, setting))
            if not self.emulated and found not in (None, self.region):
                raise ValueError(
                    f"{setting} is in {found}, and SageMaker in {self.region} pulls from its own "
                    "region only"
                )
        return self

    def in_region(self, region: str | None) -> "Profile":
        """Return this profile with AWS's own images from another region's registry.

        Raises:
            ConfigError: That region has none that scones knows.
        """
        if region in (None, self.region):
            return self
        changed = {"region": region}
        for setting in ("training_image", "detector_image"):
            image = getattr(self, setting)
            if region_of(image) is not None:
                changed[setting] = builtin_uri(image.rpartition("/")[2].partition(":")[0], region)
        return self.model_copy(update=changed)

    @property
    def vpc_config(self) -> dict[str, list[str]] | None:
        """The network of jobs and models, as SageMaker has it; None for SageMaker's own."""
        if not self.subnets:
            return None
        return {"SecurityGroupIds": list(self.security_groups), "Subnets": list(self.subnets)}

    @property
    def spot_wait_seconds(self) -> int | None:
        """How long a job may wait for spot instances; None where it trains on demand."""
        return self.training_spot_wait_seconds if self.training_spot else None

    @property
    def tags(self) -> dict[str, str]:
        """Owner and expiry, where they are set."""
        given = {"scones:owner": self.owner, "scones:expiry": self.expiry}
        return {name: value for name, value in given.items() if value}

    @property
    def emulated(self) -> bool:
        """Whether credentials and account are the fixed ones of the emulation."""
        return self.localstack_port is not None

    @property
    def localstack_url(self) -> str | None:
        """Base URL of LocalStack, or None where AWS itself answers."""
        return _url(self.localstack_host, self.localstack_port)

    def reached(self, url: str) -> str:
        """Return a URL of LocalStack by the name that it has here; others as they are.

        A stack that was deployed from another machine or container names it as seen from there.
        """
        if self.localstack_url is None:
            return url
        here = urlsplit(self.localstack_url)
        return urlsplit(url)._replace(scheme=here.scheme, netloc=here.netloc).geturl()

    @property
    def sagemaker_url(self) -> str | None:
        """Base URL of the SageMaker service, or None where AWS itself answers."""
        return _url(self.sagemaker_host, self.sagemaker_port)

    @property
    def inbox_url(self) -> str | None:
        """Base URL of the inbox's page, or None where AWS itself answers."""
        return _url(self.inbox_host, self.inbox_port)


def _url(host: str, port: int | None) -> str | None:
    return f"http://{host}:{port}" if port else None


_EMULATED: dict[str, Any] = {
    "localstack_port": 4566,
    "sagemaker_port": 4567,
    "smtp_port": 4525,
    "inbox_port": 4526,
    "redeploy_on_failure": True,
    "site_origins": ("http://127.0.0.1:8000", "http://localhost:8000"),
}

PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="local",
            supervised=True,
            start_command="scones up",
            stop_command="scones down",
            **_EMULATED,
        ),
        Profile(
            name="docker",
            start_command="docker compose up --detach",
            stop_command="docker compose down",
            **_EMULATED,
        ),
        Profile(
            name="aws",
            own_algorithm=False,
            registry=True,
            costs=True,
            protected=True,
            watched=True,
            monthly_budget_usd=50,
            training_image=builtin_uri("image-classification", "us-east-1"),
            detector_image=builtin_uri("object-detection", "us-east-1"),
            training_instance_type="ml.p3.2xlarge",  # the built-in algorithm trains on GPUs only
            endpoint_instance_type="ml.m5.xlarge",
        ),
    )
}
