"""What can go wrong, as one family of errors.

    AlgorithmError          anything that an algorithm reports by itself
    ├── CustomerError       the job's configuration or data is wrong: exit code 1
    ├── ClusterError        a host of a training on several hosts has failed
    ├── ImageError          these bytes are not an image that can be used
    │   └── ImageTooLargeError  the image has more pixels than anyone needs
    └── RequestError        an HTTP request is wrong: a 4xx status and one line of text

A message says what is wrong, with which value, and what to do next, in one line.
"""

from typing import Final

PROBLEMS_TOLD: Final = 5


class AlgorithmError(Exception):
    """Base of all errors that an algorithm reports without a traceback."""


class CustomerError(AlgorithmError):
    """The job's hyperparameters, channels or data are wrong; whoever started it can mend that."""

    @classmethod
    def of(cls, problems: list[str]) -> "CustomerError":
        """Join every problem found into one error, so that one run tells them all."""
        return cls("; ".join(problems))

    @classmethod
    def raise_first(cls, problems: list[str]) -> None:
        """Raise the first of the problems with the count of the others; nothing where none is."""
        if problems:
            more = len(problems) - PROBLEMS_TOLD
            raise cls.of(problems[:PROBLEMS_TOLD] + ([f"{more} more"] if more > 0 else []))


class ClusterError(AlgorithmError):
    """A host of a training on several hosts has failed, and with it the job.

    Args:
        reason: one line, which names the host and begins with the class of the failure.
        exit_code: with which this host's container should end.
        detail: more for the failure file.
    """

    def __init__(self, reason: str, *, exit_code: int = 2, detail: str = "") -> None:
        super().__init__(reason)
        self.exit_code = exit_code
        self.detail = detail


class ImageError(AlgorithmError):
    """The bytes are not a PNG or JPEG image, or a broken one."""


class ImageTooLargeError(ImageError):
    """The image's header promises more pixels than a server should unpack."""


class RequestError(AlgorithmError):
    """An HTTP request cannot be answered.

    Args:
        status: HTTP status code, 4xx or 5xx.
        text: one line for whoever sent the request.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
