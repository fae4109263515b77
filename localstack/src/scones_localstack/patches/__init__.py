"""LocalStack's slow spots and gaps, mended from outside: one module each, for one release each.

A patch replaces code it has read. So each says what it was written for, and where something else
is installed it is not applied, which is logged as an error: slow and right beats fast and wrong.
"""

import logging
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version

LOG = logging.getLogger(__name__)
PATCHES = (
    "jsonpath_cache",
    "definition_cache",
    "assumed_roles",
    "status_events",
    "lambda_metrics",
    "lambda_logs",
    "sagemaker_tasks",
    "sns_email",
    "api_limits",
)


def apply() -> list[str]:
    """Apply every patch whose targets are installed; returns the names of those applied."""
    applied = []
    for name in PATCHES:
        patch = import_module(f"{__name__}.{name}")
        if mismatch := _mismatch(patch.WRITTEN_FOR):
            LOG.error("Patch %s is not applied: %s", name, mismatch)
        else:
            patch.apply()
            applied.append(name)
    return applied


def _mismatch(written_for: Mapping[str, str]) -> str:
    found = {distribution: version(distribution) for distribution in written_for}
    return ", ".join(
        f"it was written for {distribution} {expected} and {found[distribution]} is installed"
        for distribution, expected in written_for.items()
        if found[distribution] != expected
    )
