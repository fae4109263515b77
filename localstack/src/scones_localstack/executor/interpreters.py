"""Which Python runs a function: its own minor version where that is installed, else LocalStack's.

Python 3.11 functions run on a `python3.11` found on PATH, or named in
`SCONES_LAMBDA_PYTHONS=3.11=/opt/python3.11/bin/python3.11,3.12=...`. Whichever it is, it sees the
standard library and the packages that AWS's runtime brings (boto3 and the runtime client), never
what happens to be installed beside LocalStack: an import that works here works on AWS.
"""

import functools
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger(__name__)
PYTHONS_ENV = "SCONES_LAMBDA_PYTHONS"
OLDEST_MINOR = 9
_RUNTIME = re.compile(r"python3\.(\d+)")
_PROBE_SECONDS = 10
_PROBE = (
    "import os, sys; print(sys.version_info[1]);"
    "print(os.path.realpath(sys.executable)); print(sys.base_prefix)"
)
# What AWS's runtime has on its import path, as it is installed beside LocalStack.
_PACKAGES = (
    "awslambdaric",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "runtime_client",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot_restore_py",
    "urllib3",
)
_PORTABLE = Path(__file__).parent / "portable"


@dataclass(frozen=True)
class Interpreter:
    """A Python that can run functions.

    Attributes:
        executable: its real path, outside any virtual environment.
        prefix: the folder of its standard library.
        minor: 13 for Python 3.13.
    """

    executable: Path
    prefix: Path
    minor: int


def is_python(runtime: str | None) -> bool:
    """Whether a Lambda runtime identifier is one of Python 3."""
    return bool(runtime and _RUNTIME.fullmatch(runtime))


@functools.cache
def interpreter_for(runtime: str) -> Interpreter:
    """Return the Python for a runtime like `python3.12`, with a warning if it is another minor."""
    match = _RUNTIME.fullmatch(runtime)
    if not match:
        raise ValueError(f"{runtime} is not a Python runtime")
    minor = int(match[1])
    own = Interpreter(
        Path(os.path.realpath(sys.executable)), Path(sys.base_prefix), sys.version_info.minor
    )
    if minor == own.minor:
        return own
    if minor >= OLDEST_MINOR and (found := _find(minor)):
        return found
    LOG.warning(
        "%s functions run on Python 3.%d: no python3.%d was found on PATH or in %s%s",
        runtime,
        own.minor,
        minor,
        PYTHONS_ENV,
        "" if minor >= OLDEST_MINOR else f" (and awslambdaric needs 3.{OLDEST_MINOR})",
    )
    return own


def _find(minor: int) -> Interpreter | None:
    named = dict(
        entry.split("=", 1) for entry in os.environ.get(PYTHONS_ENV, "").split(",") if "=" in entry
    )
    candidate = named.get(f"3.{minor}") or shutil.which(f"python3.{minor}")
    if not candidate:
        return None
    # A name proves little: it may be a version manager's shim with no such version behind it.
    try:
        probe = subprocess.run(
            [candidate, "-I", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=True,
        )
        found, executable, prefix = probe.stdout.splitlines()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        LOG.warning("%s is not a usable Python 3.%d: %s", candidate, minor, error)
        return None
    return Interpreter(Path(executable), Path(prefix), minor) if int(found) == minor else None


def runtime_sources() -> list[Path]:
    """Return the real paths of the packages that AWS's runtime brings."""
    specs = (importlib.util.find_spec(name) for name in _PACKAGES)
    origins = [Path(os.path.realpath(spec.origin)) for spec in specs if spec and spec.origin]
    packages = [path.parent if path.name == "__init__.py" else path for path in origins]
    # awslambdaric's native half is built for one minor version; this one serves the others.
    return [*packages, _PORTABLE / "runtime_client.py"]


def link_runtime(folder: Path) -> Path:
    """Make a folder of links to those packages, the `/var/runtime` of the functions."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in runtime_sources():
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return folder
