"""Requests made from botocore's model of AWS: the smallest valid one, and each way to break it.

The smallest request has the required members alone, each with a value that its shape allows. A
`Breach` is such a request with one rule broken somewhere, at any depth, and what AWS says of it.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import hypothesis
import regex
from hypothesis import strategies

from scones_localstack.sagemaker.front.patterns import compiled

# Some form or other that a pattern asks for. What fits none of them is found by hypothesis.
_ACCOUNT = "us-east-1:000000000000"
_TEXTS = (
    "a",
    "a" * 20,
    "a/b",
    "fs-00000000",
    "s3://bucket/key",
    "arn:aws:iam::000000000000:role/test",
    f"arn:aws:sagemaker:{_ACCOUNT}:model/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:hub-content/hub/DataSet/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:hub-content/hub/Model/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:mlflow-a/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:model-package-group/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:model-package/a",
    f"arn:aws:sagemaker:{_ACCOUNT}:training-plan/a",
    f"arn:aws:sns:{_ACCOUNT}:topic",
    f"arn:aws:lambda:{_ACCOUNT}:function:f",
)
# Each breaks some pattern. None breaks `[\s\S]*`, which nothing can.
_ODD_TEXTS = ("", "\n", "!", " ", "\x7f", "x/")
_NO_SUCH = "no-such-value"


class Breach(NamedTuple):
    """A value that AWS refuses.

    Attributes:
        value: the request, or a part of it.
        findings: what is said of it, each from ` at '<path>' failed` on.
    """

    value: Any
    findings: tuple[str, ...]


def smallest(shape: Any) -> Any:
    """Return a valid value."""
    if shape.type_name == "structure":
        return {name: smallest(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [smallest(shape.member)] * max(1, shape.metadata.get("min", 0))
    if shape.type_name == "map":
        return {smallest(shape.key): smallest(shape.value)}
    if shape.type_name == "string":
        return _text(shape)
    plain = {"boolean": True, "timestamp": 0, "blob": b"x"}
    return plain.get(shape.type_name, shape.metadata.get("min", 1))


def within(shape: Any, path: list[str]) -> Any:
    """Return the smallest value that has something at a path of member names."""
    if shape.type_name == "list":
        return [within(shape.member, path)]
    if path:
        return smallest(shape) | {path[0]: within(shape.members[path[0]], path[1:])}
    value = smallest(shape)
    if value == {} and shape.type_name == "structure" and shape.members:
        name, member = next(iter(shape.members.items()))
        return {name: smallest(member)}
    return value


def paths(shape: Any) -> Iterator[list[str]]:
    """Yield the path of every member of a shape, at any depth."""
    shape = shape.member if shape.type_name == "list" else shape
    for name, member in getattr(shape, "members", {}).items():
        yield [name]
        for path in paths(member):
            yield [name, *path]


def merged(one: Any, other: Any) -> Any:
    """Return what is in either; where both have a plain value, the other's."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {name: merged(one[name], other[name]) for name in one.keys() & other.keys()}
        return one | other | both
    if isinstance(one, list) and isinstance(other, list) and one and other:
        return [merged(one[0], other[0]), *other[1:]]
    return other


def filled(value: Any, given: dict[str, Any]) -> Any:
    """Return a request with the members named there given those values, at any depth."""
    if isinstance(value, list):
        return [filled(entry, given) for entry in value]
    if isinstance(value, dict):
        return {name: given.get(name, filled(value[name], given)) for name in value}
    return value


def breaches(shape: Any, path: str = "") -> Iterator[Breach]:
    """Yield every way to break a rule of a shape or of what is in it, one at a time."""
    if shape.type_name == "structure":
        yield from _structure(shape, path)
    elif shape.type_name == "list":
        yield from _list(shape, path)
    elif shape.type_name == "map":
        yield from _map(shape, path)
    elif shape.type_name == "string":
        for text in _bad_texts(shape):
            said = [rule for rule, kept in _rules(shape, text).items() if not kept]
            yield Breach(
                text, tuple(f" at '{path}' failed to satisfy constraint: {s}" for s in said)
            )
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _bounds(shape, path, "value", lambda number: number)


def _structure(shape: Any, path: str) -> Iterator[Breach]:
    valid = smallest(shape)
    for name, member in shape.members.items():
        where = f"{path}.{name[0].lower()}{name[1:]}".removeprefix(".")
        if name in shape.required_members:
            less = {each: value for each, value in valid.items() if each != name}
            rule = "Member must not be null"
            yield Breach(less, (f" null at '{where}' failed to satisfy constraint: {rule}",))
        for breach in breaches(member, where):
            yield Breach(valid | {name: breach.value}, breach.findings)


