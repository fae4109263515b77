"""The REST API's document: whole, consistent, and with examples that fit its own schemas."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

DOCUMENT = json.loads((Path(__file__).parents[2] / "api" / "openapi.json").read_text())
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Yield where, the schema and the example of each request and answer."""
    for name, operation in OPERATIONS.items():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for part, body in bodies.items():
            for content_type, content in body.get("content", {}).items():
                if "example" in content:
                    yield f"{name} {part} {content_type}", content["schema"], content["example"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_wants_the_key_and_is_answered_by_the_function(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["security"] == [{"api_key": []}]
    integration = operation["x-amazon-apigateway-integration"]
    assert integration["uri"] == "${answer_request}"
    assert integration["type"] == "aws_proxy"
    assert integration["timeoutInMillis"] <= 29_000
    validators = DOCUMENT["x-amazon-apigateway-request-validators"]
    assert operation["x-amazon-apigateway-request-validator"] in validators


@pytest.mark.parametrize(
    ("where", "schema", "example"), list(examples()), ids=lambda v: str(v)[:60]
)
def test_an_example_fits_its_schema(where: str, schema: dict[str, Any], example: Any) -> None:
    checker = Draft202012Validator({"allOf": [schema], "components": DOCUMENT["components"]})
    assert [error.message for error in checker.iter_errors(example)] == [], where


def test_every_picture_type_is_binary() -> None:
    used = {
        content_type
        for operation in OPERATIONS.values()
        for body in (operation.get("requestBody", {}), operation["responses"].get("200", {}))
        for content_type in body.get("content", {})
        if content_type.startswith("image/")
    }
    assert used == {"image/png", "image/jpeg"}
    assert used <= set(DOCUMENT["x-amazon-apigateway-binary-media-types"])
