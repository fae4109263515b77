"""What a request with an image may say of itself and of the answer it wants."""

from collections.abc import Container
from typing import Final

from scones_algorithms.container import IMAGE_TYPES
from scones_algorithms.errors import RequestError

JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonlines"
ANY_FORMAT: Final = ("", "*/*", "application/*")


def check_content_type(content_type: str) -> None:
    """Refuse what is not an image."""
    if content_type.partition(";")[0].strip().lower() not in IMAGE_TYPES:
        known = ", ".join(sorted(IMAGE_TYPES, reverse=True))
        raise RequestError(415, f"Content-Type {content_type!r} is not supported: use {known}")


def choose_format(accept: str, formats: Container[str]) -> str:
    """Take the first media type in an Accept header that is spoken; JSON where any will do."""
    return choose_offer(accept, formats)[0]


def choose_offer(accept: str, formats: Container[str]) -> tuple[str, tuple[str, ...]]:
    """Take the first offer in an Accept header that is spoken, with its parameters.

    Returns:
        The media type, and its parameters without blanks, such as ("annotation=1",).
    """
    for offer in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in offer.split(";"))
        if media_type in ANY_FORMAT:
            media_type = JSON
        if media_type in formats:
            return media_type, tuple(parameter.replace(" ", "") for parameter in parameters)
    raise RequestError(406, f"Accept {accept!r} is not supported: use {JSON}, {JSON_LINES}")
