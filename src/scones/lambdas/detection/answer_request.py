"""Answer the REST API: detect, classify, uploads and results; api/openapi.json describes it.

    in   a request, as API Gateway's proxy integration hands it over
    out  {"statusCode", "headers", "body", "isBase64Encoded"?}

Environment: UPLOADS_BUCKET, DETECTOR_NAME, DETECTOR_CLASSES, CLASSIFIER_NAME, CLASSES, THRESHOLD.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from . import storage
from .drawing import draw
from .faults import Fault, InvalidRequest, PhotoTooLarge, UnknownUpload, UnsupportedType
from .looking import classify, detect
from .photos import FORMATS, encode, open_photo
from .record import recorded
from .rest import Request, answer, picture_answer, threshold_of
from .storage import State

DETECTION_SECONDS = 600  # three attempts and the minutes between them


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request, faults included; the entry point for Lambda."""
    with recorded("answer_request", context) as line:
        line["operation"] = f"{event.get('httpMethod')} {event.get('resource')}"
        try:
            request = Request.read(event)
            result = OPERATIONS[request.operation](request)
        except Fault as fault:
            line["fault"] = f"{type(fault).__name__}: {fault}"
            result = answer(fault.status, {"message": str(fault)})
        line["status"] = result["statusCode"]
        return result


def answer_detect(request: Request) -> dict[str, Any]:
    """Return the objects in the photo, or the photo with their boxes."""
    threshold = threshold_of(request.query.get("threshold", storage.DEFAULT_THRESHOLD))
    image = open_photo(request.photo())
    found = detect(image, threshold, storage.new_id())
    if (content_type := request.wanted_picture) is None:
        return answer(200, found)
    return picture_answer(encode(draw(image, found["objects"]), content_type), content_type)


def answer_classify(request: Request) -> dict[str, Any]:
    """Return what the photo shows."""
    return answer(200, classify(open_photo(request.photo())))


def answer_upload(request: Request) -> dict[str, Any]:
    """Return a form by which a photo goes straight to S3, and the id of its result."""
    document = request.json()
    content_type, size = document.get("content_type"), document.get("size")
    if unknown := set(document) - {"content_type", "size", "threshold"}:
        raise InvalidRequest(f"the request knows no '{sorted(unknown)[0][:40]}'")
    if content_type not in FORMATS:
        raise UnsupportedType(f"content_type is none of {', '.join(FORMATS)}")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise InvalidRequest("size is no number of bytes: 1 or more")
    if size > storage.UPLOAD_LIMIT_BYTES:
        limit = storage.UPLOAD_LIMIT_BYTES
        raise PhotoTooLarge(f"the photo has {size:,} bytes, an upload at most {limit:,}")
    threshold = threshold_of(document.get("threshold", storage.DEFAULT_THRESHOLD))
    upload_id = storage.new_id()
    storage.write_status(upload_id, State.WAITING, threshold=threshold)
    limits = {"expires_in": storage.FORM_SECONDS, "max_bytes": storage.UPLOAD_LIMIT_BYTES}
    return answer(201, {"id": upload_id, **storage.form(upload_id, content_type), **limits})


def answer_result(request: Request) -> dict[str, Any]:
    """Return the status of an upload and, once it is DONE, what was found."""
    upload_id = request.path.get("id", "")
    status = storage.read_status(upload_id) if storage.is_id(upload_id) else None
    if status is None:
        raise UnknownUpload(f"there is no upload '{upload_id[:40]}'")
    status = in_time(status)
    public = ("id", "status", "message")
    shown: dict[str, Any] = {str(name): status[name] for name in public if name in status}
    if status["status"] != State.DONE:
        return answer(200, shown)
    return answer(200, shown | (storage.read_result(upload_id) or {}) | links(status))


def in_time(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the status, FAILED where what it waits for can no longer come."""
    age = time.time() - status["updated"]
    if status["status"] == State.WAITING and age > storage.FORM_SECONDS:
        message = "nothing was uploaded while the form was good: ask for another one"
    elif status["status"] == State.DETECTING and age > DETECTION_SECONDS:
        message = "the detection did not end in time: upload the photo again"
    else:
        return dict(status)
    return {**status, "status": State.FAILED, "message": message}


def links(status: Mapping[str, Any]) -> dict[str, Any]:
    """Return the addresses of photo, drawn picture and result."""
    upload_id, suffix = status["id"], status["suffix"]
    keys = {
        "photo": (storage.photo_key(upload_id), f"photo-{upload_id[:8]}.{suffix}"),
        "annotated": (storage.result_key(upload_id, suffix), f"objects-{upload_id[:8]}.{suffix}"),
        "json": (storage.result_key(upload_id), f"objects-{upload_id[:8]}.json"),
    }
    return {"links": {what: storage.link(key, name=name) for what, (key, name) in keys.items()}}


OPERATIONS: Mapping[str, Callable[[Request], dict[str, Any]]] = {
    "POST /detect": answer_detect,
    "POST /classify": answer_classify,
    "POST /uploads": answer_upload,
    "GET /results/{id}": answer_result,
}
