"""What of hosting's requests is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

_KEPT, _REFUSED = Treatment.KEPT, Treatment.REFUSED
_ONE_CONTAINER = "one container serves one model"
_THIS_MACHINE = "everything runs on this machine"
_NO_REGISTRY = "no model registry"
_NO_COMPONENTS = "no inference components"
_BETWEEN_FLEETS = "the same steps, between two whole fleets; what it says of a rollback is not used"

FIELDS = (
    Field("CreateModel", "ExecutionRoleArn", _KEPT, "nothing is checked against roles"),
    Field("CreateModel", "VpcConfig", _KEPT, _THIS_MACHINE),
    Field("CreateModel", "EnableNetworkIsolation", _KEPT, "the network is not closed"),
    Field("CreateModel", "Containers", _REFUSED, _ONE_CONTAINER),
    Field("CreateModel", "InferenceExecutionConfig", _REFUSED, _ONE_CONTAINER),
    Field("CreateModel", "PrimaryContainer.ContainerHostname", _KEPT, _ONE_CONTAINER),
    Field("CreateModel", "PrimaryContainer.ImageConfig", _KEPT, "no registry is asked"),
    Field("CreateModel", "PrimaryContainer.ModelDataSource", _REFUSED, "use ModelDataUrl"),
    Field("CreateModel", "PrimaryContainer.AdditionalModelDataSources", _REFUSED, "one artifact"),
    Field("CreateModel", "PrimaryContainer.ModelPackageName", _REFUSED, _NO_REGISTRY),
    Field("CreateModel", "PrimaryContainer.InferenceSpecificationName", _REFUSED, _NO_REGISTRY),
    Field("CreateModel", "PrimaryContainer.MultiModelConfig", _REFUSED, _ONE_CONTAINER),
    Field("CreateEndpointConfig", "KmsKeyId", _KEPT, "disks are not encrypted"),
    Field("CreateEndpointConfig", "ExecutionRoleArn", _KEPT, "nothing is checked against roles"),
    Field("CreateEndpointConfig", "VpcConfig", _KEPT, _THIS_MACHINE),
    Field("CreateEndpointConfig", "EnableNetworkIsolation", _KEPT, "the network is not closed"),
    Field("CreateEndpointConfig", "MetricsConfig", _KEPT, "metrics go out every few seconds"),
    Field("CreateEndpointConfig", "ExplainerConfig", _REFUSED, "no Clarify"),
    Field("CreateEndpointConfig", "ShadowProductionVariants", _REFUSED, "no shadow tests"),
    Field("CreateEndpointConfig", "DataCaptureConfig.KmsKeyId", _KEPT, "recorded and shown"),
    Field(
        "CreateEndpointConfig",
        "AsyncInferenceConfig.OutputConfig.KmsKeyId",
        _KEPT,
        "recorded and shown",
    ),
    Field(
        "CreateEndpointConfig",
        "ProductionVariants.InstanceType",
        _KEPT,
        "limits a container (`--backend docker`), not a process",
    ),
    Field("CreateEndpointConfig", "ProductionVariants.VolumeSizeInGB", _KEPT, _THIS_MACHINE),
    Field(
        "CreateEndpointConfig",
        "ProductionVariants.ModelDataDownloadTimeoutInSeconds",
        _KEPT,
        "S3 is a neighbour",
    ),
    Field("CreateEndpointConfig", "ProductionVariants.EnableSSMAccess", _KEPT, _THIS_MACHINE),
    Field(
        "CreateEndpointConfig",
        "ProductionVariants.ManagedInstanceScaling",
        _KEPT,
        "nothing scales by itself",
    ),
    Field("CreateEndpointConfig", "ProductionVariants.InferenceAmiVersion", _KEPT, _THIS_MACHINE),
    Field(
        "CreateEndpointConfig", "ProductionVariants.CapacityReservationConfig", _KEPT, _THIS_MACHINE
    ),
    Field("CreateEndpointConfig", "ProductionVariants.ServerlessConfig", _REFUSED, "no serverless"),
    Field("CreateEndpointConfig", "ProductionVariants.AcceleratorType", _REFUSED, "no accelerator"),
    Field("CreateEndpointConfig", "ProductionVariants.CoreDumpConfig", _REFUSED, "no core dumps"),
    Field("CreateEndpoint", "DeploymentConfig.RollingUpdatePolicy", _KEPT, _BETWEEN_FLEETS),
    Field("UpdateEndpoint", "DeploymentConfig.RollingUpdatePolicy", _KEPT, _BETWEEN_FLEETS),
    Field(
        "UpdateEndpointWeightsAndCapacities",
        "DesiredWeightsAndCapacities.ServerlessUpdateConfig",
        _REFUSED,
        "no serverless",
    ),
    Field("InvokeEndpoint", "EnableExplanations", _KEPT, "no Clarify"),
    Field("InvokeEndpoint", "TargetModel", _REFUSED, _ONE_CONTAINER),
    Field("InvokeEndpoint", "TargetContainerHostname", _REFUSED, _ONE_CONTAINER),
    Field("InvokeEndpoint", "InferenceComponentName", _REFUSED, _NO_COMPONENTS),
    Field("InvokeEndpoint", "SessionId", _REFUSED, "no stateful sessions"),
    Field("InvokeEndpointWithResponseStream", "TargetContainerHostname", _REFUSED, _ONE_CONTAINER),
    Field(
        "InvokeEndpointWithResponseStream",
        "InferenceComponentName",
        _REFUSED,
        _NO_COMPONENTS,
    ),
    Field("InvokeEndpointWithResponseStream", "SessionId", _REFUSED, "no stateful sessions"),
)
