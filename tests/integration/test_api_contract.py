"""api/openapi.json against the running API: schemathesis makes requests of every operation."""

import io
import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, CheckFunction, load_all_checks

from .api_system import System, system
from .conftest import ROOT

__all__ = ["system"]
EXAMPLES = 15
OPERATIONS = [
    ("POST", "/detect"),
    ("POST", "/classify"),
    ("POST", "/uploads"),
    ("GET", "/results/{id}"),
]


@st.composite
def photos(draw: st.DrawFn, kind: str) -> bytes:
    """A real photo of any size and colour, red and blue ones among them."""
    size = (draw(st.integers(1, 300)), draw(st.integers(1, 300)))
    mode, colour = draw(
        st.sampled_from([("RGB", "red"), ("RGB", "blue"), ("L", 128), ("RGB", "white")])
    )
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind)
    return buffer.getvalue()


schemathesis.openapi.media_type("image/png", photos("PNG"))
schemathesis.openapi.media_type("image/jpeg", photos("JPEG"))


@pytest.fixture(scope="session")
def described(system: System) -> Any:
    """The document, pointed at the running API."""
    text = (ROOT / "api" / "openapi.json").read_text()
    document = json.loads(text.replace("${title}", "tested").replace("${answer_request}", "-"))
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(
        base_url=system.outputs["api_url"], headers={"x-api-key": system.key}, request_timeout=60.0
    )
    return schema


def left_out() -> list[CheckFunction]:
    """What API Gateway does otherwise than the check expects, by its own design."""
    load_all_checks()
    # Another method is another path there: 403 "Missing Authentication Token", no 405.
    return [CHECKS.get_one("unsupported_method")]


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *((*operation, GenerationMode.POSITIVE) for operation in OPERATIONS),
        ("POST", "/detect", GenerationMode.NEGATIVE),  # the others take any bytes, or any text
        ("POST", "/uploads", GenerationMode.NEGATIVE),
    ],
)
def test_every_answer_is_one_that_the_document_describes(
    described: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = described[path][method]
    statuses: set[int] = set()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: schemathesis.Case) -> None:
        statuses.add(case.call_and_validate(excluded_checks=left_out()).status_code)

    answers()
    assert statuses
    if mode is GenerationMode.POSITIVE:
        assert statuses & {200, 201, 404}, statuses


def test_the_operations_are_those_that_are_tested(described: Any) -> None:
    found = {result.ok().path for result in described.get_all_operations()}
    assert found == {path for _, path in OPERATIONS}
