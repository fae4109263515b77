"""Gets CIFAR-100's archive or another file over the network, in pieces if need be; checks it.

    .part and what the server called that version ──▶ GET (Range, If-Range) ──▶ append
        ──▶ MD5, or another check ──▶ rename to its final name

A connection that drops is resumed from where it broke, after a pause that grows while nothing
comes; so is a download that a person interrupted, in the next run. The final name never holds
anything unchecked.
"""

import errno
import hashlib
import re
import shutil
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import urllib3
from urllib3 import exceptions as http

from scones.errors import DataError
from scones.etl.cifar import OFFICIAL_MD5
from scones.etl.exclusive import exclusively
from scones.etl.partial import PartialFile
from scones.progress import SILENT, Reporter

OFFICIAL_URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
_CHUNK_BYTES = 1 << 18
_MAX_BYTES = 1 << 30  # whoever sends more than this is not sending the archive
_FIRST_ATTEMPTS = 2  # while nothing has ever come: who is offline should know soon
_REDIRECTS_ONLY = urllib3.Retry(total=None, connect=0, read=0, redirect=3, status=0, other=0)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        suffix: What such files end with, for a message.
        magic: What they begin with.
        instead: What a person who has the file can do.
    """

    suffix: str
    magic: bytes
    instead: str


ARCHIVE = Kind(".tar.gz", b"\x1f\x8b", "if you have the file, name it with --archive FILE")


class UnreachableError(DataError):
    """There is no network, or the server does not give the file."""


class _Broken(Exception):  # noqa: N818 - not an error yet: the next attempt resumes
    """One attempt ended before the file did."""


def download(
    directory: Path,
    *,
    url: str = OFFICIAL_URL,
    md5: str = OFFICIAL_MD5,
    kind: Kind | None = None,
    check: Callable[[Path], None] | None = None,
    attempts: int = 5,
    pause_seconds: float = 1.0,
    timeout_seconds: float = 20.0,
    reporter: Reporter = SILENT,
) -> Path:
    """Download the archive unless it is there already.

    Args:
        directory: Where to put it; made if it is not there.
        url: Where to get it.
        md5: What it must be, where there is no other check.
        kind: Of file; by default a .tar.gz that `--archive` may name instead.
        check: Raises DataError where what came is not what it should be.
        attempts: Attempts in a row that bring nothing before giving up; two if none ever did.
        pause_seconds: Pause after the first of those; it doubles each time.
        timeout_seconds: Longest wait for the next bytes; for a connection half of it.
        reporter: Receives progress in bytes.

    Returns:
        The file, named as in the URL.

    Raises:
        UnreachableError: There is no network, or the server refuses.
        DataError: What came is not the archive, or there is no space for it.
    """
    final = directory / url.rsplit("/", 1)[-1]
    if final.is_file():
        return final
    with exclusively(directory):
        part = PartialFile(final, url)
        kind = kind or ARCHIVE
        transfer = _Transfer(part, url, kind, timeout_seconds, reporter)
        try:
            transfer.run(attempts, pause_seconds)
            _check(part, check or partial(_check_md5, url=url, md5=md5))
        except OSError as error:
            raise _cannot_write(part, error) from error
        part.finish()
    reporter.note(f"downloaded {final.name}; its checksum is the published one")
    return final


class _Transfer:
    """Receives one file in as many attempts as it takes."""

    def __init__(
        self,
        part: PartialFile,
        url: str,
        kind: Kind,
        timeout_seconds: float,
        reporter: Reporter,
    ) -> None:
        self._part = part
        self._url = url
        self._kind = kind
        self._instead = kind.instead
        self._reporter = reporter
        self._came = 0
        self._pool = _pool(url)
        self._timeout = urllib3.Timeout(connect=timeout_seconds / 2, read=timeout_seconds)

    def run(self, attempts: int, pause_seconds: float) -> None:
        """Attempt until the file is whole; only attempts that bring nothing count."""
        fruitless = 0
        while True:
            before = self._part.size
            try:
                return self._attempt()
            except _Broken as broken:
                fruitless = 0 if self._part.size > before else fruitless + 1
                if fruitless >= (attempts if self._came else min(attempts, _FIRST_ATTEMPTS)):
                    raise UnreachableError(
                        f"{self._url} cannot be downloaded: {broken}; {self._instead}"
                    ) from broken
                self._reporter.note(f"the download broke off ({broken}); going on")
                time.sleep(pause_seconds * 2 ** max(0, fruitless - 1))

    def _attempt(self) -> None:
        """Ask for what is missing, and append it."""
        try:
            answer = self._pool.request(
                "GET",
                self._url,
                headers=self._headers(),
                preload_content=False,
                decode_content=False,
                retries=_REDIRECTS_ONLY,
                timeout=self._timeout,
            )
        except (http.MaxRetryError, http.HTTPError) as error:
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, http.NameResolutionError):
                raise UnreachableError(
                    f"{self._url} cannot be reached (no such host: is there a network?); "
                    f"{self._instead}"
                ) from error
            raise _Broken(_short(reason)) from error
        try:
            self._receive(answer)
        except (http.HTTPError, ConnectionError, TimeoutError) as error:
            raise _Broken(_short(error)) from error
        finally:
            answer.close()

    def _headers(self) -> dict[str, str]:
        """Ask for the rest, provided that it is the rest of the same version."""
        headers = {"Accept-Encoding": "identity", "User-Agent": "scones"}
        if self._part.size:
            headers["Range"] = f"bytes={self._part.size}-"
            if self._part.validator:
                headers["If-Range"] = self._part.validator
        return headers

    def _receive(self, answer: urllib3.BaseHTTPResponse) -> None:
        """Append an answer's body, after making sure that it belongs where it will go."""
        start, total = self._place(answer)
        if start and start == total:
            return
        self._check_space(start, total)
        validator = _validator(answer)
        done = start
        with self._part.open(resumed=start > 0, validator=validator) as file:
            for chunk in answer.stream(_CHUNK_BYTES):
                if done == 0 and not chunk.startswith(self._kind.magic):
                    came = answer.headers.get("Content-Type", "an unknown type")
                    raise DataError(
                        f"{self._url} answered with {came}, not a {self._kind.suffix} file "
                        f"(a proxy or a login page?); {self._instead}"
                    )
                file.write(chunk)
                done += len(chunk)
                self._came += len(chunk)
                if done > _MAX_BYTES:
                    raise DataError(
                        f"{self._url} sends more than {_MAX_BYTES:,} bytes; {self._instead}"
                    )
                self._reporter.progress("download", done, total, "B")
        if total is not None and done < total:
            raise _Broken(f"{done:,} of {total:,} bytes came")

    def _place(self, answer: urllib3.BaseHTTPResponse) -> tuple[int, int | None]:
        """Tell where the body starts in the file, and how long the file is."""
        if answer.status == 200:  # the whole file: ranges ignored, or the file has changed
            length = answer.headers.get("Content-Length", "")
            return 0, int(length) if length.isdigit() else None
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
        if answer.status == 206 and span and int(span[1]) == self._part.size:
            return int(span[1]), int(span[2])
        if (
            answer.status == 416
            and answer.headers.get("Content-Range") == f"bytes */{self._part.size}"
        ):
            return self._part.size, self._part.size  # nothing was missing but the check
        if answer.status in (206, 416):  # not what was asked for: begin again
            self._part.drop()
            raise _Broken("the server could not go on where it stopped")
        if answer.status in (408, 429) or answer.status >= 500:
            raise _Broken(f"status {answer.status}")
        raise UnreachableError(f"{self._url} answered with status {answer.status}; {self._instead}")

    def _check_space(self, start: int, total: int | None) -> None:
        """Refuse before the disk is full rather than after."""
        free = shutil.disk_usage(self._part.path.parent).free
        if total is not None and total - start > free:
            raise OSError(errno.ENOSPC, f"{total - start:,} bytes needed, {free:,} free")


