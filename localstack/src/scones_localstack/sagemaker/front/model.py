"""botocore's own description of the two APIs: operations, shapes, errors."""

from functools import cache
from typing import Any

from scones_localstack.sagemaker.aws import private_session

CONTROL_PLANE = "sagemaker"
RUNTIME = "sagemaker-runtime"


@cache
def service_model(service: str) -> Any:
    """Return botocore's ServiceModel of `sagemaker` or `sagemaker-runtime`."""
    return private_session().get_service_model(service)


@cache
def input_shape(service: str, operation: str) -> Any:
    """Return the shape of an operation's input; None if the API has no such operation."""
    model = service_model(service)
    if operation not in model.operation_names:
        return None
    return model.operation_model(operation).input_shape


@cache
def message_member(service: str, code: str) -> str:
    """Return how an error spells its message: `Message` where the model says so."""
    shape = service_model(service).shape_for_error_code(code)
    return "Message" if shape is not None and "Message" in shape.members else "message"
