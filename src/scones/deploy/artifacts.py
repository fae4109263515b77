"""The bucket that holds code and definitions: made if missing, filled with what it lacks."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from scones.deploy.package import Artifact
from scones.errors import DeployError
from scones.progress import SILENT, Reporter
from scones.tags import as_list

# CreateBucket there refuses its own name as a location.
_REGION_WITHOUT_CONSTRAINT = "us-east-1"


def ensure_bucket(
    s3: Any,
    bucket: str,
    region: str,
    *,
    tags: Mapping[str, str] | None = None,
    kms_key_arn: str = "",
    reporter: Reporter = SILENT,
) -> None:
    """Make the bucket unless it is there; see that it is tagged, encrypted and not public.

    Raises:
        DeployError: The name belongs to another account, or S3 refuses it.
    """
    try:
        if not bucket_exists(s3, bucket):
            s3.create_bucket(Bucket=bucket, **_location(region))
            reporter.note(f"made the bucket {bucket}")
        _secure(s3, bucket, kms_key_arn)  # also one whose making was interrupted
        if tags:
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": as_list(tags)})
    except ClientError as error:
        raise DeployError(
            f"cannot make the bucket '{bucket}': {error.response['Error']['Message']}"
        ) from error


def bucket_exists(s3: Any, bucket: str) -> bool:
    """Return whether there is a bucket of ours with this name.

    Raises:
        DeployError: There is one that belongs to somebody else.
    """
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status in (301, 403):
            raise DeployError(
                f"bucket '{bucket}' cannot be used: it belongs to another account or region, "
                "or your credentials may not read it"
            ) from error
        raise
    return True


def upload_missing(
    s3: Any, bucket: str, artifacts: Sequence[Artifact], *, reporter: Reporter = SILENT
) -> int:
    """Upload the artifacts that the bucket lacks; return how many.

    A key has its content's hash, so an object that is there is the right one.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    present = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
    missing = [artifact for artifact in artifacts if artifact.key not in present]
    for artifact in missing:
        s3.put_object(Bucket=bucket, Key=artifact.key, Body=artifact.body)
        reporter.note(f"uploaded {artifact.key} ({len(artifact.body):,} bytes)")
    return len(missing)


def _location(region: str) -> dict[str, dict[str, str]]:
    if region == _REGION_WITHOUT_CONSTRAINT:
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def _secure(s3: Any, bucket: str, kms_key_arn: str) -> None:
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {
        "Sid": "EncryptedTransportOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": everything,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [_encryption(kms_key_arn)]},
    )


def _encryption(kms_key_arn: str) -> dict[str, Any]:
    if not kms_key_arn:
        return {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key_arn}
    return {"ApplyServerSideEncryptionByDefault": by_key, "BucketKeyEnabled": True}
