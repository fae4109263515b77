"""What of the training operations is kept without effect, or refused."""

from scones_localstack.sagemaker.fields import Field, Treatment

_KEPT, _REFUSED = Treatment.KEPT, Treatment.REFUSED
_CREATE = "CreateTrainingJob"
_THIS_MACHINE = "everything runs on this machine"
_NOT_ENCRYPTED = "recorded and shown, nothing is encrypted"
_NO_DEBUGGER = "no Debugger, no Profiler"
_SOURCE = "InputDataConfig.DataSource"

FIELDS = (
    Field(_CREATE, "RoleArn", _KEPT, "nothing is checked against roles"),
    Field(_CREATE, "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries", _KEPT, "no Studio"),
    Field(_CREATE, "AlgorithmSpecification.TrainingImageConfig", _KEPT, "no registry is asked"),
    Field(_CREATE, f"{_SOURCE}.S3DataSource.ModelAccessConfig", _KEPT, "no model hub"),
    Field(_CREATE, "OutputDataConfig.KmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field(_CREATE, "ResourceConfig.VolumeSizeInGB", _KEPT, "the disk of this machine"),
    Field(_CREATE, "ResourceConfig.VolumeKmsKeyId", _KEPT, _NOT_ENCRYPTED),
    Field(_CREATE, "ResourceConfig.KeepAlivePeriodInSeconds", _KEPT, "no warm pools"),
    Field(_CREATE, "ResourceConfig.TrainingPlanArn", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "ResourceConfig.InstancePlacementConfig", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "StoppingCondition.MaxPendingTimeInSeconds", _KEPT, "a job starts at once"),
    Field(
        _CREATE,
        "EnableManagedSpotTraining",
        _KEPT,
        "nothing interrupts a job; all of its time is billable time",
    ),
    Field(_CREATE, "VpcConfig", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "EnableNetworkIsolation", _KEPT, "the network is not closed"),
    Field(_CREATE, "EnableInterContainerTrafficEncryption", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "RetryStrategy", _KEPT, "a job runs once"),
    Field(_CREATE, "DebugHookConfig", _KEPT, _NO_DEBUGGER),
    Field(_CREATE, "DebugRuleConfigurations", _KEPT, _NO_DEBUGGER),
    Field(_CREATE, "ProfilerConfig", _KEPT, _NO_DEBUGGER),
    Field(_CREATE, "ProfilerRuleConfigurations", _KEPT, _NO_DEBUGGER),
    Field(_CREATE, "TensorBoardOutputConfig", _KEPT, "put its files into checkpoints or output"),
    Field(_CREATE, "ExperimentConfig", _KEPT, "no experiments"),
    Field(_CREATE, "RemoteDebugConfig", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "InfraCheckConfig", _KEPT, _THIS_MACHINE),
    Field(_CREATE, "SessionChainingConfig", _KEPT, "nothing is checked against roles"),
    Field(_CREATE, "AlgorithmSpecification.AlgorithmName", _REFUSED, "use TrainingImage"),
    Field(_CREATE, "ResourceConfig.InstanceGroups", _REFUSED, "all instances are alike"),
    Field(
        _CREATE, f"{_SOURCE}.S3DataSource.InstanceGroupNames", _REFUSED, "all instances are alike"
    ),
    Field(_CREATE, f"{_SOURCE}.S3DataSource.HubAccessConfig", _REFUSED, "no model hub"),
    Field(_CREATE, f"{_SOURCE}.FileSystemDataSource", _REFUSED, "use S3DataSource"),
    Field(_CREATE, f"{_SOURCE}.DatasetSource", _REFUSED, "use S3DataSource"),
    Field(_CREATE, "ServerlessJobConfig", _REFUSED, "no serverless"),
    Field(_CREATE, "MlflowConfig", _REFUSED, "no MLflow"),
    Field(_CREATE, "ModelPackageConfig", _REFUSED, "no model registry"),
    Field("ListTrainingJobs", "WarmPoolStatusEquals", _REFUSED, "no warm pools"),
    Field("ListTrainingJobs", "TrainingPlanArnEquals", _REFUSED, "no training plans"),
)
