"""Input data in S3: which objects it is, and the way from there into a folder, many at once.

Where a key lands follows AWS: relative to the prefix if the prefix is a folder, else relative to
the folder that the prefix is in. All of this blocks and is called in threads.
"""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.objects import (
    BucketMissingError,
    ObjectMissingError,
    Objects,
    S3Uri,
    StorageError,
    parse_uri,
    patiently,
)

_THREADS = 8


class DownloadError(Exception):
    """The input data cannot be had; the message is fit for a FailureReason."""


class DownloadCancelled(Exception):  # noqa: N818 - not an error
    """The job was stopped while its data was being downloaded."""


def missing_data(objects: Objects, uri: S3Uri, role_arn: str, region: str) -> str:
    """Return AWS's words if there is no object under a URI, else nothing.

    Raises StorageError if S3 cannot tell.
    """
    try:
        if objects.keys(uri, limit=1):
            return ""
        said = ""
    except BucketMissingError:
        said = " Error message from S3: The specified bucket does not exist."
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. '
        f"Please ensure that the bucket exists in the selected region ({region}), that objects "
        f'exist under that S3 prefix, and that the role "{role_arn}" has "s3:ListBucket" '
        f'permissions on bucket "{uri.bucket}".{said}'
    )


def listed(objects: Objects, source: dict[str, Any]) -> list[tuple[S3Uri, str]]:
    """Return the objects of a data source, each with where it belongs, relative to a folder.

    Args:
        objects: S3 in the job's region.
        source: an S3DataSource, or what else has an S3Uri and an S3DataType.

    Raises:
        DownloadError: there are none, or they cannot be listed.
    """
    uri = parse_uri(source["S3Uri"])
    try:
        if source["S3DataType"] == "ManifestFile":
            wanted = _from_manifest(patiently(lambda: objects.read(uri)), uri)
        else:
            keys = patiently(lambda: objects.keys(uri))
            wanted = [(S3Uri(uri.bucket, key), relative_path(key, uri.key)) for key in keys]
    except ObjectMissingError:
        wanted = []
    except StorageError as error:
        raise DownloadError(str(error)) from error
    files = [(item, path) for item, path in wanted if not item.key.endswith("/")]
    if not files:
        raise DownloadError(f'No S3 objects found under S3 URL "{uri}"')
    return files


def relative_path(key: str, prefix: str) -> str:
    """Return where a key lands below a folder, given the prefix it was found by."""
    folder = f"{prefix.rstrip('/')}/"
    if prefix.rstrip("/") and key.startswith(folder):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


def fetch(
    objects: Objects,
    files: Sequence[tuple[S3Uri, Path]],
    folder: Path,
    cancelled: threading.Event,
) -> None:
    """Download objects to files, all of which are in one folder.

    Raises:
        DownloadError: one cannot be fetched, leads out of the folder or does not fit on the disk.
        DownloadCancelled: `cancelled` was set.
    """
    root = folder.resolve()

    def fetch_one(item: tuple[S3Uri, Path]) -> None:
        uri, path = item
        if cancelled.is_set():
            raise DownloadCancelled
        if not path.resolve().is_relative_to(root):
            raise DownloadError(f"the key of {uri} leads out of its folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        patiently(lambda: objects.download(uri, path))

    folder.mkdir(parents=True, exist_ok=True)
    try:
        if len(files) == 1:
            fetch_one(files[0])
            return
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="download") as pool:
            for _ in pool.map(fetch_one, files):
                pass
    except (StorageError, OSError) as error:
        raise DownloadError(str(error)) from error


def _from_manifest(content: bytes, uri: S3Uri) -> list[tuple[S3Uri, str]]:
    """Read `[{"prefix": "s3://bucket/folder/"}, "relative/path", ...]`."""
    try:
        first, *paths = json.loads(content)
        base = parse_uri(first["prefix"])
        return [(S3Uri(base.bucket, f"{base.key}{path}"), str(path)) for path in paths]
    except (ValueError, KeyError, TypeError) as error:
        raise DownloadError(
            f'the manifest {uri} must be [{{"prefix": "s3://bucket/folder/"}}, "path", ...]'
        ) from error
