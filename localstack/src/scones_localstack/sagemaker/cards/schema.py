"""SageMaker's model card JSON schema, as far as it says which members there are and of which type.

Source: docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

type Check = Callable[[Any, str], Iterator[str]]
"""A value and where it is in; what is wrong with it out."""

RISKS = ("High", "Medium", "Low", "Unknown")
GOALS = ("Maximize", "Minimize")
MATRIX_SIDE = 20


def faults_in(content: str) -> list[str]:
    """Return what is wrong with a card's content; nothing where it is as the schema has it."""
    try:
        card = json.loads(content)
    except ValueError as error:
        return [f"it is not JSON: {error}"]
    return list(_CARD(card, ""))


def _text(longest: int) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{where} must be a string"
        elif len(value) > longest:
            yield f"{where} must have at most {longest} characters"

    return check


def _choice(*words: str) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if value not in words:
            yield f"{where} must be one of {', '.join(words)}"

    return check


def _number(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{where} must be a number"


def _boolean(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{where} must be true or false"


def _list(item: Check, most: int | None = None, least: int = 0) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where} must be a list"
        elif len(value) < least or (most is not None and len(value) > most):
            yield f"{where} must have {least} to {most or 'any number of'} items"
        else:
            for number, entry in enumerate(value):
                yield from item(entry, f"{where}[{number}]")

    return check


def _object(members: Mapping[str, Check], required: tuple[str, ...] = ()) -> Check:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where or 'the card'} must be an object"
            return
        start = f"{where}." if where else ""
        yield from (f"{start}{name} is missing" for name in required if name not in value)
        for name, found in value.items():
            if name in members:
                yield from members[name](found, start + name)
            else:
                yield f"{start}{name} is not a member"

    return check


def _map(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} must be an object"
        return
    for name, found in value.items():
        yield from _text(1024)(found, f"{where}.{name}")


_AXIS, _AXES = _text(63), _list(_text(63))
_METRIC_VALUES: dict[
    str, tuple[Check, Check, Check]
] = {  # by type: value, x_axis_name, y_axis_name
    "number": (_number, _AXIS, _AXIS),
    "string": (_text(63), _AXIS, _AXIS),
    "boolean": (_boolean, _AXIS, _AXIS),
    "linear_graph": (_list(_list(_number, 2, 2), least=1), _AXIS, _AXIS),
    "bar_chart": (_list(_number, least=1), _AXES, _AXIS),
    "matrix": (_list(_list(_number, MATRIX_SIDE, 1), MATRIX_SIDE, 1), _AXES, _AXES),
}


def _metric(value: Any, where: str) -> Iterator[str]:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _METRIC_VALUES:
        yield f"{where}.type must be one of {', '.join(_METRIC_VALUES)}"
        return
    of_value, of_x, of_y = _METRIC_VALUES[kind]
    members = {
        "name": _text(255),
        "notes": _text(1024),
        "type": _text(63),
        "value": of_value,
        "x_axis_name": of_x,
        "y_axis_name": of_y,
    }
    yield from _object(members, ("name", "type", "value"))(value, where)


_IMAGES = _object({"container_image": _list(_text(1024), 15)})
_TRAINING_METRICS = _list(
    _object({"name": _text(255), "notes": _text(1024), "value": _number}, ("name", "value")), 50
)
_HYPER_PARAMETERS = _list(
    _object({"name": _text(255), "value": _text(255)}, ("name", "value")), 100
)
_TRAINING_JOB = _object(
    {
        "training_arn": _text(1024),
        "training_datasets": _list(_text(1024), 15),
        "training_environment": _IMAGES,
        "training_metrics": _TRAINING_METRICS,
        "user_provided_training_metrics": _TRAINING_METRICS,
        "hyper_parameters": _HYPER_PARAMETERS,
        "user_provided_hyper_parameters": _HYPER_PARAMETERS,
    }
)
_GROUP = _object({"name": _text(63), "metric_data": _list(_metric)}, ("name", "metric_data"))
_EVALUATION = _object(
    {
        "name": _text(63),
        "evaluation_observation": _text(2096),
        "evaluation_job_arn": _text(256),
        "datasets": _list(_text(1024), 10),
        "metadata": _map,
        "metric_groups": _list(_GROUP),
    },
    ("name",),
)
_GOAL = _object({"function": _choice(*GOALS), "facet": _text(63), "condition": _text(63)})
_CARD = _object(
    {
        "model_overview": _object(
            {
                "model_id": _text(1024),
                "model_name": _text(1024),
                "model_description": _text(1024),
                "model_version": _number,
                "problem_type": _text(1024),
                "algorithm_type": _text(1024),
                "model_creator": _text(1024),
                "model_owner": _text(1024),
                "model_artifact": _list(_text(1024), 15),
                "inference_environment": _IMAGES,
            }
        ),
        "intended_uses": _object(
            {
                "purpose_of_model": _text(2048),
                "intended_uses": _text(2048),
                "factors_affecting_model_efficiency": _text(2048),
                "risk_rating": _choice(*RISKS),
                "explanations_for_risk_rating": _text(2048),
            }
        ),
        "business_details": _object(
            {
                "business_problem": _text(2048),
                "business_stakeholders": _text(2048),
                "line_of_business": _text(2048),
            }
        ),
        "training_details": _object(
            {
                "objective_function": _object({"function": _GOAL, "notes": _text(1024)}),
                "training_observations": _text(1024),
                "training_job_details": _TRAINING_JOB,
            }
        ),
        "evaluation_details": _list(_EVALUATION),
        "additional_information": _object(
            {
                "ethical_considerations": _text(2048),
                "caveats_and_recommendations": _text(2048),
                "custom_details": _map,
            }
        ),
        # Which model package a card is of; nothing here reads it.
        "model_package_details": lambda value, where: iter(()),
    }
)
