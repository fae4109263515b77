"""The environment that AWS Lambda would give a handler."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from scones.lambdas import classify_image, filter_confidence, serialize_image

CLASSES = (
    '[{"name": "bicycle", "loading_bay": "A", "order_range": "nearby"},'
    ' {"name": "motorcycle", "loading_bay": "B", "order_range": "far"}]'
)
REQUEST_ID = "8d6a1c5e-6b0e-4c55-9b1c-0d2f6f7a2b11"


@pytest.fixture
def context() -> Any:
    return SimpleNamespace(aws_request_id=REQUEST_ID)


@pytest.fixture(autouse=True)
def lambda_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "THRESHOLD": "0.93",
        "CLASSES": CLASSES,
    }.items():
        monkeypatch.setenv(name, value)
    caches = (serialize_image.s3_client, classify_image.client, filter_confidence.sns_client)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()
