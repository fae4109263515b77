"""Hyperparameters declared as data, and read so that every problem is found in one pass.

A table of `Hyperparameter` says for each name what it may be, what it is when left out, and
whether this version acts on it. `read` takes the strings of hyperparameters.json through it.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

SAGEMAKER_OWN_PREFIX = "_"  # _tuning_objective_metric and its like come from SageMaker itself


@dataclass(frozen=True)
class Kind:
    """What a value may be.

    Attributes:
        wording: completes the sentence "must be ...".
        parse: text to value; raises ValueError where the text is not of this kind.
    """

    wording: str
    parse: Callable[[str], Any]


@dataclass(frozen=True)
class Hyperparameter:
    """One row of an algorithm's table.

    Attributes:
        name: as given in CreateTrainingJob.
        kind: what its value may be.
        default: value where it is not given; None leaves the choice to the recipe.
        required: True where a job cannot do without.
        honoured: False where this version knows it but cannot act on it; then any value but the
            default is refused, never ignored.
        note: what a reader of the documentation should know.
    """

    name: str
    kind: Kind
    default: Any = None
    required: bool = False
    honoured: bool = True
    note: str = ""


def read(
    table: Sequence[Hyperparameter], given: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Take a job's strings through a table.

    Args:
        table: the algorithm's hyperparameters.
        given: names and values of hyperparameters.json.

    Returns:
        The value of every hyperparameter that is valid, and one sentence per problem.
    """
    values: dict[str, Any] = {}
    problems = [
        _unknown(name, table) for name in _customer_names(given) if name not in _names(table)
    ]
    for parameter in table:
        text = given.get(parameter.name)
        try:
            values[parameter.name] = _value(parameter, text)
        except ValueError as error:
            problems.append(str(error))
    return values, problems


def _value(parameter: Hyperparameter, text: str | None) -> Any:
    if text is None:
        if parameter.required:
            raise ValueError(f"{parameter.name} is required: give {parameter.kind.wording}")
        return parameter.default
    try:
        value = parameter.kind.parse(text.strip())
    except ValueError:
        wording = parameter.kind.wording
        raise ValueError(f"{parameter.name}={text!r} must be {wording}") from None
    if not parameter.honoured and value != parameter.default:
        raise ValueError(f"{parameter.name}={text!r} is not supported yet: leave it out")
    return value


def _unknown(name: str, table: Sequence[Hyperparameter]) -> str:
    near = get_close_matches(name, _names(table), n=1)
    return f"{name} is unknown" + (f": did you mean {near[0]}?" if near else "")


def _names(table: Sequence[Hyperparameter]) -> list[str]:
    return [parameter.name for parameter in table]


def _customer_names(given: Mapping[str, str]) -> list[str]:
    return sorted(name for name in given if not name.startswith(SAGEMAKER_OWN_PREFIX))


def integer(low: int) -> Kind:
    """Whole numbers of at least `low`."""

    def parse(text: str) -> int:
        value = int(text)
        if value < low:
            raise ValueError(text)
        return value

    return Kind(f"a whole number of at least {low}", parse)


def number(low: float, high: float, *, above: bool = False) -> Kind:
    """Numbers from `low` to `high`; `above` leaves out `low` itself."""

    def parse(text: str) -> float:
        value = float(text)
        if not math.isfinite(value) or not low <= value <= high or (above and value == low):
            raise ValueError(text)
        return value

    start = f"above {low:g}" if above else f"from {low:g}"
    return Kind(f"a number {start} to {high:g}", parse)


def choice(*names: str) -> Kind:
    """One of the words `names`."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return Kind("one of " + ", ".join(names), parse)


def choice_of_integers(*values: int) -> Kind:
    """One of the whole numbers `values`."""

    def parse(text: str) -> int:
        if int(text) not in values:
            raise ValueError(text)
        return int(text)

    return Kind("one of " + ", ".join(str(value) for value in values), parse)


def flag() -> Kind:
    """0 or 1."""
    return Kind("0 or 1", lambda text: bool(["0", "1"].index(text)))


def boolean() -> Kind:
    """True or False, in any case, or 1 or 0."""
    words = {"true": True, "false": False, "1": True, "0": False}

    def parse(text: str) -> bool:
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]

    return Kind("True or False", parse)


def rising_integers(low: int) -> Kind:
    """Whole numbers of at least `low`, separated by commas, each above the one before."""

    def parse(text: str) -> tuple[int, ...]:
        values = tuple(int(part) for part in text.split(","))
        if values[0] < low or any(b <= a for a, b in itertools.pairwise(values)):
            raise ValueError(text)
        return values

    return Kind('rising whole numbers separated by commas, as "10,20"', parse)


def image_shape(channels: int) -> Kind:
    """Channels, height and width of an image, separated by commas."""

    def parse(text: str) -> tuple[int, int, int]:
        depth, height, width = (int(part) for part in text.split(","))
        if depth != channels or min(height, width) < 1:
            raise ValueError(text)
        return depth, height, width

    return Kind(f'"{channels},height,width", as "{channels},32,32"', parse)
