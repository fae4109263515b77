"""State machine definitions, checked by Step Functions itself before anything is changed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones.errors import DeployError

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
_EXAMPLE_ARN = r"arn:aws:lambda:us-east-1:123456789012:function:\1"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault that ValidateStateMachineDefinition found.

    Attributes:
        severity: ERROR or WARNING.
        code: Step Functions' code, such as SCHEMA_VALIDATION_FAILED.
        message: What is wrong.
        location: JSON pointer to it, where known.
    """

    severity: str
    code: str
    message: str
    location: str


def validate_definition(stepfunctions: Any, definition: str) -> list[Diagnostic]:
    """Return what Step Functions finds wrong with a definition; its warnings too.

    Args:
        stepfunctions: The client.
        definition: The text, in which ${Names} of substitutions stand for ARNs and names.
    """
    answer = stepfunctions.validate_state_machine_definition(
        definition=_SUBSTITUTION.sub(_EXAMPLE_ARN, definition), type="STANDARD", severity="WARNING"
    )
    return [
        Diagnostic(found["severity"], found["code"], found["message"], found.get("location", ""))
        for found in answer["diagnostics"]
    ]


def validate_files(stepfunctions: Any, paths: Iterable[Path]) -> dict[Path, list[Diagnostic]]:
    """Return the diagnostics of each definition file, none for a file without a fault.

    Raises:
        DeployError: A file cannot be read.
    """
    found = {}
    for path in paths:
        try:
            definition = path.read_text(encoding="utf-8")
        except OSError as error:
            raise DeployError(f"cannot read the state machine {path}: {error.strerror}") from error
        found[path] = validate_definition(stepfunctions, definition)
    return found


def require_valid(stepfunctions: Any, name: str, definition: str) -> None:
    """Return only if Step Functions accepts a definition.

    Raises:
        DeployError: It finds an error.
    """
    for found in validate_definition(stepfunctions, definition):
        if found.severity == "ERROR":
            where = f" at {found.location}" if found.location else ""
            raise DeployError(f"state machine '{name}' is not valid{where}: {found.message}")
