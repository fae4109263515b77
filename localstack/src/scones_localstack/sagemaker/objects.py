"""S3 objects: find, fetch and keep them, with patience for a LocalStack that restarts.

The functions block and are called in threads.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as AwsConnectionError

from scones_localstack.sagemaker.aws import Aws

PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 0.5
_PART_BYTES = 1024 * 1024


class StorageError(Exception):
    """S3 refused; the message says which object and why."""


class ObjectMissingError(StorageError):
    """There is no such object, or no such bucket."""


class BucketMissingError(ObjectMissingError):
    """There is no such bucket."""


class StorageUnavailableError(StorageError):
    """S3 does not answer at the moment."""


@dataclass(frozen=True)
class S3Uri:
    """A bucket and a key, or a prefix of keys."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, path: str) -> "S3Uri":
        """Return the URI of a path under this one."""
        prefix = self.key.rstrip("/")
        return S3Uri(self.bucket, f"{prefix}/{path}" if prefix else path)


def parse_uri(text: str) -> S3Uri:
    """Return the bucket and key of an `s3://` URI.

    Raises:
        ValueError: it is not one.
    """
    scheme, _, rest = text.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise ValueError(f"{text} is not an S3 URI of the form s3://bucket/key")
    return S3Uri(bucket, key)


def patiently[T](action: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Do something that needs S3, again and again while S3 does not answer.

    Raises:
        StorageUnavailableError: it has not answered for so many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except StorageUnavailableError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


class Objects:
    """The objects of one region."""

    def __init__(self, aws: Aws, region: str) -> None:
        self._aws = aws
        self._region = region

    @property
    def _s3(self) -> Any:
        return self._aws.client("s3", self._region)

    def keys(self, uri: S3Uri, limit: int | None = None) -> list[str]:
        """Return the keys that begin with a prefix, at most `limit` of them.

        Raises:
            ObjectMissingError: there is no such bucket.
        """

        def read() -> list[str]:
            found: list[str] = []
            page_size = min(limit or 1000, 1000)
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=uri.bucket, Prefix=uri.key, PaginationConfig={"PageSize": page_size}
            )
            for page in pages:
                found += [entry["Key"] for entry in page.get("Contents", ())]
                if limit and len(found) >= limit:
                    break
            return found[:limit]

        return _translated(read, uri)

    def exists(self, uri: S3Uri) -> bool:
        """Return whether there is such an object.

        Raises:
            BucketMissingError: there is not even such a bucket.
        """
        return uri.key in self.keys(uri, limit=1)

    def read(self, uri: S3Uri) -> bytes:
        """Return the content of a small object."""
        body: bytes = _translated(
            lambda: self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read(), uri
        )
        return body

    def open(self, uri: S3Uri) -> IO[bytes]:
        """Return an object's content, to be read as it comes."""
        body: IO[bytes] = _translated(
            lambda: self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"], uri
        )
        return body

    def download(self, uri: S3Uri, path: Path) -> None:
        """Write an object to a file, which appears only when it is whole."""
        partial = path.with_name(f"{path.name}.partial")

        def fetch() -> None:
            body = self._s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"]
            with partial.open("wb") as file:
                shutil.copyfileobj(body, file, _PART_BYTES)

        _translated(fetch, uri)
        os.replace(partial, path)

    def upload(self, path: Path, uri: S3Uri) -> None:
        """Keep a file as an object."""
        _translated(lambda: self._s3.upload_file(str(path), uri.bucket, uri.key), uri)

    def put(self, content: bytes, uri: S3Uri, content_type: str) -> None:
        """Keep some bytes as an object."""
        _translated(
            lambda: self._s3.put_object(
                Bucket=uri.bucket, Key=uri.key, Body=content, ContentType=content_type
            ),
            uri,
        )


def _translated[T](action: Callable[[], T], uri: S3Uri) -> T:
    """Do something with S3; what it answers becomes one of the errors above."""
    try:
        return action()
    except Exception as error:
        for cause in _causes(error):
            if isinstance(cause, ClientError | BotoCoreError):
                raise _storage_error(cause, uri) from error
        raise


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _storage_error(error: ClientError | BotoCoreError, uri: S3Uri) -> StorageError:
    if isinstance(error, AwsConnectionError | HTTPClientError):
        return StorageUnavailableError(f"S3 does not answer ({uri}): {error}")
    if not isinstance(error, ClientError):
        return StorageError(f"{uri}: {error}")
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500:
        return StorageUnavailableError(f"S3 answers {status} ({uri}): {message}")
    if code == "NoSuchBucket":
        return BucketMissingError(f"{uri}: {message}")
    if code in ("NoSuchKey", "404"):
        return ObjectMissingError(f"{uri}: {message}")
    return StorageError(f"{uri}: {code} {message}")
