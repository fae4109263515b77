"""What requests for jobs may hold without effect is told, once in the log."""

import pytest

from scones_localstack.sagemaker.fields import Field
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.monitoring import fields as monitoring_fields
from scones_localstack.sagemaker.processing import fields as processing_fields
from scones_localstack.sagemaker.training import fields as training_fields
from scones_localstack.sagemaker.transform import fields as transform_fields
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS

ALL = [
    *training_fields.FIELDS,
    *transform_fields.FIELDS,
    *processing_fields.FIELDS,
    *monitoring_fields.FIELDS,
]


# What the code does something with: whoever meets a member that is not here has to decide.
HONOURED = {
    "CreateTrainingJob": {
        "TrainingJobName",
        "HyperParameters",
        "AlgorithmSpecification",
        "InputDataConfig",
        "OutputDataConfig",
        "ResourceConfig",
        "StoppingCondition",
        "CheckpointConfig",
        "Environment",
        "Tags",
    },
    "CreateTransformJob": {
        "TransformJobName",
        "ModelName",
        "MaxConcurrentTransforms",
        "ModelClientConfig",
        "MaxPayloadInMB",
        "BatchStrategy",
        "Environment",
        "TransformInput",
        "TransformOutput",
        "DataCaptureConfig",
        "TransformResources",
        "DataProcessing",
        "Tags",
    },
    "ListTrainingJobs": {
        "NameContains",
        "StatusEquals",
        "CreationTimeAfter",
        "CreationTimeBefore",
        "LastModifiedTimeAfter",
        "LastModifiedTimeBefore",
        "SortBy",
        "SortOrder",
        "MaxResults",
        "NextToken",
    },
    "CreateProcessingJob": {
        "ProcessingJobName",
        "ProcessingInputs",
        "ProcessingOutputConfig",
        "ProcessingResources",
        "StoppingCondition",
        "AppSpecification",
        "Environment",
        "Tags",
    },
    "CreateMonitoringSchedule": {"MonitoringScheduleName", "MonitoringScheduleConfig", "Tags"},
    "UpdateMonitoringSchedule": {"MonitoringScheduleName", "MonitoringScheduleConfig"},
    "CreateDataQualityJobDefinition": {
        "JobDefinitionName",
        "DataQualityBaselineConfig",
        "DataQualityAppSpecification",
        "DataQualityJobInput",
        "DataQualityJobOutputConfig",
        "JobResources",
        "StoppingCondition",
        "Tags",
    },
    "CreateModelQualityJobDefinition": {
        "JobDefinitionName",
        "ModelQualityBaselineConfig",
        "ModelQualityAppSpecification",
        "ModelQualityJobInput",
        "ModelQualityJobOutputConfig",
        "JobResources",
        "StoppingCondition",
        "Tags",
    },
}
_INLINE = "CreateMonitoringSchedule.MonitoringScheduleConfig.MonitoringJobDefinition"
_ENDPOINT_INPUT = {
    "EndpointName",
    "LocalPath",
    "S3InputMode",
    "InferenceAttribute",
    "ProbabilityAttribute",
    "ProbabilityThresholdAttribute",
    "StartTimeOffset",
    "EndTimeOffset",
    "ExcludeFeaturesAttribute",
}
_APPLICATION = {"ImageUri", "ContainerEntrypoint", "ContainerArguments"}
# The same below the top, for structures of which some members are honoured and some are not.
HONOURED_BELOW = {
    "CreateTrainingJob.AlgorithmSpecification": {
        "TrainingImage",
        "TrainingInputMode",
        "MetricDefinitions",
        "ContainerEntrypoint",
        "ContainerArguments",
    },
    "CreateTrainingJob.InputDataConfig": {
        "ChannelName",
        "DataSource",
        "ContentType",
        "CompressionType",
        "RecordWrapperType",
        "InputMode",
        "ShuffleConfig",
    },
    "CreateTrainingJob.InputDataConfig.DataSource.S3DataSource": {
        "S3DataType",
        "S3Uri",
        "S3DataDistributionType",
        "AttributeNames",
    },
    "CreateTrainingJob.OutputDataConfig": {"S3OutputPath", "CompressionType"},
    "CreateTrainingJob.ResourceConfig": {"InstanceType", "InstanceCount"},
    "CreateTrainingJob.StoppingCondition": {"MaxRuntimeInSeconds", "MaxWaitTimeInSeconds"},
    "CreateTransformJob.TransformOutput": {"S3OutputPath", "Accept", "AssembleWith"},
    "CreateTransformJob.TransformResources": {"InstanceType"},
    "CreateTransformJob.DataCaptureConfig": {"DestinationS3Uri", "GenerateInferenceId"},
    "CreateProcessingJob.ProcessingInputs": {"InputName", "S3Input"},
    "CreateProcessingJob.ProcessingInputs.S3Input": {
        "S3Uri",
        "LocalPath",
        "S3DataType",
        "S3InputMode",
        "S3CompressionType",
    },
    "CreateProcessingJob.ProcessingOutputConfig": {"Outputs"},
    "CreateProcessingJob.ProcessingOutputConfig.Outputs": {"OutputName", "S3Output"},
    "CreateProcessingJob.ProcessingResources.ClusterConfig": {"InstanceCount", "InstanceType"},
    _INLINE: {
        "BaselineConfig",
        "MonitoringInputs",
        "MonitoringOutputConfig",
        "MonitoringResources",
        "MonitoringAppSpecification",
        "StoppingCondition",
        "Environment",
    },
    f"{_INLINE}.MonitoringInputs": {"EndpointInput"},
    f"{_INLINE}.MonitoringInputs.EndpointInput": _ENDPOINT_INPUT,
    f"{_INLINE}.MonitoringAppSpecification": _APPLICATION,
    f"{_INLINE}.MonitoringResources.ClusterConfig": {"InstanceCount", "InstanceType"},
    "CreateDataQualityJobDefinition.DataQualityJobInput": {"EndpointInput"},
    "CreateDataQualityJobDefinition.DataQualityJobInput.EndpointInput": _ENDPOINT_INPUT,
    "CreateDataQualityJobDefinition.DataQualityAppSpecification": _APPLICATION | {"Environment"},
    "CreateModelQualityJobDefinition.ModelQualityJobInput": {
        "EndpointInput",
        "GroundTruthS3Input",
    },
    "CreateModelQualityJobDefinition.ModelQualityAppSpecification": _APPLICATION
    | {"Environment", "ProblemType"},
}


