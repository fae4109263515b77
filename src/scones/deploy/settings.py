"""What a deployment is told, checked when it is made, and what it tells in return."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from scones.errors import DeployError, UsageError

SOURCE_ROOT = Path(__file__).resolve().parents[3]
ARTIFACTS_BUCKET_PARAMETER = "ArtifactsBucket"
PROJECT_TAG = "scones:project"

_PROJECT = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_BUCKET_NAME_LIMIT = 63
_CLASSES_LIMIT = 3_500  # of the 4 KB that a function's environment may have


@dataclass(frozen=True, slots=True)
class ClassRoute:
    """Where deliveries of one class go.

    Attributes:
        name: The class, such as bicycle.
        loading_bay: The bay at which the vehicle loads.
        order_range: Which orders it gets, such as nearby.
    """

    name: str
    loading_bay: str
    order_range: str


@dataclass(frozen=True, slots=True)
class OperationsSettings:
    """What the stack of alarms, cost and hours is made from.

    Attributes:
        monthly_budget_usd: Emails are sent near it; 0 for no budget.
        least_instances: Of the endpoint.
        most_instances: Up to so many are added; `least_instances` for no scaling.
        invocations_a_minute: Of one instance; above it one more is added.
        endpoint_off: When the endpoint is taken away, such as cron(0 20 * * ? *); empty for never.
        endpoint_on: When it is brought back.
        time_zone: Of both times.
    """

    monthly_budget_usd: float
    least_instances: int
    most_instances: int
    invocations_a_minute: int
    endpoint_off: str
    endpoint_on: str
    time_zone: str

    @property
    def scales(self) -> bool:
        """Whether the endpoint may grow."""
        return self.most_instances > self.least_instances

    def parameters(self, *, endpoint_is_there: bool) -> dict[str, str]:
        """Return the template's parameters that stand for these."""
        return {
            "MonthlyBudgetUsd": f"{self.monthly_budget_usd:g}",
            "EndpointScaled": str(self.scales and endpoint_is_there).lower(),
            "EndpointLeastInstances": str(self.least_instances),
            "EndpointMostInstances": str(self.most_instances),
            "EndpointInvocationsAMinute": str(self.invocations_a_minute),
            "EndpointOff": self.endpoint_off or "never",
            "EndpointOn": self.endpoint_on or "never",
            "TimeZone": self.time_zone,
        }


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """What the detector, its bucket and the REST API are made from.

    Attributes:
        classes: The names of what the detector finds, by class_id.
        upload_origins: Web sites whose pages may upload, such as https://example.org.
        photo_days: How long uploaded photos and their results are kept.
        requests_a_second: What the API takes from one key, for longer than a moment.
        burst: What it takes in a moment.
        requests_a_day: What it takes in a day.
        set_log_role: Set the role by which API Gateway logs, one for the account and region.
        emulator_url: Where LocalStack answers, of which the API's address is made; none on AWS.
    """

    classes: Sequence[str] = ("bicycle", "motorcycle")
    upload_origins: Sequence[str] = ()
    photo_days: int = 30
    requests_a_second: float = 10
    burst: int = 20
    requests_a_day: int = 10_000
    set_log_role: bool = True
    emulator_url: str | None = None

    def parameters(self) -> dict[str, str]:
        """Return the template's parameters that stand for these."""
        return {
            "DetectorClasses": json.dumps(list(self.classes), separators=(",", ":")),
            "UploadOrigins": ",".join(self.upload_origins),
            "PhotoDays": str(self.photo_days),
            "ApiRequestsASecond": f"{self.requests_a_second:g}",
            "ApiBurst": str(self.burst),
            "ApiRequestsADay": str(self.requests_a_day),
            "SetApiLogRole": str(self.set_log_role).lower(),
            "EmulatorUrl": self.emulator_url or "",
        }


