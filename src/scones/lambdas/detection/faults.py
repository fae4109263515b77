"""What can be wrong with a request, as classes that know their HTTP status.

Fault
├── WrongPhoto            no second attempt can help
│   ├── NotAPhoto         400: truncated, broken, or with too many pixels
│   ├── PhotoTooLarge     413
│   └── UnsupportedType   415: neither PNG nor JPEG by its content
├── InvalidRequest        400: a parameter is missing or out of its limits
├── UnknownUpload         404
└── EndpointFault         another attempt may help
    ├── ModelFailed       502: the model failed, or its answer is not the contract's
    ├── EndpointNotFound  503
    └── EndpointTooSlow   504
"""


class Fault(Exception):
    """What a caller is told, with the status of an answer that says so."""

    status = 500


class WrongPhoto(Fault):
    """The photo itself is at fault."""

    status = 400


class NotAPhoto(WrongPhoto):
    """The bytes cannot be read as a photo, or would take too much memory."""


class PhotoTooLarge(WrongPhoto):
    """The photo has more bytes than can be carried."""

    status = 413


class UnsupportedType(WrongPhoto):
    """The bytes are neither a PNG nor a JPEG image."""

    status = 415


class InvalidRequest(Fault):
    """A parameter is missing or out of its limits."""

    status = 400


class UnknownUpload(Fault):
    """There is no upload of this id."""

    status = 404


class EndpointFault(Fault):
    """The endpoint is at fault, perhaps for a while only."""

    status = 502


class ModelFailed(EndpointFault):
    """The model answered with an error, or not what its contract says."""


class EndpointNotFound(EndpointFault):
    """No endpoint of the name is in service."""

    status = 503


class EndpointTooSlow(EndpointFault):
    """The endpoint did not answer in time."""

    status = 504
