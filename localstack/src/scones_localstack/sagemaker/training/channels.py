"""Input channels: from S3 into the folder that the algorithm reads, many objects at once.

`File` mode alone. Where a key lands follows AWS: relative to the prefix if the prefix is a folder,
else relative to the folder that the prefix is in.
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


def missing_data(objects: Objects, channel: dict[str, Any], role_arn: str, region: str) -> str:
    """Return AWS's words if a channel's data is not there, else nothing.

    Blocks; raises StorageError if S3 cannot tell.
    """
    source = channel["DataSource"]["S3DataSource"]
    uri = parse_uri(source["S3Uri"])
    try:
        if objects.keys(uri, limit=1):
            return ""
        said = ""
    except BucketMissingError:
        said = " Error message from S3: The specified bucket does not exist."
    return (
        f'No S3 objects found under S3 URL "{source["S3Uri"]}" given in input data source. '
        f"Please ensure that the bucket exists in the selected region ({region}), that objects "
        f'exist under that S3 prefix, and that the role "{role_arn}" has "s3:ListBucket" '
        f'permissions on bucket "{uri.bucket}".{said}'
    )


def download(
    objects: Objects, channel: dict[str, Any], folder: Path, cancelled: threading.Event
) -> int:
    """Download one channel; blocks.

    Args:
        objects: S3 in the job's region.
        channel: an entry of InputDataConfig.
        folder: where the files go.
        cancelled: set it to give up.

    Returns:
        How many files there are.

    Raises:
        DownloadError: the data is not there, cannot be fetched or does not fit on the disk.
        DownloadCancelled: `cancelled` was set.
    """
    source = channel["DataSource"]["S3DataSource"]
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
    files = [(item, folder / path) for item, path in wanted if not item.key.endswith("/")]
    if not files:
        raise DownloadError(f'No S3 objects found under S3 URL "{uri}"')
    _fetch_all(objects, files, folder, cancelled)
    return len(files)


def relative_path(key: str, prefix: str) -> str:
    """Return where a key lands below the channel's folder, given the prefix it was found by."""
    folder = f"{prefix.rstrip('/')}/"
    if prefix.rstrip("/") and key.startswith(folder):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


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


def _fetch_all(
    objects: Objects,
    files: Sequence[tuple[S3Uri, Path]],
    folder: Path,
    cancelled: threading.Event,
) -> None:
    root = folder.resolve()

    def fetch(item: tuple[S3Uri, Path]) -> None:
        uri, path = item
        if cancelled.is_set():
            raise DownloadCancelled
        if not path.resolve().is_relative_to(root):
            raise DownloadError(f"the key of {uri} leads out of the channel's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        patiently(lambda: objects.download(uri, path))

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="download") as pool:
            for _ in pool.map(fetch, files):
                pass
    except (StorageError, OSError) as error:
        raise DownloadError(str(error)) from error
