"""tar.gz archives, packed and unpacked without trust in what they hold.

The functions block and are called in threads.
"""

import gzip
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path

MAX_UNPACKED_BYTES = 10 * 1024**3
MAX_MEMBERS = 100_000
# Weights hardly compress: a higher level costs seconds and saves next to nothing.
_COMPRESSION = 3


class ArchiveError(Exception):
    """This is not an archive that may be unpacked; the message says why."""


def pack(folder: Path, archive: Path) -> None:
    """Write all that a folder holds to a tar.gz, paths relative to the folder."""
    pack_all([folder], archive)


def pack_all(folders: Sequence[Path], archive: Path) -> None:
    """Write all that folders hold to one tar.gz, paths relative to their folder.

    Where a path is in several folders, or a file of one is a folder of another, the first
    folder's is kept.
    """
    with tarfile.open(archive, "w:gz", compresslevel=_COMPRESSION) as tar:
        for name, path in sorted(_merged(folders).items()):
            tar.add(path, arcname=str(name), recursive=False)


def _merged(folders: Sequence[Path]) -> dict[Path, Path]:
    """Return what is to be packed, by its path in the archive."""
    kept: dict[Path, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            inside = [kept[parent] for parent in name.parents if parent in kept]
            if name not in kept and all(_is_folder(parent) for parent in inside):
                kept[name] = path
    return kept


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """Unpack a tar.gz into a folder; nothing is written outside it.

    Args:
        archive: the file.
        folder: an existing folder.
        max_bytes: how much it may hold unpacked.

    Raises:
        ArchiveError: it is no tar.gz, is cut off, is too large, or reaches outside the folder.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            total = 0
            for count, member in enumerate(tar, start=1):
                total += member.size
                if total > max_bytes or count > MAX_MEMBERS:
                    raise ArchiveError(
                        f"it holds more than {max_bytes} bytes or {MAX_MEMBERS} files"
                    )
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, UnicodeError) as error:
        raise ArchiveError(str(error) or type(error).__name__) from error


def is_empty(folder: Path) -> bool:
    """Return whether a folder holds nothing, or is not there."""
    return not folder.is_dir() or next(folder.iterdir(), None) is None
