"""No code asks for a profile's name: what differs between targets is a value of the profile."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import scones
from scones.profiles import PROFILES

ROOT = Path(scones.__file__).parent
# Where a profile's name is given, not asked for, or where the word means something else.
ALLOWED = {
    "profiles.py": "the table of profiles",
    "sagemaker_sdk/target.py": "`local` is the SDK's own word for its local mode",
    "sagemaker_sdk/local_mode.py": "the same",
    "sagemaker_sdk/container.py": "the same",
}


def questions(source: str) -> Iterator[int]:
    """The lines on which a value is compared with, or looked up by, a profile's name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare():
                asked = [node.left, *node.comparators]
            case ast.MatchValue():
                asked = [node.value]
            case ast.Subscript():
                asked = [node.slice]
            case ast.Dict():
                asked = [key for key in node.keys if key is not None]
            case ast.Call(func=ast.Attribute(attr="get" | "startswith" | "endswith")):
                asked = node.args
            case _:
                continue
        if any(_is_profile_name(part) for value in asked for part in ast.walk(value)):
            yield node.lineno


def _is_profile_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in PROFILES


def test_no_code_asks_for_the_profiles_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        if str(path.relative_to(ROOT)) not in ALLOWED
        for line in questions(path.read_text())
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        'if settings.profile == "aws": pass',
        'if "local" != target.name: pass',
        'if target.name in ("local", "docker"): pass',
        'match settings.profile:\n    case "docker": pass',
        'ports = {"local": 1, "aws": 2}[target.name]',
        'waits.get("aws")',
    ],
)
def test_code_that_asks_is_found(source: str) -> None:
    assert list(questions(source))
