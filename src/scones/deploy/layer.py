"""Pillow as it runs on Lambda: the wheel for its Python and its Linux, checked by its hashes.

Where scones itself runs on such a Python, the wheel is installed already: it was checked by the
hash in `requirements/`, and its RECORD has the hash of each file. Elsewhere pip downloads it, by
the hashes in `requirements/layers/pillow.txt`.
"""

import base64
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path, PurePosixPath

from scones.errors import DeployError

REQUIREMENTS = Path(__file__).resolve().parents[3] / "requirements" / "layers" / "pillow.txt"
PYTHON = "cp313"
PLATFORM = "manylinux_2_28_x86_64"  # Lambda's Linux has glibc 2.34
DOWNLOAD_SECONDS = 300

_TOP_FOLDERS = ("PIL", "pillow.libs")


def pillow_files() -> dict[str, bytes]:
    """Return the files of Pillow by their places below site-packages, in order.

    Raises:
        DeployError: A file is not what its wheel brought, or the wheel cannot be downloaded.
    """
    installed = distribution("pillow")
    if f"{PYTHON}-{PYTHON}-{PLATFORM}" in (installed.read_text("WHEEL") or ""):
        return _installed(installed)
    return _downloaded(installed.version)


def _installed(package: Distribution) -> dict[str, bytes]:
    found = {}
    for path in sorted(package.files or (), key=str):
        if _belongs(path):
            body = path.read_binary()
            if path.hash is None or _digest(body, path.hash.mode) != path.hash.value:
                raise DeployError(
                    f"{path} of Pillow is not what its wheel brought: run `make setup`"
                )
            found[path.as_posix()] = body
    return found


def _digest(body: bytes, algorithm: str) -> str:
    digest = hashlib.new(algorithm, body).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _downloaded(version: str) -> dict[str, bytes]:
    """Return the files of the wheel that pip downloads for Lambda."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary=:all:", "--python-version=3.13", "--implementation=cp"),
            *(f"--platform={PLATFORM}", f"--dest={folder}", f"--requirement={REQUIREMENTS}"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise DeployError(
                f"cannot download Pillow {version} for Lambda ({PLATFORM}): "
                f"{done.stderr.strip().rpartition(chr(10))[2]}"
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = sorted(name for name in wheel.namelist() if _belongs(PurePosixPath(name)))
            return {name: wheel.read(name) for name in names}


def _belongs(path: PackagePath | PurePosixPath) -> bool:
    """Return whether a file is the wheel's own, and needed to run."""
    inside = path.parts[0] in _TOP_FOLDERS and path.suffix not in (".pyc", ".pyi")
    return inside or path.name in ("METADATA", "WHEEL", "LICENSE")
