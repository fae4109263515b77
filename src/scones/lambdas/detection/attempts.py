"""Lambda invokes an asynchronous function up to three times; only the last failure is final.

All attempts of one event have the same request id. So an attempt is counted in the upload's status,
which says meanwhile what was wrong and that it is tried again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import storage
from .faults import WrongPhoto
from .storage import State

ATTEMPTS_ENV = "ATTEMPTS"


@contextmanager
def attempt(upload_id: str, status: dict[str, Any], request_id: str) -> Iterator[None]:
    """Count an attempt on an upload; turn its failure into the status that a person reads.

    Args:
        upload_id: The upload.
        status: Its status so far.
        request_id: The invocation's.

    Raises:
        Exception: What the block raised, unless the photo itself is at fault: then it is FAILED,
            and there is nothing to try again.
    """
    again = status.get("request_id") == request_id
    number = (status.get("attempt", 0) if again else 0) + 1
    most = int(os.environ.get(ATTEMPTS_ENV, "3"))
    kept = {"threshold": status.get("threshold"), "etag": status.get("etag")}
    counted = {"request_id": request_id, "attempt": number}
    storage.write_status(upload_id, State.DETECTING, **kept, **counted)
    try:
        yield
    except WrongPhoto as error:
        storage.write_status(upload_id, State.FAILED, message=str(error), **kept)
    except Exception as error:
        if number >= most:
            storage.write_status(upload_id, State.FAILED, message=_reason(error), **kept)
        else:
            message = f"attempt {number} of {most}: {_reason(error)}"
            storage.write_status(upload_id, State.DETECTING, message=message, **kept, **counted)
        raise


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
