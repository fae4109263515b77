"""The CloudFormation template as plain data, and those of its functions that make up names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from scones.errors import DeployError

BODY_LIMIT_BYTES = 51_200  # CreateChangeSet: largest TemplateBody

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")


def _short_form(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
    """Return `!Ref X` and its like in their long form, {"Ref": "X"}."""
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.MappingNode():
            return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.YAMLError(f"!{suffix} stands before something unknown")


_TemplateLoader: Any = type("_TemplateLoader", (yaml.SafeLoader,), {})
_TemplateLoader.add_multi_constructor("!", _short_form)


def read_template(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a template's text and its document.

    Raises:
        DeployError: It is not there, not YAML, too large or has no resources.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DeployError(
            f"cannot read the template {path} ({error.strerror}): deploy from a checkout"
        ) from error
    try:
        document = yaml.load(text, Loader=_TemplateLoader)  # noqa: S506 - it extends SafeLoader
    except yaml.YAMLError as error:
        raise DeployError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise DeployError(f"{path} has no Resources: run cfn-lint on it")
    if len(text.encode()) > BODY_LIMIT_BYTES:
        raise DeployError(f"{path} is larger than the {BODY_LIMIT_BYTES:,} bytes of a template")
    return text, document


def substitution_names(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that the template substitutes in state machine definitions."""
    return frozenset(
        name
        for resource in document["Resources"].values()
        for name in resource.get("Properties", {}).get("DefinitionSubstitutions", {})
    )


class Evaluator:
    """Computes names and conditions from parameters, as far as that needs no AWS."""

    def __init__(self, document: Mapping[str, Any], values: Mapping[str, str]) -> None:
        defaults = {
            name: str(parameter["Default"])
            for name, parameter in document.get("Parameters", {}).items()
            if "Default" in parameter
        }
        self._values = defaults | dict(values)
        self._conditions = document.get("Conditions", {})

    def text(self, expression: Any) -> str:
        """Return an expression's text; what only AWS can know stays as ${Name}."""
        match expression:
            case {"Ref": str(name)}:
                return self._values.get(name, f"${{{name}}}")
            case {"Fn::Sub": str(pattern)}:
                return _PLACEHOLDER.sub(lambda m: self._values.get(m[1], m[0]), pattern)
            case _:
                return str(expression)

    def holds(self, condition: Any) -> bool:
        """Return whether a condition holds.

        Raises:
            DeployError: It uses a function that is not known here.
        """
        match condition:
            case str(name):
                return self.holds(self._conditions[name])
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::Equals": [left, right]}:
                return self.text(left) == self.text(right)
        raise DeployError(f"the template's condition {condition!r} is not understood")
