"""Ask the detector what is where in an uploaded photo.

    in   S3's event for objects under uploads/
    out  {"detected": [id, ...]}, which Lambda hands to annotate_image

Each upload is looked at once: an event that S3 delivers twice, for the same bytes, changes nothing.
Environment: UPLOADS_BUCKET, DETECTOR_NAME, DETECTOR_CLASSES (a JSON list), ATTEMPTS.
"""

from typing import Any
from urllib.parse import unquote_plus

from . import storage
from .attempts import attempt
from .faults import PhotoTooLarge
from .looking import detect
from .photos import open_photo
from .record import recorded
from .storage import State


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer S3's event with the ids of what was looked at; the entry point for Lambda."""
    with recorded("detect_objects", context) as line:
        keys = [unquote_plus(entry["s3"]["object"]["key"]) for entry in event["Records"]]
        ids = [(key, storage.id_of(key)) for key in keys]
        line["ignored"] = [key for key, upload_id in ids if upload_id is None]
        line["ids"] = [upload_id for _, upload_id in ids if upload_id]
        found = [upload_id for upload_id in line["ids"] if look(upload_id, context.aws_request_id)]
        return {"detected": found}


def look(upload_id: str, request_id: str) -> bool:
    """Find the objects of one upload and write the result; return whether there is one to draw."""
    photo, etag = storage.read_photo(upload_id)
    status = storage.read_status(upload_id) or {}
    if status.get("status") == State.DONE and status.get("etag") == etag:
        return False
    status["etag"] = etag
    with attempt(upload_id, status, request_id):
        if len(photo) > storage.UPLOAD_LIMIT_BYTES:
            raise PhotoTooLarge(
                f"the photo has more than the {storage.UPLOAD_LIMIT_BYTES:,} bytes allowed"
            )
        threshold = status.get("threshold", storage.DEFAULT_THRESHOLD)
        storage.write_result(detect(open_photo(photo), threshold, upload_id))
        return True
    return False
