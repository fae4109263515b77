"""One captured inference, and the log of many: what data capture wrote, made sense of.

A line of a capture file is a JSON document (SageMaker's data capture, eventVersion 0):

    {"captureData": {"endpointInput":  {"observedContentType", "mode", "data", "encoding"},
                     "endpointOutput": {"observedContentType", "mode", "data", "encoding"}},
     "eventMetadata": {"eventId", "inferenceTime", "inferenceId"?}, "eventVersion"}
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from scones.monitor.payload import content, probabilities

PROBE_PREFIX = "scones-explain/"
"""What the inference ids of `scones explain` begin with: covered pictures, not anybody's photos."""


@dataclass(frozen=True, slots=True)
class Capture:
    """One captured inference.

    Attributes:
        event_id: SageMaker's identifier of the inference.
        inference_id: The caller's identifier, if it gave one.
        time: When the endpoint was invoked, in UTC.
        input: The request's body, or None where only answers are captured.
        content_type: The request's content type.
        probabilities: One per class in class order, or None where the answer was not captured
            or is not a list of probabilities.
        where: File and line that it was read from.
        output: The answer's body, or None where only requests are captured.
    """

    event_id: str
    inference_id: str | None
    time: datetime
    input: bytes | None
    content_type: str | None
    probabilities: tuple[float, ...] | None
    where: str
    output: bytes | None = None

    @property
    def is_probe(self) -> bool:
        """Whether `scones explain` asked, with a picture that nobody took."""
        return (self.inference_id or "").startswith(PROBE_PREFIX)

    @property
    def confidence(self) -> float | None:
        """The largest probability."""
        return max(self.probabilities) if self.probabilities else None

    @property
    def predicted(self) -> int | None:
        """Index of the class with the largest probability."""
        return self.probabilities.index(max(self.probabilities)) if self.probabilities else None


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is not a capture: where it is, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class CaptureLog:
    """What was read.

    Attributes:
        source: S3 URI or folder.
        files: How many files were read.
        captures: The captured inferences, oldest first.
        broken: The lines that were passed over; of very many, the first.
        passed_over: How many they were, if more than are kept.
    """

    source: str
    files: int
    captures: tuple[Capture, ...]
    broken: tuple[BrokenLine, ...]
    passed_over: int = 0

    @property
    def broken_count(self) -> int:
        """How many lines were passed over."""
        return max(self.passed_over, len(self.broken))

    def __iter__(self) -> Iterator[Capture]:
        """Yield the captures, oldest first."""
        return iter(self.captures)


class Captures(Protocol):
    """What a report reads: a `CaptureLog` in memory, or a `CaptureStream`.

    Attributes:
        source: S3 URI or folder.
        files: How many files were read, once all captures have been.
        broken_count: How many lines were passed over, likewise.
        broken: The first of them.
    """

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def files(self) -> int: ...  # noqa: D102
    @property
    def broken_count(self) -> int: ...  # noqa: D102
    @property
    def broken(self) -> Sequence[BrokenLine]: ...  # noqa: D102
    def __iter__(self) -> Iterator[Capture]: ...


def parse_line(line: bytes, where: str) -> Capture:
    """Read one line of a capture file.

    Args:
        line: The line.
        where: File and line number, for messages.

    Raises:
        ValueError: It is not a capture; the message says why.
    """
    try:
        document = json.loads(line)
        data, event = document["captureData"], document["eventMetadata"]
        output = content(_part(data, "endpointOutput"))
        return Capture(
            event_id=str(event["eventId"]),
            inference_id=_text(event.get("inferenceId")),
            time=_time(event["inferenceTime"]),
            input=content(_part(data, "endpointInput")),
            content_type=_text(_part(data, "endpointInput").get("observedContentType")),
            probabilities=probabilities(output),
            where=where,
            output=output,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at character {error.pos})") from error
    except UnicodeDecodeError as error:
        raise ValueError("not UTF-8 text") from error
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not laid out as a capture is") from error


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """One half of an inference; empty where it was not captured."""
    part = data.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(value: str) -> datetime:
    """Read an ISO 8601 time; one without a zone is in UTC."""
    time = datetime.fromisoformat(value)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
