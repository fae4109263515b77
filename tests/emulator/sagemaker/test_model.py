"""Every operation against botocore's model of AWS: what is refused, what is missing, what comes.

The operations and their rules are read from the service and from the model: an operation that the
service gets is tested by itself.
"""

import re
from typing import Any

import pytest

from scones_localstack.sagemaker import coverage
from scones_localstack.sagemaker.fields import Treatment
from scones_localstack.sagemaker.front import model
from tests.emulator.sagemaker.from_model import breaches, paths, smallest, within
from tests.emulator.sagemaker.running import unique
from tests.emulator.sagemaker.stage import (
    CONTROL,
    OPERATIONS,
    RUNTIME,
    answer,
    named_after,
    refusal,
)

# What AWS says of a name that is not there; of any other it says at least that it is not.
MISSING = {
    "EndpointName": 'Could not find endpoint "{arn}:endpoint/{name}".',
    "EndpointConfigName": 'Could not find endpoint configuration "{arn}:endpoint-config/{name}".',
    "ModelName": 'Could not find model "{arn}:model/{name}".',
    "TrainingJobName": "Requested resource not found.",
    "TransformJobName": "Could not find requested job with name: {name}",
    "ProcessingJobName": "Could not find requested job with name: {name}",
}
ARN = "arn:aws:sagemaker:us-east-1:000000000000"


def can_be_sent(request: dict[str, Any]) -> bool:
    """Whether a request to the runtime can be written as a URL and headers."""
    texts = [value for value in request.values() if isinstance(value, str)]
    # No body and an empty one are the same.
    there = request.get("EndpointName") and ("Body" in request or "InputLocation" in request)
    return bool(there) and all(text.isprintable() for text in texts)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_broken_rule_is_found(service, operation):
    for request, findings in breaches(coverage.shape_of(operation)):
        if operation in RUNTIME and not can_be_sent(request):
            continue
        error = refusal(service, operation, request)
        code = "ValidationError" if operation in RUNTIME else "ValidationException"
        assert error["Code"] == code, (request, findings)
        count = f"{len(findings)} validation error{'s' * (len(findings) > 1)} detected: "
        assert error["Message"].startswith(count), (request, findings)
        for finding in findings:
            assert finding in error["Message"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_the_model_allows_is_no_fault(service, operation):
    """No answer is 500, whatever valid member comes alone; nothing that it names is there."""
    shape = coverage.shape_of(operation)
    for request in [smallest(shape), *(within(shape, path) for path in paths(shape))]:
        response = answer(service, operation, request)
        assert response["ResponseMetadata"]["HTTPStatusCode"] < 500, (request, response)


def named_elsewhere(operation: str) -> list[str]:
    """Paths of members that must name what is there already."""
    shape = coverage.shape_of(operation)
    return [
        ".".join(path)
        for path in paths(shape)
        if path[0] in shape.required_members
        and path != [named_after(operation)]
        and (path[-1] in MISSING or re.fullmatch(r"\w+Name|ResourceArn", ".".join(path)))
    ]


@pytest.mark.parametrize(
    ("operation", "path"),
    [(operation, path) for operation in CONTROL for path in named_elsewhere(operation)],
)
def test_a_name_that_is_not_there_is_told_as_aws_does(stage, operation, path):
    name = path.split(".")[-1]
    nobody = f"{ARN}:model/nobody" if name.endswith("Arn") else "nobody"

    error = refusal(stage.bench.service, operation, stage.request(operation, **{name: nobody}))

    if name in MISSING:
        assert error["Code"] == "ValidationException"
        assert error["Message"] == MISSING[name].format(arn=ARN, name=nobody)
    else:
        assert error["Code"] in ("ValidationException", "ResourceNotFound")
        assert re.search("[Cc]ould not find|not found", error["Message"])


@pytest.mark.parametrize("operation", RUNTIME)
def test_so_is_an_endpoint_that_is_not_there(stage, operation):
    request = stage.request(operation, EndpointName="nobody")
    error = refusal(stage.bench.service, operation, request)

    assert error["Code"] == "ValidationError"
    assert error["Message"] == "Endpoint nobody of account 000000000000 not found."


def test_every_operation_answers_in_its_shape(stage):
    """Each is called once, on things of its own; the client checks each answer."""
    bench = stage.bench
    own: dict[str, Any] = {}
    name = unique("own")

    def call(operation: str, **named: Any) -> None:
        if named_after(operation):
            own[named_after(operation)] = named[named_after(operation)] = name
        stage.call(operation, stage.request(operation, **named))
        if operation.startswith(("Create", "Update")) and "EndpointName" in own:
            bench.settles(own["EndpointName"])

    verbs = ("Create", "Describe", "List", "Add", "Update", "Stop", "Start", "Invoke", "Delete")
    order = [name for verb in verbs for name in reversed(OPERATIONS) if name.startswith(verb)]
    assert set(order) == set(OPERATIONS)
    for operation in order:
        if operation != "InvokeEndpointAsync":
            call(operation, **own)

    output = {"OutputConfig": {"S3OutputPath": stage.given["S3OutputPath"]}}
    waiting = bench.deploy(stage.given["ModelName"], AsyncInferenceConfig=output)
    call("InvokeEndpointAsync", EndpointName=waiting)
    bench.delete(waiting)


REFUSED = [each for each in coverage.fields() if each.treatment is Treatment.REFUSED]
KEPT = [each for each in coverage.fields() if each.treatment is Treatment.KEPT]


@pytest.mark.parametrize("field", REFUSED, ids=lambda field: f"{field.operation}.{field.path}")
def test_what_is_refused_is_named(stage, field):
    request = stage.request(field.operation, field.path)

    error = refusal(stage.bench.service, field.operation, request)

    assert error["Message"].startswith(f"{field.path} is not supported by this service yet")


@pytest.mark.parametrize("operation", sorted({field.operation for field in KEPT}))
def test_what_is_kept_is_accepted_and_shown(stage, operation):
    kept = [field.path for field in KEPT if field.operation == operation]
    request = stage.request(operation, *kept)

    stage.call(operation, request)

    stage.bench.settles(stage.given["EndpointName"])
    described = f"Describe{operation.removeprefix('Create')}"
    if described in OPERATIONS:
        own = {named_after(operation): request[named_after(operation)]}
        document = stage.call(described, own)
        stage.bench.settles(own.get("EndpointName", stage.given["EndpointName"]))
        shape = model.service_model(model.CONTROL_PLANE).operation_model(described).output_shape
        for path in kept:
            name = path.split(".")[-1]
            if any(name == shown[-1] for shown in paths(shape)):
                assert found(request, name) == found(document, name)


def found(document: Any, name: str) -> list[Any]:
    """The values that members of a name have in a document, at any depth."""
    if isinstance(document, list):
        return [value for entry in document for value in found(entry, name)]
    if not isinstance(document, dict):
        return []
    here = [document[name]] if name in document else []
    return here + [value for entry in document.values() for value in found(entry, name)]
