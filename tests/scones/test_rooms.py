"""The three distributions meet at AWS's interfaces only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "scones": ROOT / "src" / "scones",
    "scones_localstack": ROOT / "localstack" / "src" / "scones_localstack",
    "scones_algorithms": ROOT / "docker" / "src" / "scones_algorithms",
}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_distribution_imports_neither_of_the_others(room: str) -> None:
    modules = list(ROOMS[room].rglob("*.py"))
    assert modules
    for module in modules:
        strangers = imported(module) & (set(ROOMS) - {room})
        assert not strangers, f"{module} imports {strangers}"


def test_lambda_handlers_use_the_standard_library_and_boto3_only() -> None:
    import sys

    allowed = set(sys.stdlib_module_names) | {"boto3", "botocore"}
    for module in (ROOMS["scones"] / "lambdas").glob("*.py"):
        assert imported(module) <= allowed, f"{module} must be self-contained"
    with_layer = allowed | {"PIL"}
    for module in (ROOMS["scones"] / "lambdas" / "detection").glob("*.py"):
        assert imported(module) <= with_layer, f"{module} needs more than its layer"


def test_only_the_seam_and_the_handlers_make_boto3_clients() -> None:
    seam = {ROOMS["scones"] / "aws.py", *(ROOMS["scones"] / "lambdas").rglob("*.py")}
    for module in set(ROOMS["scones"].rglob("*.py")) - seam:
        assert "boto3" not in imported(module), f"{module} must take its clients as arguments"
