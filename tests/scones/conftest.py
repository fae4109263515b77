"""The running stack, and a real S3, for the tests that need them; started when one first asks."""

import uuid
from typing import Any

import pytest

from scones.aws import Aws


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.scones.stack_fixtures.fixtures")


@pytest.fixture(scope="session")
def s3(aws: Aws) -> Any:
    """A boto3 S3 client to a LocalStack of this test run's own."""
    return aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket of the test's own."""
    name = f"scones-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name
