"""What of model cards' requests is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

FIELDS = (
    Field(
        "CreateModelCard",
        "SecurityConfig",
        Treatment.KEPT,
        "the database is not encrypted",
    ),
)
