"""The folder that JupyterLab opens, and what its kernel is told.

A person's folder gets a copy of the notebook and a sample image; what is there already is theirs
and stays. Jupyter's own files (kernel, settings, run-time files) are kept in the state folder, so
that nobody's Jupyter, IPython or SageMaker configuration is read or changed.
"""

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from scones.aws import client_environment
from scones.config import CONFIG_ENV, DEFAULT_CONFIG, PROFILE_ENV, STATE_DIR_ENV
from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DataError, UsageError
from scones.etl.drawings import draw
from scones.project import Project

NOTEBOOK = "walkthrough.ipynb"
SAMPLE = "sample.png"
KERNEL = "python3"
"""The name that every notebook asks for; here it is the kernel below."""
_NEWS = "@jupyterlab/apputils-extension:announcements"
_TELEMETRY_OFF = (
    "SchemaVersion: '1.0'\n"
    "SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\n"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that is ready to be opened.

    Attributes:
        folder: Where the notebook and the sample are.
        jupyter_dir: Where Jupyter's own files are.
        environment: The environment of the server and its kernels.
        kept: Names of files that were there already.
    """

    folder: Path
    jupyter_dir: Path
    environment: Mapping[str, str]
    kept: tuple[str, ...]

    @property
    def runtime_dir(self) -> Path:
        """Where a server says that it runs."""
        return self.jupyter_dir / "runtime"


def prepare(project: Project, folder: Path, config: Path | None = None) -> Workspace:
    """Make a workspace, or bring one up to date.

    Args:
        project: The project that its kernel works on.
        folder: A person's folder; made if it is not there.
        config: The settings file that the project was read from, if it was named.

    Raises:
        DataError: The notebook is not where it is in a checkout, or the folder cannot be written.
        UsageError: The folder is that of the notebook itself.
    """
    source = SOURCE_ROOT / "notebooks" / NOTEBOOK
    if not source.is_file():
        raise DataError(f"there is no {source}: run `scones notebook` from a checkout of scones")
    if folder.absolute() == source.parent:
        raise UsageError(f"{folder} holds the original: name another folder with --folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = tuple(name for name in (NOTEBOOK, SAMPLE) if (folder / name).exists())
        if NOTEBOOK not in kept:
            shutil.copyfile(source, folder / NOTEBOOK)
        if SAMPLE not in kept:
            _sample(project, folder / SAMPLE)
        jupyter_dir = project.state_dir / "run" / "notebook"
        _install_kernel(jupyter_dir, project.settings.profile)
        _silence(jupyter_dir)
        environment = _environment(project, jupyter_dir, config or DEFAULT_CONFIG)
    except OSError as error:
        raise DataError(f"cannot make a workspace in {folder}: {error}") from error
    return Workspace(folder.absolute(), jupyter_dir, environment, kept)


def _sample(project: Project, path: Path) -> None:
    """Take a test image of the first class, or draw one where none is staged."""
    try:
        dataset = project.dataset()
    except DataError:
        Image.fromarray(draw("bicycle", np.random.default_rng(0))).save(path)
        return
    entry = next(entry for entry in dataset.entries("test") if entry.label == 0)
    shutil.copyfile(dataset.channel("test") / entry.path, path)


def _install_kernel(jupyter_dir: Path, profile: str) -> None:
    """Write the kernel's description where only our servers look."""
    place = jupyter_dir / "data" / "kernels" / KERNEL
    place.mkdir(parents=True, exist_ok=True)
    (jupyter_dir / "runtime").mkdir(mode=0o700, exist_ok=True)
    command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
    description = {
        "argv": [*command, "-f", "{connection_file}", "--ext", "scones.notebook.kernel"],
        "display_name": f"scones ({profile})",
        "language": "python",
        "metadata": {"debugger": True},
    }
    (place / "kernel.json").write_text(json.dumps(description, indent=2))


def _silence(jupyter_dir: Path) -> None:
    """Keep JupyterLab from asking about news, and the SDK from telling of its use."""
    page = jupyter_dir / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(json.dumps({"disabledExtensions": {_NEWS: True}}))
    (jupyter_dir / "sagemaker.yaml").write_text(_TELEMETRY_OFF)


def _environment(project: Project, jupyter_dir: Path, config: Path) -> dict[str, str]:
    """What the server and its kernels find in their environment."""
    variables, cleared = client_environment(project.settings.target)
    environment = {name: value for name, value in os.environ.items() if name not in cleared}
    if project.settings.target.emulated:  # on AWS a person's own defaults count
        environment["SAGEMAKER_USER_CONFIG_OVERRIDE"] = str(jupyter_dir / "sagemaker.yaml")
    if config.is_file():
        environment[CONFIG_ENV] = str(config.absolute())
    return environment | variables | {
        PROFILE_ENV: project.settings.profile,
        STATE_DIR_ENV: str(project.state_dir),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        "JUPYTER_CONFIG_DIR": str(jupyter_dir / "config"),
        "JUPYTER_DATA_DIR": str(jupyter_dir / "data"),
        "JUPYTER_RUNTIME_DIR": str(jupyter_dir / "runtime"),
        "JUPYTER_PATH": str(jupyter_dir / "data"),
        "IPYTHONDIR": str(jupyter_dir / "ipython"),
    }  # fmt: skip
