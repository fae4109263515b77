"""Checks a request against botocore's model of it, with what botocore itself leaves to AWS.

botocore checks types, required members and least lengths. AWS refuses more: text that is too long,
numbers out of range, values that are no member of an enumeration, text that no pattern matches.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape
from botocore.validate import ParamValidator

_SESSION = botocore.session.get_session()


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    return _SESSION.get_service_model(service).operation_model(operation)


def faults(service: str, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """Say what AWS would find wrong with a request; nothing where it is well formed."""
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return [f"{operation} takes no parameters"] if parameters else []
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        return [f"{operation}: {report.generate_report()}"]
    return list(_violations(parameters, shape, operation))


def _violations(value: Any, shape: Shape, where: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            for name, member in value.items():
                if member is None or name not in shape.members:
                    yield f"{where}.{name} is {'empty' if name in shape.members else 'unknown'}"
                else:
                    yield from _violations(member, shape.members[name], f"{where}.{name}")
        case "list":
            yield from _out_of_bounds(len(value), shape, where)
            for index, member in enumerate(value):
                yield from _violations(member, shape.member, f"{where}[{index}]")
        case "map":
            yield from _out_of_bounds(len(value), shape, where)
            for name, member in value.items():
                yield from _violations(name, shape.key, f"{where} key")
                yield from _violations(member, shape.value, f"{where}.{name}")
        case "string":
            yield from _text_violations(value, shape, where)
        case "integer" | "long" | "float" | "double":
            yield from _out_of_bounds(value, shape, where)


def _text_violations(value: str, shape: Shape, where: str) -> Iterator[str]:
    yield from _out_of_bounds(len(value), shape, where)
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"{where}: {value!r} is not {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{where}: {value!r} is none of {', '.join(shape.enum)}"


def _out_of_bounds(number: float, shape: Shape, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and number < least) or (most is not None and number > most):
        yield f"{where}: {number} is not between {least} and {most}"


def _matches(pattern: str, value: str) -> bool:
    """AWS writes patterns for Java; what Python cannot read is not checked."""
    java = pattern.replace(r"\p{L}", r"\w").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d")
    java = java.replace(r"\p{M}", "").replace(r"\p{S}", r"^\w\s").replace(r"\p{P}", r"^\w\s")
    try:
        return re.fullmatch(java, value, re.DOTALL) is not None
    except re.error:
        return True
