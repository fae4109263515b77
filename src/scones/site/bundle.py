"""The site as one zip file for Elastic Beanstalk: the same bytes for the same sources.

Procfile, .ebextensions/, .platform/   how the platform runs and prepares it
requirements.txt                       every package with its hashes
scones/web/                            the site
"""

import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DeployError

REQUIREMENTS = Path("requirements") / "images" / "web.txt"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = {"__pycache__", ".mypy_cache", "mypy.ini"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A source bundle.

    Attributes:
        body: The zip file.
    """

    body: bytes

    @property
    def release(self) -> str:
        """The first 16 digits of its hash: the application version's name."""
        return hashlib.sha256(self.body).hexdigest()[:16]


def build(source_root: Path = SOURCE_ROOT) -> Bundle:
    """Return the site's bundle.

    Args:
        source_root: The checkout, with `requirements/`.

    Raises:
        DeployError: A source is missing.
    """
    packed = io.BytesIO()
    # Stored, because two versions of zlib may compress the same source to different bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted(_sources(source_root)):
            executable = path.suffix == ".sh"
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.create_system = 3  # Unix, wherever it is packed
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            try:
                archive.writestr(entry, path.read_bytes())
            except OSError as error:
                raise DeployError(
                    f"cannot read {path} ({error.strerror}): bundle from a checkout"
                ) from error
    return Bundle(packed.getvalue())


def _sources(source_root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file's name in the bundle, and where it is."""
    package = Path(str(files("scones")))
    yield "requirements.txt", source_root / REQUIREMENTS
    yield from _below(package / "site" / "elastic_beanstalk", "")
    yield from _below(package / "web", "scones/web/")


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _LEFT_OUT)
        for name in set(names) - _LEFT_OUT:
            path = Path(directory) / name
            yield f"{prefix}{path.relative_to(folder).as_posix()}", path
