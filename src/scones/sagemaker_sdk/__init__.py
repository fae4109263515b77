"""The SageMaker Python SDK on this stack: a session that works for the word that names a target.

    word ─▶ Target (image, instance types, role, bucket) ─▶ session
              `local-mode`        LocalSession: the SDK runs containers itself, S3 is LocalStack's
              `local`, `docker`   Session: the SageMaker API of our service
              `aws`               Session: SageMaker

The word is not a profile for `local-mode`: a profile says where services are, and local mode uses
those of an emulated profile; what differs is who runs the containers. Everything else that a
script must change between targets, such as `instance_type="local"`, hangs on the same word, as
`session.target`.

The SDK is imported when a session is asked for: it takes seconds, and it is an optional extra.
"""

import logging
import os
import sys
import warnings
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Protocol

from scones import config as configuration
from scones.errors import UsageError
from scones.profiles import PROFILES
from scones.project import Project
from scones.sagemaker_sdk.target import LOCAL_MODE, Target

SUPPRESS_NOTICE_ENV = "SAGEMAKER_SUPPRESS_V2_WARNING"
"""The SDK's own switch for its notice that there is a version 3."""


PROFILE_ENVS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
QUIET = {
    "sagemaker.config": logging.WARNING,  # tells of each default, and of places with none
    "sagemaker.telemetry": logging.WARNING,  # announces telemetry, which is off
    "sagemaker.local": logging.WARNING,  # prints Compose files
    "sagemaker.local.utils": logging.ERROR,  # warns at each look for the engine
}
"""Loggers of the SDK that say what nobody needs, and the level from which on they are heard."""


class Session(Protocol):
    """A `sagemaker.Session` (of which everything can be used) with the target that it works at."""

    target: Target

    def __getattr__(self, name: str) -> Any:
        """All that a `sagemaker.Session` has."""


def session(
    word: str | Project | None = None, *, config: Path | None = None, state_dir: Path | None = None
) -> Session:
    """Return a session; `scones.sagemaker_session` says what the arguments are.

    Raises:
        UsageError: The SDK is not installed, or there is no such target.
        StackError: The services do not run, or local mode's Docker or Compose is not there.
    """
    _require_sdk()
    target = _target(word, config, state_dir)
    target.project.require_services()
    _import_sdk()
    target.project.aws.make_default()  # for clients that the SDK makes beside the session's
    if target.local_mode:
        from scones.sagemaker_sdk.local_mode import session as make
    else:
        from scones.sagemaker_sdk.api import session as make
    made: Session = make(target)
    return made


def _target(word: str | Project | None, config: Path | None, state_dir: Path | None) -> Target:
    if isinstance(word, Project):
        return Target(word.settings.profile, word)
    if word is not None and word not in (LOCAL_MODE, *PROFILES):
        raise UsageError(f"no target '{word}'; there are {', '.join((LOCAL_MODE, *PROFILES))}")
    if config is None and configuration.CONFIG_ENV in os.environ:
        config = Path(os.environ[configuration.CONFIG_ENV])
    profile = None if word == LOCAL_MODE else word
    settings = configuration.load(config, profile=profile, state_dir=state_dir)
    if word == LOCAL_MODE and not settings.target.emulated:
        settings = configuration.load(config, profile="local", state_dir=state_dir)
    return Target(word or settings.profile, Project(settings))


def _require_sdk() -> None:
    """Refuse to go on without the SDK's version 2, the last with a local mode.

    Raises:
        UsageError: It is not installed.
    """
    fix = "run `pip install 'scones[sagemaker]'`"
    try:
        version = metadata.version("sagemaker")
    except metadata.PackageNotFoundError as error:
        raise UsageError(f"the SageMaker Python SDK is not installed: {fix}") from error
    if not version.startswith("2."):
        raise UsageError(
            f"the SageMaker Python SDK {version} has neither Estimator nor local mode: {fix} for "
            "2.x, or use it without scones (docs/10-sagemaker-sdk.md)"
        )


def _import_sdk() -> None:
    """Import the SDK quietly, and whatever the caller's AWS profile is.

    When imported, it makes a session of the profile in the environment, and fails where there is
    no such profile; it takes over how failures are printed; and libraries of its own have faulty
    escape sequences.
    """
    os.environ.setdefault(SUPPRESS_NOTICE_ENV, "1")
    hidden = {name: os.environ.pop(name) for name in PROFILE_ENVS if name in os.environ}
    excepthook = sys.excepthook
    silenced = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            import_module("sagemaker.local")
    finally:
        sys.excepthook = excepthook
        logging.disable(silenced)
        os.environ.update(hidden)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
