"""What the service answers when it cannot do what was asked, with AWS's own codes.

    ServiceError
    ├── ValidationException     the control plane's 400: bad parameter, or no such resource
    ├── ResourceInUse           the name is taken
    ├── ConflictException       the name is taken, or a change is not allowed: of newer operations
    ├── ResourceNotFound        no such resource, where the API has an error of its own for it
    ├── ResourceLimitExceeded   too many at once for this machine
    ├── SerializationException  the body is not the JSON the operation takes
    ├── UnknownOperation        no such operation in SageMaker's model
    ├── NotImplementedYet       SageMaker has it, this service does not
    ├── Forbidden               a request that no AWS client sends
    └── runtime (InvokeEndpoint)
        ├── ValidationError     400: no such endpoint or variant, bad header
        ├── PayloadTooLarge     413
        ├── ModelError          424: the model server answered with an error, or not at all
        ├── ServiceUnavailable  503: the model server is being started again
        └── InternalFailure     500: a fault of this service

`StartError` is not an answer: the service cannot start, and the message says what to do.
"""

from typing import Any, ClassVar


class StartError(Exception):
    """The service cannot start; one line, for the person who started it."""


class ServiceError(Exception):
    """An answer in AWS's error form.

    Attributes:
        code: what boto3 shows as `Error.Code`; empty means that the HTTP status is the code.
        status: the HTTP status.
        members: further members of the answer, by AWS's names.
    """

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members


class ValidationException(ServiceError):  # noqa: N818 - AWS's names from here on
    """A parameter is wrong, or what it names is not there."""

    code = "ValidationException"
    status = 400


class ResourceInUse(ServiceError):  # noqa: N818
    """A resource of this name exists already."""

    code = "ResourceInUse"
    status = 400


class ConflictException(ServiceError):  # noqa: N818
    """What is asked does not go with what is there."""

    code = "ConflictException"
    status = 400


class ResourceNotFound(ServiceError):  # noqa: N818
    """There is no such resource."""

    code = "ResourceNotFound"
    status = 400


class ResourceLimitExceeded(ServiceError):  # noqa: N818
    """One more would be too many at once."""

    code = "ResourceLimitExceeded"
    status = 400


class SerializationException(ServiceError):  # noqa: N818
    """The body is not JSON, or a value has the wrong JSON type."""

    code = "SerializationException"
    status = 400


class UnknownOperation(ServiceError):  # noqa: N818
    """SageMaker has no such operation."""

    code = "UnknownOperationException"
    status = 400


class NotImplementedYet(ServiceError):  # noqa: N818
    """SageMaker has the operation; this service does not. LocalStack says so in this form."""

    code = "InternalFailure"
    status = 501


class Forbidden(ServiceError):  # noqa: N818
    """A request that comes from a web page, which no AWS client sends."""

    code = "AccessDeniedException"
    status = 403


class ValidationError(ServiceError):
    """InvokeEndpoint: no such endpoint or variant, or a header is wrong."""

    code = "ValidationError"
    status = 400


class PayloadTooLarge(ServiceError):  # noqa: N818
    """InvokeEndpoint: the body passes AWS's limit."""

    code = ""
    status = 413


class ModelError(ServiceError):
    """InvokeEndpoint: the model server answered with an error, or did not answer."""

    code = "ModelError"
    status = 424


class ServiceUnavailable(ServiceError):  # noqa: N818
    """InvokeEndpoint: the model server is not up at the moment; a client may try again."""

    code = "ServiceUnavailable"
    status = 503


class InternalFailure(ServiceError):  # noqa: N818
    """A fault of this service; the log has the traceback."""

    code = "InternalFailure"
    status = 500