def members(operation: str, *path: str) -> set[str]:
    """The members of a structure in an operation's request, as AWS's model has them."""
    shape = model.input_shape(model.CONTROL_PLANE, operation)
    for name in path:
        shape = shape.members[name]
        shape = shape.member if shape.type_name == "list" else shape
    return set(shape.members)


def in_table(operation: str, *path: str) -> set[str]:
    """The members of a structure that a table has, not those below them."""
    return {
        field.path.split(".")[-1]
        for field in ALL
        if field.operation == operation and tuple(field.path.split(".")[:-1]) == path
    }


@pytest.mark.parametrize("where", [*HONOURED, *HONOURED_BELOW])
def test_every_member_is_honoured_or_in_the_table(where):
    honoured = HONOURED.get(where) or HONOURED_BELOW[where]
    operation, *path = where.split(".")
    assert not honoured & in_table(operation, *path)
    assert members(operation, *path) == honoured | in_table(operation, *path)


@pytest.mark.parametrize("field", ALL, ids=lambda field: f"{field.operation}.{field.path}")
def test_the_table_names_what_aws_has(field: Field):
    *above, name = field.path.split(".")
    assert name in members(field.operation, *above)


def test_a_field_without_effect_is_shown_and_logged_once(bench):
    network = {"EnableNetworkIsolation": True}
    for _ in range(2):
        job = bench.processed(bench.process("pass", NetworkConfig=network))
        assert job["NetworkConfig"] == network
    said = "CreateProcessingJob: NetworkConfig is kept and shown, without effect"

    def count() -> int:
        return bench.service.log_path.read_text().count(said)

    wait_until(count, SECONDS, "the line in the log")
    assert count() == 1
