"""The control plane: AWS JSON 1.1, one POST, the operation named in X-Amz-Target."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.errors import (
    NotImplementedYet,
    SerializationException,
    UnknownOperation,
    ValidationException,
)
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.front.validation import check

TARGET_PREFIX = "SageMaker."

type Document = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A checked request: parameters by AWS's names, and the region it is for."""

    operation: str
    parameters: Document
    region: str


type Operation = Callable[[Call], Awaitable[Document]]


class ControlPlane:
    """Turns a request into a call of the operation it names."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = dict(operations)
        for name in operations:
            if model.input_shape(model.CONTROL_PLANE, name) is None:
                raise LookupError(f"SageMaker has no operation {name}")

    @property
    def operations(self) -> frozenset[str]:
        """The names of the operations that there are."""
        return frozenset(self._operations)

    async def call(self, target: str, body: bytes, region: str) -> Document:
        """Parse, check and execute one request.

        Args:
            target: the X-Amz-Target header, such as `SageMaker.CreateModel`.
            body: the JSON document.
            region: the region it is for.

        Raises:
            ServiceError: in AWS's words, whatever is wrong.
        """
        name = target.removeprefix(TARGET_PREFIX)
        shape = model.input_shape(model.CONTROL_PLANE, name)
        if not target.startswith(TARGET_PREFIX) or shape is None:
            raise UnknownOperation(f"SageMaker has no operation '{target}' (X-Amz-Target header).")
        operation = self._operations.get(name)
        if operation is None:
            raise NotImplementedYet(
                f"{name} is an operation of SageMaker that this service does not have yet. "
                f"It has {', '.join(sorted(self._operations))}."
            )
        parameters, finding = check(shape, _decode(body))
        if finding:
            raise ValidationException(finding)
        return await operation(Call(name, parameters, region))


def _decode(body: bytes) -> Document:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise SerializationException(f"The request body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SerializationException("The request body is not a JSON object.")
    return document
