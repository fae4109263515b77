"""What of a schedule or of a job definition is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

_KEPT, _REFUSED = Treatment.KEPT, Treatment.REFUSED
_NOT_ENCRYPTED = "recorded and shown, nothing is encrypted"
_CLARIFY = "for monitors of bias and explainability, which are not there"
_INLINE = "MonitoringScheduleConfig.MonitoringJobDefinition"


def _application(operation: str, at: str) -> tuple[Field, ...]:
    return (
        Field(
            operation,
            f"{at}.RecordPreprocessorSourceUri",
            _REFUSED,
            "records are flattened as AWS's container does it, images become features",
        ),
        Field(
            operation,
            f"{at}.PostAnalyticsProcessorSourceUri",
            _REFUSED,
            "use the results in S3, or the metrics",
        ),
    )


def _job(operation: str, inputs: str, output: str, rest: str, resources: str) -> tuple[Field, ...]:
    source = f"{inputs}.EndpointInput"
    return (
        Field(operation, f"{rest}RoleArn", _KEPT, "nothing is checked against roles"),
        Field(operation, f"{rest}NetworkConfig", _KEPT, "no network is closed"),
        Field(
            operation,
            f"{resources}.ClusterConfig.VolumeSizeInGB",
            _KEPT,
            "the disk of this machine",
        ),
        Field(operation, f"{resources}.ClusterConfig.VolumeKmsKeyId", _KEPT, _NOT_ENCRYPTED),
        Field(operation, f"{output}.KmsKeyId", _KEPT, _NOT_ENCRYPTED),
        Field(
            operation, f"{source}.S3DataDistributionType", _KEPT, "one container gets all the data"
        ),
        Field(operation, f"{source}.FeaturesAttribute", _KEPT, _CLARIFY),
        Field(operation, f"{inputs}.BatchTransformInput", _REFUSED, "use EndpointInput"),
    )


def _definition(word: str) -> tuple[Field, ...]:
    operation = f"Create{word}JobDefinition"
    return (
        *_job(operation, f"{word}JobInput", f"{word}JobOutputConfig", "", "JobResources"),
        *_application(operation, f"{word}AppSpecification"),
    )


FIELDS = (
    *(
        field
        for operation in ("CreateMonitoringSchedule", "UpdateMonitoringSchedule")
        for field in (
            *_job(
                operation,
                f"{_INLINE}.MonitoringInputs",
                f"{_INLINE}.MonitoringOutputConfig",
                f"{_INLINE}.",
                f"{_INLINE}.MonitoringResources",
            ),
            *_application(operation, f"{_INLINE}.MonitoringAppSpecification"),
        )
    ),
    *_definition("DataQuality"),
    *_definition("ModelQuality"),
)
