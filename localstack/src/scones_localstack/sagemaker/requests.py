"""What several operations ask of a request beyond its shape."""

from collections.abc import Iterable
from typing import Any

from scones_localstack.sagemaker.errors import (
    ResourceLimitExceeded,
    ValidationException,
)
from scones_localstack.sagemaker.objects import S3Uri, parse_uri


def refuse(asked: dict[str, Any], members: Iterable[str], where: str = "") -> None:
    """Raise if a request uses what this service does not have yet.

    Args:
        asked: a structure of the request.
        members: names that must not be in it.
        where: the structure's name, for the message.

    Raises:
        ValidationException: it does; the message names the member.
    """
    for member in members:
        if asked.get(member):
            raise ValidationException(
                f"{where}{'.' if where else ''}{member} is not supported by this service yet: "
                "leave it out, or use AWS."
            )


def s3_uri(text: str, member: str) -> S3Uri:
    """Return a parameter that must be an S3 URI.

    Raises:
        ValidationException: it is not one.
    """
    try:
        return parse_uri(text)
    except ValueError as error:
        raise ValidationException(f"{member}: {error}.") from error


def tags_of(asked: dict[str, Any]) -> dict[str, str]:
    """Return a request's tags by key."""
    return {tag["Key"]: tag["Value"] for tag in asked.get("Tags", ())}


def check_limit(what: str, present: int, limit: int, option: str, more: int = 1) -> None:
    """Raise if so many more would be too many.

    Raises:
        ResourceLimitExceeded: in AWS's form, naming the option that sets the limit.
    """
    if present + more > limit:
        raise ResourceLimitExceeded(
            f"The account-level service limit '{what}' is {limit}, with current utilization of "
            f"{present} and a request delta of {more}. Wait for one to end, or start this service "
            f"with a higher {option}."
        )
