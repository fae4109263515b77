"""Makes an S3 bucket hold exactly a staged dataset, sending only what differs.

    list the channels' prefixes ──▶ compare MD5 with ETag ──▶ put images, then lists,
        then dataset.json ──▶ delete what is no longer part of the dataset

Lists go up after the images that they name, and old images go after the lists that named them:
whoever reads in between finds every image that a list names.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError
from scones.etl.dataset import DOCUMENT, SPLITS, Dataset
from scones.progress import SILENT, Reporter

_WORKERS = 8  # below boto3's default of ten pooled connections
_DELETE_MAX = 1000  # keys per DeleteObjects
_CONTENT_TYPES = {".png": "image/png", ".lst": "text/plain", ".json": "application/json"}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload did, and where the channels are.

    Attributes:
        uploaded: Objects sent.
        skipped: Objects that were there already.
        removed: Objects deleted because the dataset no longer has them.
        sent_bytes: Bytes sent.
        train, validation, test: S3 URIs of the images' prefixes, each ending in a slash.
        train_lst, validation_lst, test_lst: S3 URIs of the list files.
    """

    uploaded: int
    skipped: int
    removed: int
    sent_bytes: int
    train: str
    validation: str
    test: str
    train_lst: str
    validation_lst: str
    test_lst: str

    @property
    def training_channels(self) -> dict[str, str]:
        """S3 URI by channel of what a training job reads, under the names of the algorithm."""
        names = ("train", "validation", "train_lst", "validation_lst")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class _Object:
    """What an object is to be."""

    key: str
    content: bytes
    etag: str
    content_type: str


def upload(
    s3_client: Any,
    dataset: Dataset,
    bucket: str,
    *,
    prefix: str = "",
    reporter: Reporter = SILENT,
) -> Uploaded:
    """Make a bucket hold exactly this dataset.

    Args:
        s3_client: boto3 S3 client.
        dataset: What was staged.
        bucket: Bucket name.
        prefix: Put before every key; a slash is added where it lacks one.
        reporter: Receives progress in objects.

    Returns:
        Counts and S3 URIs.

    Raises:
        DataError: S3 refused, or does not answer.
    """
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    try:
        return _Upload(s3_client, dataset, bucket, prefix, reporter).run()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        hint = "; deploy the stack first" if code in ("NoSuchBucket", "404") else ""
        raise DataError(f"cannot upload to s3://{bucket}/{prefix}: {error}{hint}") from error
    except BotoCoreError as error:
        raise DataError(f"cannot upload to s3://{bucket}/{prefix}: {error}") from error


class _Upload:
    """One upload of one dataset."""

    def __init__(
        self,
        s3: Any,
        dataset: Dataset,
        bucket: str,
        prefix: str,
        reporter: Reporter,
    ) -> None:
        self._s3 = s3
        self._dataset = dataset
        self._bucket = bucket
        self._prefix = prefix
        self._reporter = reporter

    def run(self) -> Uploaded:
        """Compare, send, delete."""
        images, documents = self._images(), self._documents()
        there = self._there()
        send_first = [item for item in images if there.get(item.key) != item.etag]
        send_last = [item for item in documents if there.get(item.key) != item.etag]
        total = len(send_first) + len(send_last)
        self._send(send_first, 0, total)
        self._send(send_last, len(send_first), total)
        stale = sorted(there.keys() - {item.key for item in (*images, *documents)})
        self._remove(stale)
        return Uploaded(
            uploaded=total,
            skipped=len(images) + len(documents) - total,
            removed=len(stale),
            sent_bytes=sum(len(item.content) for item in (*send_first, *send_last)),
            train=self._uri("train/"),
            validation=self._uri("validation/"),
            test=self._uri("test/"),
            train_lst=self._uri("train.lst"),
            validation_lst=self._uri("validation.lst"),
            test_lst=self._uri("test.lst"),
        )

    def _uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def _images(self) -> list[_Object]:
        files = (
            (f"{split}/{entry.path}", self._dataset.channel(split) / entry.path)
            for split in SPLITS
            for entry in self._dataset.entries(split)
        )
        return [self._object(key, file) for key, file in files]

    def _documents(self) -> list[_Object]:
        files = [*(self._dataset.list_file(split) for split in SPLITS), self._dataset.document]
        return [self._object(file.name, file) for file in files]

    def _object(self, key: str, file: Path) -> _Object:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise DataError(f"{file} cannot be read ({error}); stage the dataset anew") from error
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return _Object(self._prefix + key, content, etag, _CONTENT_TYPES[file.suffix])

    def _there(self) -> dict[str, str]:
        """Keys and entity tags of all objects in the places that belong to the dataset."""
        pages = self._s3.get_paginator("list_objects_v2")
        own = [f"{split}/" for split in SPLITS]
        own += [f"{split}.lst" for split in SPLITS] + [DOCUMENT]
        return {
            found["Key"]: found["ETag"].strip('"')
            for name in own
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + name)
            for found in page.get("Contents", ())
            if name.endswith("/") or found["Key"] == self._prefix + name
        }

    def _send(self, objects: list[_Object], before: int, total: int) -> None:
        """Send in parallel; the first failure, or Ctrl-C, ends what has not started."""
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="upload")
        try:
            futures = [pool.submit(self._put, item) for item in objects]
            for done, future in enumerate(as_completed(futures), start=before + 1):
                future.result()
                self._reporter.progress("upload", done, total, "objects")
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _put(self, item: _Object) -> None:
        self._s3.put_object(
            Bucket=self._bucket, Key=item.key, Body=item.content, ContentType=item.content_type
        )

    def _remove(self, keys: list[str]) -> None:
        for some in batched(keys, _DELETE_MAX, strict=False):
            answer = self._s3.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": key} for key in some], "Quiet": True},
            )
            for refused in answer.get("Errors", ()):
                raise DataError(
                    f"cannot delete s3://{self._bucket}/{refused['Key']}: {refused['Message']}"
                )
