"""The CloudFormation template as plain data, and the names in it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scones.deploy.settings import DeploySettings
from scones.errors import DeployError

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
BODY_LIMIT_BYTES = 51_200
"""The largest template that goes along in a request; a larger one is read from S3."""
LIMIT_BYTES = 1_048_576
"""The largest template."""

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
    if len(text.encode()) > LIMIT_BYTES:
        raise DeployError(f"{path} is larger than the {LIMIT_BYTES:,} bytes of a template")
    return text, document


def declared(document: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of those parameters that a template has."""
    return {name: values[name] for name in document.get("Parameters", {}) if name in values}


def substitution_names(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names that the template substitutes in state machine definitions."""
    return frozenset(
        name
        for resource in document["Resources"].values()
        for name in resource.get("Properties", {}).get("DefinitionSubstitutions", {})
    )


def template_paths(settings: DeploySettings) -> list[Path]:
    """Return the templates of what is deployed, in the order in which it is."""
    operations = [settings.operations_template_path] if settings.operations else []
    return [settings.template_path, *operations]


def all_substitutions(settings: DeploySettings) -> frozenset[str]:
    """Return the names that any of the templates substitutes."""
    paths = (settings.template_path, settings.operations_template_path)
    return frozenset().union(*(substitution_names(read_template(path)[1]) for path in paths))


def wanted(document: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return the resources that a template makes of these parameters, by their logical ids.

    Args:
        document: The template.
        values: Parameters by name; one that is not given has its default.
    """
    declared_values = {
        name: str(parameter["Default"])
        for name, parameter in document.get("Parameters", {}).items()
        if "Default" in parameter
    } | dict(values)
    conditions = document.get("Conditions", {})
    return {
        logical_id: resource
        for logical_id, resource in document["Resources"].items()
        if "Condition" not in resource or _holds(conditions[resource["Condition"]], declared_values)
    }


def _holds(condition: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Return whether a condition holds, of the forms that the templates have."""
    match condition:
        case {"Fn::Not": [inner]}:
            return not _holds(inner, values)
        case {"Fn::Equals": [left, right]}:
            return evaluate(left, values) == evaluate(right, values)
    raise DeployError(
        f"scones does not read the condition {condition}: write it with Equals and Not"
    )


def evaluate(expression: Any, values: Mapping[str, str]) -> str:
    """Return the text of a name's expression; what only AWS can know stays as ${Name}.

    Args:
        expression: A plain value, a Ref or a Fn::Sub.
        values: Parameters and pseudo parameters by name.
    """
    match expression:
        case {"Ref": str(name)}:
            return values.get(name, f"${{{name}}}")
        case {"Fn::Sub": str(pattern)}:
            return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), pattern)
        case _:
            return str(expression)