def _list(shape: Any, path: str) -> Iterator[Breach]:
    entry = smallest(shape.member)
    yield from _bounds(shape, path, "length", lambda size: [entry] * size)
    rest = [entry] * (shape.metadata.get("min", 1) - 1)
    if shape.member.type_name == "string":
        for text in _bad_texts(shape.member):
            yield Breach([text, *rest], (_of_each(shape.member, text, path, "Member"),))
    else:
        for breach in breaches(shape.member, f"{path}.1.member"):
            yield Breach([breach.value, *rest], breach.findings)


def _map(shape: Any, path: str) -> Iterator[Breach]:
    key, value = smallest(shape.key), smallest(shape.value)
    yield from _bounds(shape, path, "length", lambda size: {f"k{n}": value for n in range(size)})
    for text in _bad_texts(shape.key):
        yield Breach({text: value}, (_of_each(shape.key, text, path, "Map keys"),))
    for text in _bad_texts(shape.value):
        yield Breach({key: text}, (_of_each(shape.value, text, path, "Map value"),))


def _bounds(shape: Any, path: str, what: str, make: Any) -> Iterator[Breach]:
    """Yield one below the least and one above the most of a number, or of a length."""
    start = f" at '{path}' failed to satisfy constraint: Member must have {what}"
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and (what == "value" or low > 0):
        yield Breach(make(low - 1), (f"{start} greater than or equal to {low}",))
    if high is not None:
        yield Breach(make(high + 1), (f"{start} less than or equal to {high}",))


def _of_each(shape: Any, text: str, path: str, what: str) -> str:
    rules = ", ".join(_rules(shape, text))
    return f" at '{path}' failed to satisfy constraint: {what} must satisfy constraint: [{rules}]"


def _rules(shape: Any, text: str) -> dict[str, bool]:
    """Return what is asked of a text, in AWS's words, and whether it is so."""
    limits, rules = shape.metadata, {}
    if "max" in limits:
        rule = f"Member must have length less than or equal to {limits['max']}"
        rules[rule] = len(text) <= limits["max"]
    if "min" in limits:
        rule = f"Member must have length greater than or equal to {limits['min']}"
        rules[rule] = len(text) >= limits["min"]
    if "pattern" in limits:
        rule = f"Member must satisfy regular expression pattern: {limits['pattern']}"
        rules[rule] = _engine(limits["pattern"]).fullmatch(text) is not None
    if "enum" in limits:
        rule = f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
        rules[rule] = text in limits["enum"]
    return rules


def _bad_texts(shape: Any) -> Iterator[str]:
    """Yield a text that is too long, one too short, one of a wrong form, and one of no value."""
    limits = shape.metadata
    candidates = ["a" * (limits["max"] + 1)] if "max" in limits else []
    candidates += ["a" * (limits["min"] - 1)] if limits.get("min") else []
    if "pattern" in limits:
        fits = _engine(limits["pattern"]).fullmatch
        candidates += [text for text in _ODD_TEXTS if not fits(text)][:2]
    candidates += [_NO_SUCH] if "enum" in limits else []
    for text in dict.fromkeys(candidates):
        if not all(_rules(shape, text).values()):
            yield text


def _text(shape: Any) -> str:
    limits = shape.metadata
    if "enum" in limits:
        return str(limits["enum"][0])
    return _matching(limits.get("pattern", ".*"), limits.get("min", 0), limits.get("max", 64))


@cache
def _matching(pattern: str, least: int, most: int) -> str:
    """Return a text that fits."""
    for text in _TEXTS:
        if least <= len(text) <= most and _engine(pattern).fullmatch(text):
            return text
    texts = strategies.from_regex(compiled(pattern), fullmatch=True)
    settings = hypothesis.settings(derandomize=True, database=None, max_examples=500)
    return hypothesis.find(texts, lambda text: least <= len(text) <= most, settings=settings)


@cache
def _engine(pattern: str) -> Any:
    """Return a pattern in another engine than the service's, one that knows \\p{L} by itself."""
    pair = r"\uD800\uDC00-\uDBFF\uDFFF"
    return regex.compile(pattern.replace(pair, r"\U00010000-\U0010FFFF"))