def _pool(url: str) -> urllib3.PoolManager:
    """Make a client that honours the environment's proxy settings."""
    scheme, _, rest = url.partition("://")
    proxy = urllib.request.getproxies().get(scheme)
    if proxy and not urllib.request.proxy_bypass(rest.split("/")[0]):
        return urllib3.ProxyManager(proxy)
    return urllib3.PoolManager()


def _validator(answer: urllib3.BaseHTTPResponse) -> str | None:
    """What `If-Range` may name: a strong entity tag, else a date (RFC 9110, 13.1.5)."""
    tag = answer.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified")


def _check(part: PartialFile, check: Callable[[Path], None]) -> None:
    """Check what came, and drop it where it is something else."""
    try:
        check(part.path)
    except DataError:
        part.drop()
        raise


def _check_md5(file: Path, *, url: str, md5: str) -> None:
    """Compare with the published MD5."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5:
        raise DataError(
            f"{url} gave a file with MD5 {found}, not {md5}; try again, or {ARCHIVE.instead}"
        )


def _cannot_write(part: PartialFile, error: OSError) -> DataError:
    """Say why the file cannot be kept; what has come so far stays for the next run."""
    where = part.path.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(f"no space left in {where} for the download; free some, then run again")
    return DataError(f"cannot write the download in {where}: {error}")


def _short(error: object) -> str:
    """The last part of a network error's message, without object addresses."""
    return re.sub(r"<[^>]*>:? ?|\([^)]*object at[^)]*\)", "", str(error)).strip() or repr(error)
