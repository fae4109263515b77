"""Draw what was found on an uploaded photo.

    in   {"detected": [id, ...]}, alone or as `responsePayload` of Lambda's destination event
    out  {"annotated": [id, ...]}; the pictures lie beside the results

Environment: UPLOADS_BUCKET, ATTEMPTS.
"""

from typing import Any

from . import storage
from .attempts import attempt
from .drawing import draw
from .faults import UnknownUpload
from .photos import SUFFIXES, content_type_of, encode, open_photo
from .record import recorded
from .storage import State


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Draw each upload that was looked at; the entry point for Lambda."""
    with recorded("annotate_image", context) as line:
        line["ids"] = event.get("responsePayload", event)["detected"]
        for upload_id in line["ids"]:
            annotate(upload_id, context.aws_request_id)
        return {"annotated": line["ids"]}


def annotate(upload_id: str, request_id: str) -> None:
    """Draw one upload, and say that it is DONE."""
    status = storage.read_status(upload_id) or {}
    with attempt(upload_id, status, request_id):
        result = storage.read_result(upload_id)
        if result is None:
            raise UnknownUpload(f"there is no result for upload '{upload_id}'")
        photo, _ = storage.read_photo(upload_id)
        content_type = content_type_of(photo)
        picture = encode(draw(open_photo(photo), result["objects"]), content_type)
        suffix = SUFFIXES[content_type]
        storage.write_picture(upload_id, picture, content_type, suffix)
        storage.write_status(
            upload_id,
            State.DONE,
            threshold=result["threshold"],
            etag=status.get("etag"),
            suffix=suffix,
        )
