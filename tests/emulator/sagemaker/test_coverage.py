"""The published table of operations and members: true to the code, and of today."""

import ast
import re
from pathlib import Path

import pytest

from scones_localstack import sagemaker
from scones_localstack.sagemaker import coverage
from scones_localstack.sagemaker.front import model
from tests.emulator.sagemaker.from_model import paths

SOURCE = Path(sagemaker.__file__).parent
PAGE = "docs/reference/sagemaker.md"


def test_the_page_is_of_today():
    _, mark, shown = (Path(__file__).parents[3] / PAGE).read_text().partition(coverage.BEGIN)

    assert mark
    assert shown.strip() == coverage.page().strip(), (
        f"renew it: .tox/emulator/bin/python -m {coverage.__name__} {PAGE}"
    )


# What the code puts before a name that several families share.
FAMILIES = "Training", "Transform", "Processing", "DataQuality", "ModelQuality"


def words_of_the_code() -> set[str]:
    """Every word that the service's code has in a text, outside the tables themselves."""
    texts = [
        node.value
        for path in SOURCE.rglob("*.py")
        if path.name not in ("fields.py", "coverage.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return set(re.findall(r"\w+", " ".join(texts)))


WORDS = words_of_the_code()


@pytest.mark.parametrize("operation", coverage.operations())
def test_what_the_code_never_names_is_in_a_table(operation):
    """A member that is honoured is named somewhere in the code; AWS's new ones are not."""
    others = {field.path for field in coverage.fields() if field.operation == operation}
    for path in paths(coverage.shape_of(operation)):
        above = {".".join(path[:depth]) for depth in range(1, len(path) + 1)}
        names = {path[-1], *(path[-1].removeprefix(family) for family in FAMILIES)}
        assert names & WORDS or above & others, f"{'.'.join(path)} is in no FIELDS"


@pytest.mark.parametrize(
    "field", coverage.fields(), ids=lambda field: f"{field.operation}.{field.path}"
)
def test_a_table_names_what_there_is(field):
    assert field.operation in coverage.operations()
    assert field.path.split(".") in list(paths(coverage.shape_of(field.operation)))


def test_every_operation_of_aws_is_on_the_page_or_counted():
    text = coverage.page()
    left = re.search(r"(\d+) more", text)

    assert left
    names = set(model.service_model(model.CONTROL_PLANE).operation_names)
    shown = names.intersection(re.findall(r"\w+", text))
    assert len(shown) + int(left.group(1)) == len(names)
