"""A template that is larger than a request takes: CloudFormation reads it from S3."""

import hashlib
from dataclasses import replace
from typing import Any

from scones.deploy.stack import StackChange
from scones.deploy.template import BODY_LIMIT_BYTES


def placed(s3: Any, change: StackChange) -> StackChange:
    """Return a change as CloudFormation takes it, its template in S3 where it is too large.

    Args:
        s3: The client; the artifacts bucket is there.
        change: What a stack is to be.
    """
    body = change.template_body.encode()
    if len(body) <= BODY_LIMIT_BYTES:
        return change
    digest = hashlib.sha256(body).hexdigest()[:16]
    key = f"templates/{change.stack_name}-{digest}.yaml"
    s3.put_object(Bucket=change.bucket, Key=key, Body=body)
    return replace(change, template_url=f"{s3.meta.endpoint_url}/{change.bucket}/{key}")
