"""Makes places of an S3 bucket hold exactly some files, sending only what differs.

    list the places ──▶ compare MD5 with ETag ──▶ put objects, then the documents that name them
        ──▶ delete what is no longer to be there

Whoever reads in between finds every object that a document names.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError
from scones.progress import SILENT, Reporter

_WORKERS = 8  # below boto3's default of ten pooled connections
_DELETE_MAX = 1000  # keys per DeleteObjects
_CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".lst": "text/plain",
    ".json": "application/json",
    ".params": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What was done.

    Attributes:
        uploaded: Objects sent.
        skipped: Objects that were there already.
        removed: Objects deleted because they are no longer to be there.
        sent_bytes: Bytes sent.
    """

    uploaded: int
    skipped: int
    removed: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Item:
    """What an object is to be."""

    key: str
    content: bytes
    etag: str
    content_type: str


def item(key: str, file: Path) -> Item:
    """Read a file that is to become an object.

    Raises:
        DataError: It cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error}); stage the dataset anew") from error
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Item(key, content, etag, _CONTENT_TYPES[file.suffix])


def mirror(
    s3_client: Any,
    bucket: str,
    objects: Sequence[Item],
    documents: Sequence[Item],
    places: Sequence[str],
    *,
    reporter: Reporter = SILENT,
) -> Mirrored:
    """Make the places hold exactly these objects and documents.

    Args:
        s3_client: boto3 S3 client.
        bucket: Bucket name.
        objects: Sent first.
        documents: Sent last.
        places: Keys, and prefixes that end in a slash, in which nothing else is to be.
        reporter: Receives progress in objects.

    Raises:
        DataError: S3 refused, or does not answer.
    """
    try:
        there = _there(s3_client, bucket, places)
        first = [item for item in objects if there.get(item.key) != item.etag]
        last = [item for item in documents if there.get(item.key) != item.etag]
        total = len(first) + len(last)
        _send(s3_client, bucket, first, 0, total, reporter)
        _send(s3_client, bucket, last, len(first), total, reporter)
        stale = sorted(there.keys() - {item.key for item in (*objects, *documents)})
        _remove(s3_client, bucket, stale)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        hint = "; deploy the stack first" if code in ("NoSuchBucket", "404") else ""
        raise DataError(f"cannot upload to s3://{bucket}/{places[0]}: {error}{hint}") from error
    except BotoCoreError as error:
        raise DataError(f"cannot upload to s3://{bucket}/{places[0]}: {error}") from error
    return Mirrored(
        uploaded=total,
        skipped=len(objects) + len(documents) - total,
        removed=len(stale),
        sent_bytes=sum(len(item.content) for item in (*first, *last)),
    )


def _there(s3: Any, bucket: str, places: Sequence[str]) -> dict[str, str]:
    """Keys and entity tags of all objects in the places."""
    pages = s3.get_paginator("list_objects_v2")
    return {
        found["Key"]: found["ETag"].strip('"')
        for name in places
        for page in pages.paginate(Bucket=bucket, Prefix=name)
        for found in page.get("Contents", ())
        if name.endswith("/") or found["Key"] == name
    }


def _send(
    s3: Any, bucket: str, items: Sequence[Item], before: int, total: int, reporter: Reporter
) -> None:
    """Send in parallel; the first failure, or Ctrl-C, ends what has not started."""

    def put(item: Item) -> None:
        s3.put_object(Bucket=bucket, Key=item.key, Body=item.content, ContentType=item.content_type)

    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="upload")
    try:
        futures = [pool.submit(put, item) for item in items]
        for done, future in enumerate(as_completed(futures), start=before + 1):
            future.result()
            reporter.progress("upload", done, total, "objects")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _remove(s3: Any, bucket: str, keys: Sequence[str]) -> None:
    for some in batched(keys, _DELETE_MAX, strict=False):
        answer = s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
        )
        for refused in answer.get("Errors", ()):
            raise DataError(f"cannot delete s3://{bucket}/{refused['Key']}: {refused['Message']}")
