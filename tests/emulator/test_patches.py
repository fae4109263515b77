"""A patch is applied to what it was written for, and to nothing else."""

import logging
from importlib import import_module

import pytest

from scones_localstack import patches


@pytest.mark.parametrize("name", patches.PATCHES)
def test_a_patch_is_written_for_what_is_installed(name):
    assert patches._mismatch(import_module(f"scones_localstack.patches.{name}").WRITTEN_FOR) == ""


def test_a_patch_for_another_release_is_an_error_in_the_log_and_is_not_applied(monkeypatch, caplog):
    patch = import_module("scones_localstack.patches.jsonpath_cache")
    monkeypatch.setattr(patches, "PATCHES", ("jsonpath_cache",))
    monkeypatch.setattr(patch, "WRITTEN_FOR", {"localstack-core": "5.0.0"})
    monkeypatch.setattr(patch, "apply", lambda: pytest.fail("applied"))

    with caplog.at_level(logging.ERROR):
        assert patches.apply() == []

    assert "Patch jsonpath_cache is not applied: it was written for localstack-core 5.0.0" in (
        caplog.text
    )


def test_every_patch_is_applied_at_start(emulator):
    assert "is not applied" not in emulator.log_path.read_text()
