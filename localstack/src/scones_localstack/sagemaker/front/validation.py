"""The checks that AWS's servers make on a request, reported in AWS's words.

botocore's own validator runs in the client, words its findings differently and knows neither
patterns nor enumerations. Here every finding of a request is collected, then reported at once::

    1 validation error detected: Value 'x' at 'trainingJobName' failed to satisfy constraint: ...
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scones_localstack.sagemaker.errors import SerializationException
from scones_localstack.sagemaker.front.patterns import compiled


def check(shape: Any, value: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """Check a request against its input shape.

    Args:
        shape: botocore's StructureShape of the operation's input.
        value: the request as decoded from JSON.

    Returns:
        The request without nulls and unknown members (AWS ignores both), and what is wrong with
        it in one sentence, None if nothing is.

    Raises:
        SerializationException: a value has the wrong JSON type.
    """
    checker = _Checker()
    cleaned = checker.check(shape, value)
    findings = checker.findings
    if not findings:
        return cleaned, None
    errors = "error" if len(findings) == 1 else "errors"
    return cleaned, f"{len(findings)} validation {errors} detected: {'; '.join(findings)}"


class _Checker:
    """Walks a value along its shape; one method for each kind of shape."""

    def __init__(self) -> None:
        self.findings: list[str] = []

    def check(self, shape: Any, value: Any) -> dict[str, Any]:
        return self._structure(shape, value, "")

    def _any(self, shape: Any, value: Any, path: str) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, value, path)
        if kind == "list":
            return self._list(shape, value, path)
        if kind == "map":
            return self._map(shape, value, path)
        if kind == "string":
            return self._string(shape, value, path)
        if kind == "boolean":
            return _typed(value, bool, path, "a Boolean")
        if kind == "timestamp":
            return _timestamp(value, path)
        if kind == "blob":
            return value
        return self._number(shape, value, path)

    def _structure(self, shape: Any, value: Any, path: str) -> dict[str, Any]:
        members = _typed(value, Mapping, path, "an object")
        cleaned = {}
        for name, member in shape.members.items():
            where = _below(path, name[0].lower() + name[1:])
            if members.get(name) is not None:
                cleaned[name] = self._any(member, members[name], where)
            elif name in shape.required_members:
                self._find("null", where, "Member must not be null", quoted=False)
        return cleaned

    def _list(self, shape: Any, value: Any, path: str) -> list[Any]:
        entries = _typed(value, list, path, "an array")
        self._size(shape, entries, path, "length")
        if shape.member.type_name == "string":
            self._entries("Member", shape.member, entries, value, path)
            return list(entries)
        return [
            self._any(shape.member, entry, f"{path}.{number}.member")
            for number, entry in enumerate(entries, start=1)
        ]

    def _map(self, shape: Any, value: Any, path: str) -> dict[str, Any]:
        entries = _typed(value, Mapping, path, "an object")
        self._size(shape, entries, path, "length")
        self._entries("Map keys", shape.key, entries.keys(), entries, path)
        self._entries("Map value", shape.value, entries.values(), entries, path)
        return dict(entries)

    def _entries(self, what: str, shape: Any, texts: Iterable[Any], value: Any, path: str) -> None:
        """Find strings in a list or map: AWS shows it whole, and all that is asked of each."""
        judged = [_judged(shape, text, path) for text in texts]
        wrong = [each for each in judged if not all(each.values())]
        if wrong:
            constraint = f"{what} must satisfy constraint: [{', '.join(wrong[0])}]"
            shown = None if shape.metadata.get("sensitive") else _shown(value)
            self._find(shown, path, constraint)

    def _string(self, shape: Any, value: Any, path: str) -> str:
        for message, satisfied in _judged(shape, value, path).items():
            if not satisfied:
                self._find(None if shape.metadata.get("sensitive") else value, path, message)
        return str(value)

    def _number(self, shape: Any, value: Any, path: str) -> Any:
        kind = (int, float) if shape.type_name in ("float", "double") else int
        _typed(value, kind, path, "a number")
        if isinstance(value, bool):
            raise SerializationException(f"BOOLEAN can not be converted to a number at '{path}'")
        self._size(shape, value, path, "value")
        return value

    def _size(self, shape: Any, value: Any, path: str, what: str) -> None:
        size = value if what == "value" else len(value)
        for message, satisfied in _judged_size(shape, size, what).items():
            if not satisfied:
                self._find(_shown(value), path, message)

    def _find(self, value: str | None, path: str, constraint: str, *, quoted: bool = True) -> None:
        shown = "" if value is None else f" '{value}'" if quoted else f" {value}"
        self.findings.append(f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}")


def _judged(shape: Any, value: Any, path: str) -> dict[str, bool]:
    """Return what is asked of a string, and whether it is so."""
    text = _typed(value, str, path, "a String")
    limits = shape.metadata
    judged = _judged_size(shape, len(text), "length")
    if "pattern" in limits:
        pattern = limits["pattern"]
        fits = compiled(pattern).fullmatch(text) is not None
        judged[f"Member must satisfy regular expression pattern: {pattern}"] = fits
    if "enum" in limits:
        names = ", ".join(limits["enum"])
        judged[f"Member must satisfy enum value set: [{names}]"] = text in limits["enum"]
    return judged


def _judged_size(shape: Any, size: float, what: str) -> dict[str, bool]:
    """Return what is asked of a number or a length, and whether it is so."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    judged = {}
    if high is not None:
        judged[f"Member must have {what} less than or equal to {high}"] = size <= high
    if low is not None:
        judged[f"Member must have {what} greater than or equal to {low}"] = size >= low
    return judged


def _typed(value: Any, kind: Any, path: str, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise SerializationException(
            f"{type(value).__name__} can not be converted to {wanted} at '{path or '/'}'"
        )
    return value


def _timestamp(value: Any, path: str) -> float:
    """Return seconds since the epoch, from those or from ISO 8601."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError) as error:
        raise SerializationException(f"'{value}' at '{path}' is not a timestamp") from error


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shown(value: Any) -> str:
    """Return a value as AWS's servers (Java) print it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={entry}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(entry) for entry in value) + "]"
    return str(value)
