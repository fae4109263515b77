"""Models and endpoint configurations as they are asked for, under names that tell them apart.

SageMaker changes neither. What is there under a name and is as asked is kept; what is asked for
otherwise, because a setting was changed since, gets the name and a digest of what it is.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

NAME_LIMIT = 63
_DIGEST_LENGTH = 8
# Asked for or not, these have to be the same; any other member may be filled in by SageMaker.
_TELLING = ("VpcConfig",)


def model(sagemaker: Any, name: str, asked: Mapping[str, Any], more: Mapping[str, Any]) -> str:
    """Return the name of a model that is as asked; make it where there is none.

    Args:
        sagemaker: The client.
        name: The name that it is to have if no other model has it.
        asked: CreateModel's parameters by which models differ.
        more: Its other parameters.
    """
    calls = sagemaker.describe_model, sagemaker.create_model
    return _as_asked("ModelName", *calls, name, asked, more)


def configuration(
    sagemaker: Any, name: str, asked: Mapping[str, Any], more: Mapping[str, Any]
) -> str:
    """Do the same for an endpoint configuration."""
    calls = sagemaker.describe_endpoint_config, sagemaker.create_endpoint_config
    return _as_asked("EndpointConfigName", *calls, name, asked, more)


def _as_asked(
    parameter: str,
    describe: Callable[..., Any],
    create: Callable[..., Any],
    name: str,
    asked: Mapping[str, Any],
    more: Mapping[str, Any],
) -> str:
    found = _described(describe, parameter, name)
    if found is not None and not is_as_asked(found, asked):
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        stem = name[: NAME_LIMIT - _DIGEST_LENGTH - 1].rstrip("-")
        name = f"{stem}-{digest[:_DIGEST_LENGTH]}"
        found = _described(describe, parameter, name)
    if found is None:
        create(**{parameter: name}, **asked, **more)
    return name


def is_as_asked(found: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Return whether a description has all that is asked for."""
    same = all(found.get(name) == asked.get(name) for name in _TELLING)
    return same and _has(found, asked)


def _has(found: Any, asked: Any) -> bool:
    match asked:
        case Mapping():
            return all(name in found and _has(found[name], asked[name]) for name in asked)
        case list():
            return len(found) == len(asked) and all(map(_has, found, asked))
    return bool(found == asked)


def _described(describe: Callable[..., Any], parameter: str, name: str) -> Mapping[str, Any] | None:
    try:
        answer: Mapping[str, Any] = describe(**{parameter: name})
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    return answer
