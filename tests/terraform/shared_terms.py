"""Terms in which both routes describe a system: a thing's name, its properties as plain values.

`bucket scones-test-data-...: {"encryption": "AES256", ...}`. A role goes by its policy's name,
since CloudFormation and Terraform each make up the role's own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"


class System:
    """What there is, by name."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}

    def add(self, name: str, properties: Mapping[str, Any]) -> None:
        """Add a thing, or properties to one; what is known of it already must be the same."""
        known = self.things.setdefault(name, {})
        for key, value in properties.items():
            assert known.setdefault(key, value) == value, f"two kinds of {name}: {key}"

    def differences(self, other: "System") -> Iterator[str]:
        """Yield in what another system differs, each as one line: thing, property, difference."""
        for name in sorted(self.things.keys() | other.things.keys()):
            mine, theirs = self.things.get(name), other.things.get(name)
            if mine is None or theirs is None:
                yield f"{name}: only {'Terraform' if mine is None else 'CloudFormation'}"
                continue
            for key in sorted(mine.keys() | theirs.keys()):
                yield from _differences(f"{name}: {key}", mine.get(key), theirs.get(key))


def _differences(where: str, mine: Any, theirs: Any) -> Iterator[str]:
    if isinstance(mine, set) and isinstance(theirs, set):
        yield from (f"{where}: only CloudFormation: {entry}" for entry in sorted(mine - theirs))
        yield from (f"{where}: only Terraform: {entry}" for entry in sorted(theirs - mine))
    elif mine != theirs:
        yield f"{where}: CloudFormation {mine}, Terraform {theirs}"


def role(policy_name: str) -> str:
    """Return the name by which a role goes here."""
    return f"role {policy_name}"


def statements(document: Any) -> set[str]:
    """Return a policy's statements, each as one line; the order of lists means nothing."""
    found = json.loads(document) if isinstance(document, str) else document
    assert found["Version"] == "2012-10-17"
    return {json.dumps(_plain(statement), sort_keys=True) for statement in found["Statement"]}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        entries = sorted(map(str, value))
        return entries[0] if len(entries) == 1 else entries
    return value


def api_document(text: str) -> Any:
    """Return an API's document; its function goes by nothing, as the stand-in makes up its URI."""
    return json.loads(re.sub(r'"uri": *"[^"]*"', '"uri": ""', text))
