"""Buckets and objects of LocalStack's S3 as JSON documents, and back."""

from datetime import datetime
from typing import Any

from localstack.constants import AWS_REGION_US_EAST_1, DEFAULT_AWS_ACCOUNT_ID
from localstack.services.s3.models import S3Bucket, S3Object, VersionedKeyStore
from localstack.services.s3.utils import get_owner_for_account_id

from scones_localstack.journal.files import Document

_BUCKET_VALUES = ("acl", "location_constraint", "object_ownership", "object_lock_enabled")
_OBJECT_VALUES = (
    "version_id",
    "size",
    "etag",
    "user_metadata",
    "system_metadata",
    "storage_class",
    "checksum_algorithm",
    "checksum_value",
    "checksum_type",
    "encryption",
    "kms_key_id",
    "bucket_key_enabled",
    "sse_key_hash",
    "lock_mode",
    "lock_legal_status",
    "website_redirect_location",
    "acl",
    "owner",
    "parts",
    "restore",
)
_OBJECT_TIMES = ("last_modified", "expires", "lock_until")


def bucket_document(bucket: S3Bucket) -> Document:
    """Return what is kept of a bucket."""
    return {
        "name": bucket.name,
        "account": bucket.bucket_account_id,
        "region": bucket.bucket_region,
        "created": bucket.creation_date.isoformat(),
        "versioning": bucket.versioning_status,
        **{name: getattr(bucket, name) for name in _BUCKET_VALUES},
    }


def bucket_from(name: str, document: Document) -> S3Bucket:
    """Make a bucket from a document; what is missing in it is as in a new bucket.

    Raises:
        ValueError: the document says something that cannot be.
    """
    account = document.get("account", DEFAULT_AWS_ACCOUNT_ID)
    owner = get_owner_for_account_id(account)
    bucket = S3Bucket(name, account, document.get("region", AWS_REGION_US_EAST_1), owner)
    if created := document.get("created"):
        bucket.creation_date = datetime.fromisoformat(created)
    if versioning := document.get("versioning"):
        bucket.versioning_status = versioning
        bucket.objects = VersionedKeyStore()
    _set(bucket, document, _BUCKET_VALUES)
    return bucket


def object_document(s3_object: S3Object, tags: dict[str, str]) -> Document:
    """Return all that is known about an object except its bytes."""
    times = {name: getattr(s3_object, name) for name in _OBJECT_TIMES}
    return {
        **{name: getattr(s3_object, name) for name in _OBJECT_VALUES},
        **{name: time.isoformat() for name, time in times.items() if time},
        "tags": tags,
    }


def object_from(document: Document) -> S3Object:
    """Make an object from a document.

    Raises:
        ValueError, TypeError, KeyError: the document says something that cannot be.
    """
    s3_object = S3Object(document["key"])
    _set(s3_object, document, _OBJECT_VALUES)
    for name in _OBJECT_TIMES:
        if time := document.get(name):
            setattr(s3_object, name, datetime.fromisoformat(time))
    return s3_object


def _set(target: Any, document: Document, names: tuple[str, ...]) -> None:
    for name in names:
        if name in document:
            setattr(target, name, document[name])
