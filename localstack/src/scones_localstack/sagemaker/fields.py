"""What becomes of each member of a request: honoured, kept without effect, or refused.

A member that has no entry in its family's table is honoured. One that is kept is shown by Describe
as on AWS, does nothing, and is logged once. One that is refused is named in an error: what would
change an answer is never dropped in silence.
"""

import logging
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from scones_localstack.sagemaker.errors import ServiceError, ValidationException

_log = logging.getLogger(__name__)


class Treatment(Enum):
    """What happens to a member."""

    KEPT = "kept, no effect"
    REFUSED = "refused"


class Field(NamedTuple):
    """A member that is not honoured.

    Attributes:
        operation: whose request it is in.
        path: its name, below the names of the structures and lists that hold it.
        treatment: what happens to it.
        reason: why, or what happens instead.
    """

    operation: str
    path: str
    treatment: Treatment
    reason: str


def check_fields(
    fields: Iterable[Field],
    operation: str,
    asked: dict[str, Any],
    error: type[ServiceError] = ValidationException,
) -> None:
    """Refuse what is not there, and say once in the log what is kept without effect.

    Args:
        fields: the family's table.
        operation: the request's.
        asked: the request.
        error: the API's own kind of error for what is refused.
    """
    for field in fields:
        if field.operation != operation or not any(_at(asked, tuple(field.path.split(".")))):
            continue
        if field.treatment is Treatment.REFUSED:
            raise error(
                f"{field.path} is not supported by this service yet: leave it out, or use AWS."
            )
        _say_once(operation, field.path)


def table(fields: Iterable[Field]) -> str:
    """Return what of one operation is not honoured, as the documentation shows it."""
    lines = ["| member | here | because |", "| --- | --- | --- |"]
    lines += [f"| `{field.path}` | {field.treatment.value} | {field.reason} |" for field in fields]
    return "\n".join(lines)


@cache
def _say_once(operation: str, path: str) -> None:
    _log.info("%s: %s is kept and shown, without effect (said once)", operation, path)


def _at(value: Any, path: tuple[str, ...]) -> Iterator[bool]:
    """Yield whether there is something, for each place that a path leads to."""
    if isinstance(value, list):
        for entry in value:
            yield from _at(entry, path)
    elif not path:
        yield bool(value)
    elif isinstance(value, dict):
        yield from _at(value.get(path[0]), path[1:])
