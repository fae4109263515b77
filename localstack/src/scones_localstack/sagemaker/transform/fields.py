"""What of CreateTransformJob is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

_KEPT, _REFUSED = Treatment.KEPT, Treatment.REFUSED
_THIS_MACHINE = "everything runs on this machine"
_NOT_ENCRYPTED = "recorded and shown, nothing is encrypted"

FIELDS = (
    Field(
        "CreateTransformJob",
        "TransformResources.InstanceCount",
        _KEPT,
        "one model server does all the work",
    ),
    Field("CreateTransformJob", "TransformResources.VolumeKmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field("CreateTransformJob", "TransformResources.TransformAmiVersion", _KEPT, _THIS_MACHINE),
    Field("CreateTransformJob", "TransformOutput.KmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field("CreateTransformJob", "DataCaptureConfig.KmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field("CreateTransformJob", "ExperimentConfig", _KEPT, "no experiments"),
)
