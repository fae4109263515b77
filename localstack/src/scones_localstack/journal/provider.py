"""LocalStack's S3, with every change saved before it is acknowledged or told to anybody.

LocalStack ends each change of an object with a notification, whether or not there is anybody to
notify. That is where the change is saved; if it cannot be, there is no notification, the object
is again what is on disk, and the request fails.
"""

import contextlib
import errno
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.s3 import BadDigest
from localstack.config import INTERNAL_RESOURCE_ACCOUNT
from localstack.services.s3.constants import S3_CHUNK_SIZE
from localstack.services.s3.exceptions import InvalidRequest
from localstack.services.s3.models import S3Bucket, S3Object
from localstack.services.s3.provider import S3Provider
from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore
from localstack.services.s3.utils import get_unique_key_id

from scones_localstack.journal.documents import bucket_document, object_document
from scones_localstack.journal.files import BrokenEntryError, JournalFiles
from scones_localstack.journal.replay import replay, restore_object, store_of

LOG = logging.getLogger(__name__)
_LOCKS = 64
_FULL = (errno.ENOSPC, errno.EDQUOT)


class JournaledS3Provider(S3Provider):
    """S3 that a restart does not empty.

    Attributes:
        restored_objects: how many objects were on disk at the start.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        """Restore what is on disk.

        Args:
            folder: the journal.
            temporary: for LocalStack's own copies of larger objects; lost with the process.

        Raises:
            OSError: the journal cannot be written, or there is no space.
        """
        super().__init__(EphemeralS3ObjectStore(str(temporary)))
        self._files = JournalFiles(folder)
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self.restored_objects = replay(self._files, self._storage_backend)

    def create_bucket(self, context: RequestContext, request: Any) -> Any:
        """Create a bucket and save it."""
        name = request["Bucket"]
        response = super().create_bucket(context, request)
        if context.account_id != INTERNAL_RESOURCE_ACCOUNT and not self._files.has_bucket(name):
            try:
                self._save_bucket(context, name)
            except OSError as error:
                super().delete_bucket(context, name)
                raise self._refusal(error, name) from error
        return response

    def delete_bucket(self, context: RequestContext, bucket: str, *rest: Any, **more: Any) -> None:
        """Delete a bucket, on disk as well."""
        super().delete_bucket(context, bucket, *rest, **more)
        self._files.remove_bucket(bucket)

    def put_bucket_versioning(
        self, context: RequestContext, bucket: str, *rest: Any, **more: Any
    ) -> None:
        """Set the versioning of a bucket and save it."""
        super().put_bucket_versioning(context, bucket, *rest, **more)
        try:
            self._save_bucket(context, bucket)
        except OSError as error:
            raise self._refusal(error, bucket) from error

    def put_object(self, context: RequestContext, request: Any) -> Any:
        """Put an object; one that is refused leaves what was there."""
        with self._all_or_nothing(context, request["Bucket"], request["Key"]):
            return super().put_object(context, request)

    def copy_object(self, context: RequestContext, request: Any) -> Any:
        """Copy an object; if there is no space, what was there stays."""
        with self._all_or_nothing(context, request["Bucket"], request["Key"]):
            return super().copy_object(context, request)

    def post_object(self, context: RequestContext, bucket: str, *rest: Any, **more: Any) -> Any:
        """Put an object from a form; one that is refused leaves what was there."""
        key = context.request.form.get("key", "")
        if (file := context.request.files.get("file")) and file.filename:
            key = key.replace("${filename}", file.filename)
        with self._all_or_nothing(context, bucket, key):
            return super().post_object(context, bucket, *rest, **more)

    def complete_multipart_upload(
        self, context: RequestContext, bucket: str, key: str, *rest: Any, **more: Any
    ) -> Any:
        """Make an object of its parts; if there is no space, what was there stays."""
        with self._all_or_nothing(context, bucket, key):
            return super().complete_multipart_upload(context, bucket, key, *rest, **more)

    def upload_part(self, context: RequestContext, request: Any) -> Any:
        """Take a part; if there is no space, it is refused."""
        try:
            return super().upload_part(context, request)
        except OSError as error:
            raise self._refusal(error, request["Bucket"], request["Key"]) from error

    def _notify(
        self,
        context: RequestContext,
        s3_bucket: S3Bucket,
        s3_object: Any = None,
        s3_notif_ctx: Any = None,
    ) -> None:
        key = s3_object.key if s3_object else s3_notif_ctx.key_name
        try:
            # What LocalStack stores for itself, such as functions' code, comes with a redeployment.
            if s3_bucket.bucket_account_id != INTERNAL_RESOURCE_ACCOUNT:
                self._save(s3_bucket, key)
        except OSError as error:
            self._take_back(s3_bucket, key)
            raise self._refusal(error, s3_bucket.name, key) from error
        super()._notify(context, s3_bucket, s3_object, s3_notif_ctx)

    def _save(self, bucket: S3Bucket, key: str) -> None:
        """Bring what is on disk under a key in line with the store, whatever has changed."""
        with self._lock(bucket, key):
            while current := _current(bucket, key):
                # A file that somebody deletes meanwhile is closed under its readers: look again.
                with contextlib.suppress(_ChangedError, ValueError):
                    self._save_object(bucket, current)
                    return
            self._files.remove(bucket.name, key)

    def _save_object(self, bucket: S3Bucket, current: S3Object) -> None:
        # No writer can come between bytes and metadata while they are open for reading.
        with self._storage_backend.open(bucket.name, current, "r") as stored:
            if _current(bucket, current.key) is not current:
                raise _ChangedError
            key_id = get_unique_key_id(bucket.name, current.key, current.version_id)
            self._files.save(
                bucket.name,
                current.key,
                object_document(current, store_of(bucket).tags.get_tags(key_id)),
                iter(lambda: stored.read(S3_CHUNK_SIZE), b""),
            )

    def _take_back(self, bucket: S3Bucket, key: str) -> None:
        """Bring the store in line with what is on disk under a key."""
        with self._lock(bucket, key):
            if current := _current(bucket, key):
                # A file that could not be written to the end fails again at its next use.
                with contextlib.suppress(OSError):
                    self._storage_backend.remove(bucket.name, current)
                bucket.objects.pop(key, *([current.version_id] if bucket.versioning_status else []))
            try:
                if entry := self._files.read(bucket.name, key):
                    restore_object(self._storage_backend, bucket, entry)
            except (OSError, BrokenEntryError):
                LOG.exception("s3://%s/%s will be back at the next start", bucket.name, key)

    @contextlib.contextmanager
    def _all_or_nothing(self, context: RequestContext, bucket: str, key: str) -> Iterator[None]:
        try:
            yield
        except (OSError, BadDigest, InvalidRequest) as error:
            # LocalStack has emptied its copy of the old object by now.
            self._take_back(self._get_cross_account_bucket(context, bucket)[1], key)
            if isinstance(error, OSError):
                raise self._refusal(error, bucket, key) from error
            raise

    def _lock(self, bucket: S3Bucket, key: str) -> threading.Lock:
        return self._locks[hash((bucket.name, key)) % _LOCKS]

    def _save_bucket(self, context: RequestContext, name: str) -> None:
        _, bucket = self._get_cross_account_bucket(context, name)
        self._files.save_bucket(name, bucket_document(bucket))

    def _refusal(self, error: OSError, *place: str) -> CommonServiceException:
        message = (
            f"s3://{'/'.join(place)} cannot be saved in {self._files.folder}: "
            f"{error.strerror or error}. Nothing has changed."
        )
        LOG.error(message)
        if error.errno in _FULL:
            # Not 500: clients would repeat that at once.
            return CommonServiceException("InsufficientStorage", f"{message} Make room.", 507)
        return CommonServiceException("InternalError", message, 500)


class _ChangedError(Exception):
    """An object has been replaced or deleted before it could be saved."""


def _current(bucket: S3Bucket, key: str) -> S3Object | None:
    found = bucket.objects.get(key)
    return found if isinstance(found, S3Object) else None
