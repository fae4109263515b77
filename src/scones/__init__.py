"""Build, test and operate an AWS machine-learning workflow offline, then deploy it unchanged."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scones.sagemaker_sdk import Session

__all__ = ["sagemaker_session"]


def sagemaker_session(
    target: str | None = None, *, config: Path | None = None, state_dir: Path | None = None
) -> "Session":
    """Return a session of the SageMaker Python SDK that works at a target.

    Args:
        target: `local-mode` for SageMaker local mode, in containers that the SDK runs itself; or
            a profile (`local`, `docker`, `aws`) for its SageMaker API. By default the profile of
            the settings.
        config: The settings file; by default scones.toml in this folder, where there is one.
        state_dir: The state folder; by default that of the settings.

    Returns:
        A `sagemaker.Session`. Its `target` says what a script should take from the same place:
        image, instance types, role, and whether endpoints there capture data.

    Raises:
        UsageError: The SDK is not installed, or there is no such target.
        StackError: The services do not run, or local mode's Docker or Compose is not there.
    """
    from scones import sagemaker_sdk

    return sagemaker_sdk.session(target, config=config, state_dir=state_dir)
