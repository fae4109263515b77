"""The bytes of a captured request or answer, and the probabilities in an answer.

Endpoints, containers and capture settings differ in how they write the same list of
probabilities; all of these are understood, and any of them inside another:

    [0.1, 0.9]    {"prediction": [0.1, 0.9]}    "[0.1, 0.9]"    0.1,0.9    WzAuMSwgMC45XQ==
"""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

_FIELDS = ("prediction", "predictions", "probabilities", "inferences")
_MAX_DEPTH = 5  # a list inside JSON inside a JSON string inside base64, and one to spare


def content(part: Mapping[str, Any]) -> bytes | None:
    """Return the body that a captured half holds.

    Args:
        part: `endpointInput` or `endpointOutput`; its encoding is BASE64, JSON or CSV.

    Returns:
        The bytes as they were sent, or None where there are none.

    Raises:
        ValueError: The encoding says BASE64 and the data is not.
    """
    data = part.get("data")
    if data is None:
        return None
    text = data if isinstance(data, str) else json.dumps(data)
    if part.get("encoding") != "BASE64":
        return text.encode()
    decoded = _from_base64(text)
    if decoded is None:
        raise ValueError("data that is not the base64 it is said to be")
    return decoded


def probabilities(value: object, depth: int = 0) -> tuple[float, ...] | None:
    """Find a list of probabilities.

    Args:
        value: An answer's bytes, or anything found in them.
        depth: How many wrappings have been taken off.

    Returns:
        Two or more numbers between 0 and 1, or None where there is no such list.
    """
    if depth > _MAX_DEPTH or value is None:
        return None
    if isinstance(value, bytes):
        return probabilities(value.decode(errors="replace"), depth)
    if isinstance(value, str):
        return next(
            (found for inner in _readings(value) if (found := probabilities(inner, depth + 1))),
            None,
        )
    if isinstance(value, Mapping):
        return next(
            (found for name in _FIELDS if (found := probabilities(value.get(name), depth + 1))),
            None,
        )
    if isinstance(value, list):
        return _numbers(value) or (probabilities(value[0], depth + 1) if len(value) == 1 else None)
    return None


def _readings(text: str) -> list[object]:
    """What a text may stand for: JSON, comma-separated values or base64."""
    text = text.strip()
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        pass
    if "," in text:
        try:
            return [[float(field) for field in text.split(",")]]
        except ValueError:
            return []
    decoded = _from_base64(text)
    return [] if decoded is None else [decoded]


def _numbers(values: list[Any]) -> tuple[float, ...] | None:
    """The list itself if it can be the probabilities of two or more classes."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) != len(values) or len(values) < 2:
        return None
    fits = all(math.isfinite(number) and -1e-6 <= number <= 1 + 1e-6 for number in numbers)
    return tuple(min(1.0, max(0.0, float(number))) for number in numbers) if fits else None


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