@dataclass(frozen=True, slots=True)
class DeploySettings:
    """What the stack is made from.

    Attributes:
        project: First part of every name.
        threshold: Least confidence that routes a delivery, 0 to 1.
        classes: The classes in index order, with their routes.
        email: Who is notified of images below the threshold.
        endpoint_name: The SageMaker endpoint that the functions ask.
        redeploy_on_failure: Delete and deploy anew a stack that cannot be updated, for a
            CloudFormation that neither rolls back nor updates all types. Data stay.
        detection: What detector, uploads and REST API are made from.
        operations: The second stack's settings, where there is one: for AWS only.
        in_vpc: Whether jobs and models have network interfaces in a VPC of the account.
        kms_key_arn: Key of buckets, topics, queues and logs; empty for AWS's own keys.
        protected: Have AWS refuse to delete the stack, or to replace the data bucket.
        tags: Of the stacks, and so of all that is in them, beside the project's.
        image_repositories: Those that `scones image push` makes; None where there is no ECR.
        source_root: The checkout with `asl/` and `cloudformation/`.
    """

    project: str
    threshold: float
    classes: Sequence[ClassRoute]
    email: str
    endpoint_name: str
    redeploy_on_failure: bool = False
    detection: DetectionSettings = DetectionSettings()
    operations: OperationsSettings | None = None
    in_vpc: bool = False
    kms_key_arn: str = ""
    protected: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    image_repositories: Sequence[str] | None = None
    source_root: Path = SOURCE_ROOT

    def __post_init__(self) -> None:
        """Refuse what the template or AWS would refuse later.

        Raises:
            UsageError: A value is out of its limits; the message names it.
        """
        names = [route.name for route in self.classes]
        if not _PROJECT.fullmatch(self.project):
            raise UsageError(
                f"project '{self.project}' is not 3 to 32 lower-case letters, digits and hyphens"
            )
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"threshold {self.threshold} is not between 0 and 1")
        if not _EMAIL.fullmatch(self.email):
            raise UsageError(f"email '{self.email}' is not an address such as name@example.org")
        if len(names) < 2 or len(set(names)) < len(names):
            raise UsageError(f"classes {names} are not two or more different names")
        if len(self.classes_json) > _CLASSES_LIMIT:
            raise UsageError(
                f"the table of {len(names)} classes has {len(self.classes_json):,} characters, "
                f"more than the {_CLASSES_LIMIT:,} a function can hold: shorten names and routes"
            )

    @property
    def stack_name(self) -> str:
        """The CloudFormation stack."""
        return f"{self.project}-core"

    @property
    def operations_stack_name(self) -> str:
        """The CloudFormation stack of alarms, cost and hours."""
        return f"{self.project}-operations"

    @property
    def site_stack_name(self) -> str:
        """The CloudFormation stack of the web site on AWS."""
        return f"{self.project}-site"

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of everything that is made."""
        return {PROJECT_TAG: self.project, **self.tags}

    @property
    def classes_json(self) -> str:
        """The class table as the functions read it."""
        return json.dumps([asdict(route) for route in self.classes], separators=(",", ":"))

    @property
    def detector_name(self) -> str:
        """The SageMaker endpoint that finds objects."""
        return f"{self.project}-detector"

    @property
    def api_document_path(self) -> Path:
        """The REST API's OpenAPI document."""
        return self.source_root / "api" / "openapi.json"

    @property
    def template_path(self) -> Path:
        """The CloudFormation template."""
        return self.source_root / "cloudformation" / "core.yaml"

    @property
    def operations_template_path(self) -> Path:
        """The template of the stack for AWS only."""
        return self.source_root / "cloudformation" / "operations.yaml"

    def data_bucket(self, account: str, region: str) -> str:
        """Return the name of the bucket for images, models and captures."""
        return self._bucket("data", account, region)

    def uploads_bucket(self, account: str, region: str) -> str:
        """Return the name of the bucket for uploaded photos and their results."""
        return self._bucket("uploads", account, region)

    def artifacts_bucket(self, account: str, region: str) -> str:
        """Return the name of the bucket for code and definitions."""
        return self._bucket("artifacts", account, region)

    def _bucket(self, purpose: str, account: str, region: str) -> str:
        name = f"{self.project}-{purpose}-{account}-{region}"
        if len(name) > _BUCKET_NAME_LIMIT:
            raise UsageError(
                f"project '{self.project}' is too long: the bucket name {name} has {len(name)} "
                f"characters, S3 allows {_BUCKET_NAME_LIMIT}"
            )
        return name

    def parameters(self, artifacts_bucket: str, keys: Mapping[str, str]) -> dict[str, str]:
        """Return the template's parameters.

        Args:
            artifacts_bucket: Where code and definitions lie.
            keys: Parameter name to object key, of each artifact.
        """
        return {
            "Project": self.project,
            "EndpointName": self.endpoint_name,
            "DetectorName": self.detector_name,
            **self.detection.parameters(),
            "Threshold": f"{self.threshold:g}",
            "Classes": self.classes_json,
            "Email": self.email,
            "SageMakerInVpc": str(self.in_vpc).lower(),
            "KmsKeyArn": self.kms_key_arn,
            ARTIFACTS_BUCKET_PARAMETER: artifacts_bucket,
            **keys,
        }


@dataclass(frozen=True, slots=True)
class StackOutputs:
    """Names and ARNs of what is deployed."""

    data_bucket: str
    topic_arn: str
    classify_state_machine_arn: str
    batch_state_machine_arn: str
    train_state_machine_arn: str
    sagemaker_role_arn: str
    serialize_function: str
    classify_function: str
    filter_function: str
    uploads_bucket: str
    detection_failed_queue: str
    detect_function: str
    annotate_function: str
    answer_function: str
    api_id: str
    api_key_id: str
    api_url: str

    @classmethod
    def from_stack(cls, stack: Mapping[str, Any]) -> "StackOutputs":
        """Read them from a stack as DescribeStacks answers it.

        Raises:
            DeployError: One is missing: the stack was deployed by another version.
        """
        listed = stack.get("Outputs", [])
        values = {entry["OutputKey"]: str(entry["OutputValue"]) for entry in listed}
        missing = set(OUTPUT_KEYS.values()) - set(values)
        if missing:
            raise DeployError(
                f"stack '{stack['StackName']}' has no output {', '.join(sorted(missing))}: "
                "run `scones deploy` to bring it up to date"
            )
        return cls(**{field.name: values[OUTPUT_KEYS[field.name]] for field in fields(cls)})


OUTPUT_KEYS = {
    "data_bucket": "DataBucketName",
    "topic_arn": "TopicArn",
    "classify_state_machine_arn": "ClassifyImageStateMachineArn",
    "batch_state_machine_arn": "ClassifyBatchStateMachineArn",
    "train_state_machine_arn": "TrainAndDeployStateMachineArn",
    "sagemaker_role_arn": "SageMakerRoleArn",
    "serialize_function": "SerializeFunctionName",
    "classify_function": "ClassifyFunctionName",
    "filter_function": "FilterFunctionName",
    "uploads_bucket": "UploadsBucketName",
    "detection_failed_queue": "DetectionFailedQueueName",
    "detect_function": "DetectFunctionName",
    "annotate_function": "AnnotateFunctionName",
    "answer_function": "AnswerFunctionName",
    "api_id": "ApiId",
    "api_key_id": "ApiKeyId",
    "api_url": "ApiUrl",
}
