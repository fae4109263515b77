"""/opt/ml on its way into a container and out of it: tar streams, never whole in memory.

What comes out was written by a program that is not trusted, as a tar stream by the engine. Only
folders, files and links that stay inside are taken; whatever else there is, is left out and named.
"""

import io
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from scones_localstack.sagemaker.archives import MAX_MEMBERS, MAX_UNPACKED_BYTES, ArchiveError

CONTAINER_ROOT = "opt/ml"

_CHUNK_BYTES = 1024 * 1024
# An image may run its program as any user; what it finds is its own to change.
_FOLDER_MODE = 0o777
_FILE_MODE = 0o666


def packed(root: Path) -> Iterator[bytes]:
    """Yield a tar stream that makes a folder /opt/ml, to be unpacked at a container's root."""
    yield _header(tarfile.TarInfo("opt"), tarfile.DIRTYPE, 0o755)
    yield _header(tarfile.TarInfo(CONTAINER_ROOT), tarfile.DIRTYPE, _FOLDER_MODE)
    for path in sorted(root.rglob("*")):
        info = tarfile.TarInfo(f"{CONTAINER_ROOT}/{path.relative_to(root)}")
        if path.is_symlink():
            info.linkname = os.readlink(path)
            yield _header(info, tarfile.SYMTYPE, 0o777)
        elif path.is_dir():
            yield _header(info, tarfile.DIRTYPE, _FOLDER_MODE)
        else:
            status = path.stat()
            info.size, info.mtime = status.st_size, int(status.st_mtime)
            yield _header(info, tarfile.REGTYPE, _FILE_MODE | (status.st_mode & 0o111))
            yield from _content(path, info.size)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(info: tarfile.TarInfo, kind: bytes, mode: int) -> bytes:
    info.type, info.mode = kind, mode
    return info.tobuf(tarfile.PAX_FORMAT)


def _content(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
    yield bytes(-size % tarfile.BLOCKSIZE)


def take_out(
    stream: Iterable[bytes],
    folder: Path,
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> list[str]:
    """Unpack the engine's tar stream of one folder of a container; nothing lands outside.

    Args:
        stream: its members are below the folder's name, as in `model/weights`.
        folder: becomes what is in the stream; what was there before is gone.
        max_bytes: how much it may hold.

    Returns:
        The names that were left out.

    Raises:
        ArchiveError: it holds too much, or is cut off.
        OSError: it does not fit on the disk.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    links: list[tuple[PurePosixPath, str]] = []
    left_out = []
    total = 0
    try:
        reader = io.BufferedReader(_Reader(stream), _CHUNK_BYTES)
        with tarfile.open(fileobj=reader, mode="r|") as tar:
            for count, member in enumerate(tar, start=1):
                total += member.size
                if total > max_bytes or count > MAX_MEMBERS:
                    raise ArchiveError(
                        f"it holds more than {max_bytes} bytes or {MAX_MEMBERS} files"
                    )
                name = _below(member.name)
                if member.issym() and name.parts:
                    links.append((name, member.linkname))
                elif not _made(tar, member, folder, name):
                    left_out.append(member.name)
    except tarfile.TarError as error:
        raise ArchiveError(str(error) or type(error).__name__) from error
    # Only now: while files are written no path of theirs leads through a link.
    inside = {name: target for name, link in links if (target := _target(folder, name, link))}
    for name, target in inside.items():
        (folder / name).symlink_to(target)
    return left_out + [str(name) for name, _ in links if name not in inside]


def _made(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, name: PurePosixPath) -> bool:
    """Write one folder or file; return whether it is one."""
    path = folder / name
    if ".." in name.parts:
        return False
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return True
    if not name.parts:
        return False
    if member.islnk():
        first = folder / _below(member.linkname)
        if ".." in first.parts or not first.is_file():
            return False
        os.link(first, path)
        return True
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, _CHUNK_BYTES)
    path.chmod(0o644 | (member.mode & 0o111))
    os.utime(path, (member.mtime, member.mtime))
    return True


def _target(folder: Path, name: PurePosixPath, link: str) -> str:
    """Return what a link is to say; nothing if it does not lead to a file or folder inside.

    No link exists yet, so the path is what it looks like; it is said anew without detours, which
    other links could bend.
    """
    base = PurePosixPath(os.path.normpath(name.parent / link))
    outside = base.is_absolute() or ".." in (*base.parts, *name.parts)
    if outside or not (folder / base).exists() or (folder / name).exists():
        return ""
    return os.path.relpath(base, name.parent)


def _below(name: str) -> PurePosixPath:
    """Return a member's path without the folder's own name."""
    return PurePosixPath(*PurePosixPath(name.lstrip("/")).parts[1:])


class _Reader(io.RawIOBase):
    """A file over the chunks of a stream."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
