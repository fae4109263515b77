"""Tests in this folder see the running stack."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.import_plugin("tests.scones.stack_fixtures.fixtures")
