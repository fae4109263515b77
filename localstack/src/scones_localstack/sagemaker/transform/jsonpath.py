"""The part of JSONPath that batch transform's filters know, and no more.

    $   .name   ['name', 'name']   [1, -1]   [1:3]   *

Source: "Supported JSONPath Operators" in the SageMaker developer guide. A slice ends before its
second number, as in the JsonPath library that the guide names and in AWS's examples that drop a
last column with `$[:14]`; one sentence of the guide calls it inclusive.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

ROOT = "$"

type Step = Callable[[Any], Any]

_NAME = re.compile(r"\.(\w[\w-]*)")
_WILDCARD = re.compile(r"\.\*|\[\*\]")
_BRACKET = re.compile(r"\.?\[([^\]]*)\]")
_SLICE = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")
_INDEXES = re.compile(r"\s*-?\d+\s*(,\s*-?\d+\s*)*")
_NAMES = re.compile(r"""\s*(?:'[^']*'|"[^"]*")\s*(,\s*(?:'[^']*'|"[^"]*")\s*)*""")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")


class PathError(Exception):
    """A path is not one of those above, or does not lead anywhere in a record."""


def select(path: str, value: Any) -> Any:
    """Return what a path leads to.

    Several names give an object of them; several indexes, a slice and a wildcard give an array.

    Args:
        path: such as `$.features` or `$[1:]`.
        value: a record as JSON has it; a CSV row is an array.

    Raises:
        PathError: the path is not valid, or the record has no such part.
    """
    for step in compiled(path):
        value = step(value)
    return value


@cache
def compiled(path: str) -> tuple[Step, ...]:
    """Return the steps of a path.

    Raises:
        PathError: it is not valid.
    """
    if not path.startswith(ROOT):
        raise PathError(f"Invalid JsonPath: {path}: it must begin with $")
    steps: list[Step] = []
    position = len(ROOT)
    while position < len(path):
        step, position = _next_step(path, position)
        steps.append(step)
    return tuple(steps)


def _next_step(path: str, position: int) -> tuple[Step, int]:
    if match := _WILDCARD.match(path, position):
        return _all, match.end()
    if match := _NAME.match(path, position):
        return _child(match.group(1)), match.end()
    match = _BRACKET.match(path, position)
    if match is None:
        raise PathError(f"Invalid JsonPath: {path}: unexpected '{path[position:]}'")
    return _bracketed(path, match.group(1)), match.end()


def _bracketed(path: str, content: str) -> Step:
    if _NAMES.fullmatch(content):
        names = [single or double for single, double in _QUOTED.findall(content)]
        return _child(names[0]) if len(names) == 1 else _children(names)
    if match := _SLICE.fullmatch(content):
        return _sliced(slice(*(int(number) if number else None for number in match.groups())))
    if _INDEXES.fullmatch(content):
        indexes = [int(number) for number in content.split(",")]
        return _entry(indexes[0]) if len(indexes) == 1 else _entries(indexes)
    raise PathError(
        f"Invalid JsonPath: {path}: only single range filters of format (eg: [1:5]) are supported. "
        f"Format [{content}] is not supported"
    )


def _all(value: Any) -> Any:
    if isinstance(value, dict):
        return list(value.values())
    return list(_array(value))


def _child(name: str) -> Step:
    def step(value: Any) -> Any:
        if not isinstance(value, dict) or name not in value:
            raise PathError(f"there is no attribute '{name}'")
        return value[name]

    return step


def _children(names: list[str]) -> Step:
    def step(value: Any) -> Any:
        return {name: _child(name)(value) for name in names}

    return step


def _entry(index: int) -> Step:
    def step(value: Any) -> Any:
        entries = _array(value)
        if not -len(entries) <= index < len(entries):
            raise PathError(f"there is no index {index} in {len(entries)} entries")
        return entries[index]

    return step


def _entries(indexes: list[int]) -> Step:
    def step(value: Any) -> Any:
        return [_entry(index)(value) for index in indexes]

    return step


def _sliced(part: slice) -> Step:
    def step(value: Any) -> Any:
        return _array(value)[part]

    return step


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PathError("an index needs an array, and this is none")
    return value
