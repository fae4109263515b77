"""Emptying and deleting buckets, old versions and unfinished uploads included."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from scones.deploy.artifacts import bucket_exists
from scones.errors import DeployError
from scones.progress import SILENT, Reporter

_DELETE_LIMIT = 1_000  # DeleteObjects: most keys in a call


def remove_bucket(s3: Any, bucket: str, *, reporter: Reporter = SILENT) -> bool:
    """Empty and delete a bucket; return whether there was one.

    Raises:
        DeployError: S3 refuses to delete an object or the bucket.
    """
    if not bucket_exists(s3, bucket):
        return False
    reporter.note(f"emptying the bucket {bucket}")
    deleted = 0
    for batch in _batches(s3, bucket):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
        if errors := answer.get("Errors"):
            raise DeployError(
                f"cannot delete s3://{bucket}/{errors[0]['Key']}: {errors[0].get('Message', '')}"
            )
        deleted += len(batch)
        reporter.progress(f"emptying {bucket}", deleted, None, "objects")
    _abort_uploads(s3, bucket)
    try:
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        raise DeployError(
            f"cannot delete the bucket '{bucket}': {error.response['Error']['Message']}: "
            "something still writes to it; run `scones destroy` again"
        ) from error
    return True


def _batches(s3: Any, bucket: str) -> Iterator[list[dict[str, str]]]:
    """Yield all versions and delete markers, as many at a time as one call deletes."""
    for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": _DELETE_LIMIT}
    ):
        entries = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for kind in ("Versions", "DeleteMarkers")
            for entry in page.get(kind, [])
        ]
        if entries:
            yield entries


def _abort_uploads(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
