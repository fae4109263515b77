"""Log lines and error documents in AWS's words.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (START, END, REPORT) and
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html (error types).
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_RESPONSE_BYTES = 6_291_556


@dataclass(frozen=True)
class Answer:
    """What an invocation came to.

    Attributes:
        payload: the JSON document the caller gets.
        is_error: whether the caller also gets `FunctionError: Unhandled`.
    """

    payload: bytes
    is_error: bool = False


@dataclass(frozen=True)
class Usage:
    """What an invocation took; seconds and bytes, and the init phase if it was part of it."""

    seconds: float
    memory_bytes: int
    init_seconds: float | None = None
    status: str | None = None


def start_line(request_id: str, version: str) -> str:
    """Return the line before the function's own."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end_lines(request_id: str, usage: Usage, memory_size: int) -> str:
    """Return END and REPORT; `memory_size` is the configured one, in MB."""
    milliseconds = usage.seconds * 1000
    init_milliseconds = (usage.init_seconds or 0) * 1000
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {math.ceil(milliseconds + init_milliseconds)} ms",
        f"Memory Size: {memory_size} MB",
        f"Max Memory Used: {math.ceil(usage.memory_bytes / 2**20)} MB",
    ]
    if usage.init_seconds is not None:
        fields.append(f"Init Duration: {init_milliseconds:.2f} ms")
    if usage.status:
        fields.append(f"Status: {usage.status}")
    return f"END RequestId: {request_id}\n" + "\t".join(fields) + "\t\n"


def timed_out(request_id: str, seconds: float) -> Answer:
    """Return the answer of a function that took longer than its timeout."""
    return _error("Sandbox.Timedout", f"RequestId: {request_id} Error: {_timeout(seconds)}")


def timeout_line(request_id: str, seconds: float) -> str:
    """Return the log line of a timeout."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return f"{now}Z {request_id} {_timeout(seconds)}\n"


def _timeout(seconds: float) -> str:
    return f"Task timed out after {seconds:.2f} seconds"


def exited(request_id: str, status: int) -> Answer:
    """Return the answer of a process that ended by itself; negative status: a signal."""
    return _error("Runtime.ExitError", f"RequestId: {request_id} Error: {_exit_reason(status)}")


def exit_lines(request_id: str, status: int) -> str:
    """Return the log lines of a process that ended by itself."""
    return f"RequestId: {request_id} Error: {_exit_reason(status)}\nRuntime.ExitError\n"


def _exit_reason(status: int) -> str:
    if status == 0:
        return "Runtime exited without providing a reason"
    if status == -9:
        return "Runtime exited with error: signal: killed"
    if status < 0:
        return f"Runtime exited with error: signal: {-status}"
    return f"Runtime exited with error: exit status {status}"


def response_too_large() -> Answer:
    """Return the answer of a function whose own was larger than Lambda passes on."""
    return _error(
        "Function.ResponseSizeTooLarge",
        "Response payload size exceeded maximum allowed payload size "
        f"({MAX_RESPONSE_BYTES} bytes).",
    )


def _error(error_type: str, message: str) -> Answer:
    document = {"errorType": error_type, "errorMessage": message}
    return Answer(json.dumps(document).encode(), is_error=True)
