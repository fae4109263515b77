"""Amazon Resource Names of what the service keeps."""

from scones_localstack.sagemaker.errors import ValidationException

ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"

TRAINING_JOB = "training-job"
TRANSFORM_JOB = "transform-job"
PROCESSING_JOB = "processing-job"
MODEL = "model"
MODEL_CARD = "model-card"
ENDPOINT_CONFIG = "endpoint-config"
ENDPOINT = "endpoint"
MONITORING_SCHEDULE = "monitoring-schedule"
DATA_QUALITY_JOB_DEFINITION = "data-quality-job-definition"
MODEL_QUALITY_JOB_DEFINITION = "model-quality-job-definition"
KINDS = (
    TRAINING_JOB,
    TRANSFORM_JOB,
    PROCESSING_JOB,
    MODEL,
    MODEL_CARD,
    ENDPOINT_CONFIG,
    ENDPOINT,
    MONITORING_SCHEDULE,
    DATA_QUALITY_JOB_DEFINITION,
    MODEL_QUALITY_JOB_DEFINITION,
)


def arn(kind: str, region: str, name: str) -> str:
    """Return the ARN of a resource; AWS writes the name in lower case there."""
    return f"arn:aws:sagemaker:{region}:{ACCOUNT}:{kind}/{name.lower()}"


def log_group_arn(region: str, group: str) -> str:
    """Return the ARN of a CloudWatch log group, as ModelError reports it."""
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}"


def parse(text: str) -> tuple[str, str, str]:
    """Return kind, region and (lower-case) name of an ARN of this service.

    Raises:
        ValidationException: it is not the ARN of a resource that this service keeps.
    """
    parts = text.split(":", 5)
    kind, _, name = parts[-1].partition("/")
    is_here = len(parts) == 6 and parts[2] == "sagemaker" and parts[4] == ACCOUNT
    if not is_here or kind not in KINDS or not name:
        raise ValidationException(f"{text} is not the ARN of a resource that this service keeps.")
    return kind, parts[3], name
