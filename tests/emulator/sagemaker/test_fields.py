"""The table of members that are not honoured: true to AWS's model, to the code and to the docs."""

import ast
import logging
from pathlib import Path

import pytest

from scones_localstack.sagemaker import fields, hosting
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.fields import Treatment, check_fields
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.hosting.fields import FIELDS

DOCS = Path(__file__).parents[3] / "docs"

# What the code does something with: whoever meets a member that is not here has to decide.
HONOURED = {
    "CreateModel": {"ModelName", "PrimaryContainer", "Tags"},
    "CreateEndpointConfig": {
        "EndpointConfigName",
        "ProductionVariants",
        "DataCaptureConfig",
        "AsyncInferenceConfig",
        "Tags",
    },
    "CreateEndpoint": {"EndpointName", "EndpointConfigName", "DeploymentConfig", "Tags"},
    "UpdateEndpoint": {
        "EndpointName",
        "EndpointConfigName",
        "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties",
        "DeploymentConfig",
        "RetainDeploymentConfig",
    },
    "UpdateEndpointWeightsAndCapacities": {"EndpointName", "DesiredWeightsAndCapacities"},
    "InvokeEndpoint": {
        "EndpointName",
        "Body",
        "ContentType",
        "Accept",
        "CustomAttributes",
        "TargetVariant",
        "InferenceId",
    },
    "InvokeEndpointWithResponseStream": {
        "EndpointName",
        "Body",
        "ContentType",
        "Accept",
        "CustomAttributes",
        "TargetVariant",
        "InferenceId",
    },
}
# The same below the top, for structures of which some members are honoured and some are not.
HONOURED_BELOW = {
    ("CreateModel", "PrimaryContainer"): {"Image", "ModelDataUrl", "Environment", "Mode"},
    ("CreateEndpointConfig", "ProductionVariants"): {
        "VariantName",
        "ModelName",
        "InitialInstanceCount",
        "InitialVariantWeight",
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "RoutingConfig",
    },
    ("CreateEndpointConfig", "DataCaptureConfig"): {
        "EnableCapture",
        "InitialSamplingPercentage",
        "DestinationS3Uri",
        "CaptureOptions",
        "CaptureContentTypeHeader",
    },
    ("UpdateEndpoint", "DeploymentConfig"): {"BlueGreenUpdatePolicy", "AutoRollbackConfiguration"},
    ("UpdateEndpointWeightsAndCapacities", "DesiredWeightsAndCapacities"): {
        "VariantName",
        "DesiredWeight",
        "DesiredInstanceCount",
    },
}


def members(operation, *path):
    """The members of a structure in an operation's request, as AWS's model has them."""
    service = model.RUNTIME if operation.startswith("Invoke") else model.CONTROL_PLANE
    shape = model.input_shape(service, operation)
    for name in path:
        shape = shape.members[name]
        shape = shape.member if shape.type_name == "list" else shape
    return set(shape.members)


def listed(operation, *path):
    """The members of a structure that the table has, not those below them."""
    return {
        field.path.split(".")[-1]
        for field in FIELDS
        if field.operation == operation and tuple(field.path.split(".")[:-1]) == path
    }


@pytest.mark.parametrize("operation", HONOURED)
def test_every_member_is_honoured_or_in_the_table(operation):
    assert members(operation) == HONOURED[operation] | listed(operation)


@pytest.mark.parametrize(("operation", "name"), HONOURED_BELOW)
def test_so_is_every_member_of_a_structure_within(operation, name):
    honoured = HONOURED_BELOW[operation, name]
    assert members(operation, name) == honoured | listed(operation, name)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.operation}.{field.path}")
def test_the_table_names_what_aws_has(field):
    *above, name = field.path.split(".")
    assert name in members(field.operation, *above)


def test_what_is_refused_is_named():
    for field in FIELDS:
        if field.treatment is Treatment.REFUSED and not field.operation.startswith("Invoke"):
            asked = True
            for name in reversed(field.path.split(".")):
                asked = {name: asked}
            with pytest.raises(ValidationException, match=field.path):
                check_fields(FIELDS, field.operation, asked)


def test_what_is_kept_is_logged_once(caplog):
    fields._say_once.cache_clear()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            check_fields(FIELDS, "CreateModel", {"VpcConfig": {"Subnets": ["s"]}})

    assert [record.getMessage() for record in caplog.records] == [
        "CreateModel: VpcConfig is kept and shown, without effect (said once)"
    ]


def test_the_documentation_shows_every_operation():
    text = (DOCS / "reference" / "hosting.md").read_text()
    source = Path(hosting.__file__).parent
    operations = {
        key.value
        for path in source.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "operations"
        for entry in ast.walk(node)
        if isinstance(entry, ast.Dict)
        for key in entry.keys
        if isinstance(key, ast.Constant)
    }
    assert len(operations) >= 14
    for operation in operations:
        assert f"`{operation}`" in text
