"""The uploads bucket: photos, results and the status of each upload, by its id.

uploads/ID          the photo, as it was uploaded
status/ID.json      {"id", "status", "message"?, "threshold", "updated", ...}
results/ID.json     {"id", "image", "threshold", "objects"}
results/ID.png|jpg  the photo with boxes and labels
"""

import enum
import functools
import json
import os
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

UPLOADS_BUCKET_ENV = "UPLOADS_BUCKET"
DEFAULT_THRESHOLD = 0.5
UPLOAD_LIMIT_BYTES = 20_971_520
FORM_SECONDS = 900
LINK_SECONDS = 3_600

_ID = re.compile(r"[0-9a-f]{32}")
_UPLOAD_KEY = re.compile(r"uploads/([0-9a-f]{32})")
_ABSENT = {"NoSuchKey", "404", "NotFound"}


class State(enum.StrEnum):
    """What has become of an upload."""

    WAITING = "WAITING"
    DETECTING = "DETECTING"
    DONE = "DONE"
    FAILED = "FAILED"


def new_id() -> str:
    """Return an id that nobody can guess."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Return whether a text is an id: 32 hexadecimal digits and nothing else."""
    return _ID.fullmatch(text) is not None


def id_of(key: str) -> str | None:
    """Return the id of a photo's key; None for any other key."""
    found = _UPLOAD_KEY.fullmatch(key)
    return found[1] if found else None


def photo_key(upload_id: str) -> str:
    """Return where the photo lies."""
    return f"uploads/{upload_id}"


def result_key(upload_id: str, suffix: str = "json") -> str:
    """Return where the result, or with another suffix the drawn picture, lies."""
    return f"results/{upload_id}.{suffix}"


def read_photo(upload_id: str) -> tuple[bytes, str]:
    """Return a photo's bytes, at most one more than UPLOAD_LIMIT_BYTES, and its ETag."""
    answer = s3().get_object(Bucket=bucket(), Key=photo_key(upload_id))
    with answer["Body"] as body:
        return bytes(body.read(UPLOAD_LIMIT_BYTES + 1)), str(answer["ETag"])


def read_status(upload_id: str) -> dict[str, Any] | None:
    """Return an upload's status; None where nobody asked for a form and nothing arrived."""
    return _read(f"status/{upload_id}.json")


def write_status(upload_id: str, state: State, **more: Any) -> dict[str, Any]:
    """Write an upload's status, and return it; of the former one nothing stays."""
    status = {"id": upload_id, "status": state, "updated": time.time()}
    status |= {name: value for name, value in more.items() if value is not None}
    _write(f"status/{upload_id}.json", status)
    return status


def read_result(upload_id: str) -> dict[str, Any] | None:
    """Return what was found; None where there is nothing yet."""
    return _read(result_key(upload_id))


def write_result(result: Mapping[str, Any]) -> None:
    """Write what was found."""
    _write(result_key(result["id"]), result)


def write_picture(upload_id: str, picture: bytes, content_type: str, suffix: str) -> None:
    """Write the drawn picture."""
    s3().put_object(
        Bucket=bucket(), Key=result_key(upload_id, suffix), Body=picture, ContentType=content_type
    )


def form(upload_id: str, content_type: str) -> dict[str, Any]:
    """Return a presigned POST, for this key, this type and a size up to UPLOAD_LIMIT_BYTES."""
    signed = s3().generate_presigned_post(
        bucket(),
        photo_key(upload_id),
        Fields={"Content-Type": content_type},
        Conditions=[
            {"Content-Type": content_type},
            ["content-length-range", 1, UPLOAD_LIMIT_BYTES],
        ],
        ExpiresIn=FORM_SECONDS,
    )
    return {"url": signed["url"], "fields": signed["fields"]}


def link(key: str, *, name: str) -> str:
    """Return an address by which a browser downloads an object under a file name."""
    parameters = {
        "Bucket": bucket(),
        "Key": key,
        "ResponseContentDisposition": f'inline; filename="{name}"',
    }
    return str(s3().generate_presigned_url("get_object", parameters, ExpiresIn=LINK_SECONDS))


def bucket() -> str:
    """Return the uploads bucket's name."""
    return os.environ[UPLOADS_BUCKET_ENV]


def _read(key: str) -> dict[str, Any] | None:
    try:
        with s3().get_object(Bucket=bucket(), Key=key)["Body"] as body:
            document: dict[str, Any] = json.loads(body.read())
            return document
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT:
            return None
        raise


def _write(key: str, document: Mapping[str, Any]) -> None:
    body = json.dumps(document, separators=(",", ":")).encode()
    s3().put_object(Bucket=bucket(), Key=key, Body=body, ContentType="application/json")


@functools.cache
def s3() -> Any:
    """Return S3's client, made once per execution environment."""
    config = Config(
        signature_version="s3v4",  # the only one that a form may have in every region
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    return boto3.client("s3", config=config)
