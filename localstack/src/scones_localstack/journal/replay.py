"""The journal put back into LocalStack's S3: straight into its store, and nobody is notified."""

import logging
import time
from typing import Any

from localstack.services.s3.models import S3Bucket, S3Store, s3_stores
from localstack.services.s3.storage.core import S3ObjectStore
from localstack.services.s3.utils import get_unique_key_id, is_bucket_name_valid

from scones_localstack.journal.documents import bucket_document, bucket_from, object_from
from scones_localstack.journal.files import BrokenEntryError, Document, Entry, JournalFiles

LOG = logging.getLogger(__name__)
_NOT_OURS = (ValueError, TypeError, KeyError, AttributeError)


def replay(files: JournalFiles, storage: S3ObjectStore) -> int:
    """Restore every bucket and object.

    Args:
        files: where they were saved; what is broken is moved aside there.
        storage: where LocalStack keeps the bytes.

    Returns:
        The number of objects.

    Raises:
        OSError: there is no space for LocalStack's own copy.
    """
    number, start = 0, time.monotonic()
    for name, document in files.buckets():
        if not is_bucket_name_valid(name):
            LOG.error("S3 journal: %r is not the name of a bucket; left alone", name)
            continue
        bucket = _restore_bucket(files, storage, name, document)
        for entry in files.entries(name):
            try:
                restore_object(storage, bucket, entry)
                number += 1
            except _NOT_OURS as error:
                files.set_aside_entry(entry, error)
    LOG.info("S3: %d objects restored in %.2f s", number, time.monotonic() - start)
    return number


def restore_object(storage: S3ObjectStore, bucket: S3Bucket, entry: Entry) -> None:
    """Put one object into a bucket, in place of what is there under its key.

    Raises:
        BrokenEntryError: its bytes are not those that were saved.
        ValueError, TypeError, KeyError, AttributeError: its document is not ours.
        OSError: there is no space for LocalStack's own copy.
    """
    s3_object = object_from(entry.document)
    etag, size = s3_object.etag, s3_object.size
    saved_tags = dict(entry.document.get("tags", {}))
    with entry.open() as content, storage.open(bucket.name, s3_object, "w") as stored:
        stored.write(content)
        # Writing has set both anew. An ETag is the MD5, unless it is that of a multipart upload.
        found, s3_object.etag = s3_object.etag, etag
        if s3_object.size != size or ("-" not in str(etag) and found != etag):
            raise BrokenEntryError(f"the MD5 of its content is {found}, not {etag}")
        bucket.objects.set(s3_object.key, s3_object)
    tags = store_of(bucket).tags
    key_id = get_unique_key_id(bucket.name, s3_object.key, s3_object.version_id)
    tags.delete_all_tags(key_id)
    tags.update_tags(key_id, saved_tags)


def store_of(bucket: S3Bucket) -> S3Store:
    """Return the store of LocalStack's that a bucket's tags are in."""
    return s3_stores[bucket.bucket_account_id][bucket.bucket_region]


def _restore_bucket(
    files: JournalFiles, storage: S3ObjectStore, name: str, document: Document | None
) -> S3Bucket:
    try:
        bucket = bucket_from(name, document or {})
        store: Any = store_of(bucket)
    except _NOT_OURS as error:
        LOG.error("S3 journal: bucket %s is not as it was: %s", name, error)
        document, bucket = None, bucket_from(name, {})
        store = store_of(bucket)
    if document is None:
        files.save_bucket(name, bucket_document(bucket))
        LOG.warning("S3 journal: bucket %s is now in %s", name, bucket.bucket_region)
    store.buckets[name] = bucket
    store.global_bucket_map[name] = bucket.bucket_account_id
    storage.create_bucket(name)
    return bucket
