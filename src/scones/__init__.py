"""Build, test and operate an AWS machine-learning workflow offline, then deploy it unchanged."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scones.progress import Reporter
    from scones.project import Project
    from scones.sagemaker_sdk import Session

__all__ = ["open_project", "sagemaker_session"]


def open_project(
    profile: str | None = None,
    *,
    config: Path | None = None,
    state_dir: Path | None = None,
    reporter: "Reporter | None" = None,
) -> "Project":
    """Return a project, on which the functions of `scones.steps` act.

    Args:
        profile: Where to work: `local`, `docker` or `aws`; by default that of the settings.
        config: The settings file; by default what SCONES_CONFIG names, or the nearest scones.toml
            in this folder or above it.
        state_dir: The state folder; by default that of the settings, beside a scones.toml above.
        reporter: Told how far long work is; by default it is printed, as suits a notebook.

    Raises:
        ConfigError: There is no such profile, or a setting is wrong.
    """
    from scones import project

    return project.open_project(profile, config=config, state_dir=state_dir, reporter=reporter)


def sagemaker_session(
    target: "str | Project | None" = None,
    *,
    config: Path | None = None,
    state_dir: Path | None = None,
) -> "Session":
    """Return a session of the SageMaker Python SDK that works at a target.

    Args:
        target: `local-mode` for SageMaker local mode, in containers that the SDK runs itself; or
            a profile (`local`, `docker`, `aws`) for its SageMaker API; or a project that is open
            already, for its profile's. By default the profile of the settings.
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
