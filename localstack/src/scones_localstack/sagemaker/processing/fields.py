"""What of CreateProcessingJob is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

_KEPT, _REFUSED = Treatment.KEPT, Treatment.REFUSED
_CREATE = "CreateProcessingJob"
_NOT_ENCRYPTED = "recorded and shown, nothing is encrypted"
_CLUSTER = "ProcessingResources.ClusterConfig"

FIELDS = (
    Field(_CREATE, "RoleArn", _KEPT, "nothing is checked against roles"),
    Field(_CREATE, "ExperimentConfig", _KEPT, "no experiments"),
    Field(_CREATE, "NetworkConfig", _KEPT, "everything runs on this machine, no network is closed"),
    Field(_CREATE, f"{_CLUSTER}.VolumeSizeInGB", _KEPT, "the disk of this machine"),
    Field(_CREATE, f"{_CLUSTER}.VolumeKmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field(_CREATE, "ProcessingOutputConfig.KmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field(
        _CREATE,
        "ProcessingInputs.S3Input.S3DataDistributionType",
        _KEPT,
        "one container gets all the data",
    ),
    Field(_CREATE, "ProcessingInputs.DatasetDefinition", _REFUSED, "no Athena, no Redshift"),
    Field(_CREATE, "ProcessingInputs.AppManaged", _REFUSED, "use S3Input with a LocalPath"),
    Field(_CREATE, "ProcessingOutputConfig.Outputs.AppManaged", _REFUSED, "use S3Output"),
    Field(
        _CREATE,
        "ProcessingOutputConfig.Outputs.FeatureStoreOutput",
        _REFUSED,
        "no feature store",
    ),
)
