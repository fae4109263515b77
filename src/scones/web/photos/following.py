"""A photo's row follows what the API says of it."""

from typing import Any

from django.core.cache import cache

from scones.web.photos.api import ApiError, api
from scones.web.photos.models import Photo, Status

LINK_SECONDS = 60
NEVER_CAME = "The photo did not arrive. Upload it again."


def follow(photo: Photo) -> Photo:
    """Bring a photo's row up to date, unless nothing more will happen to it.

    Raises:
        ApiError: The API fails or does not answer; the row stays as it was.
    """
    if photo.settled:
        return photo
    try:
        document = api().result(photo.id)
    except ApiError as error:
        if error.status != 404:
            raise
        document = {"status": Status.WAITING}
    if document["status"] == Status.WAITING and photo.late:
        document = {"status": Status.FAILED, "message": NEVER_CAME}
    _take(photo, document)
    return photo


def links(photo: Photo) -> dict[str, str]:
    """Return the photo's signed links: `photo`, `annotated`, `json`.

    Raises:
        ApiError: The API has none, fails or does not answer.
    """
    key = f"links-{photo.id}"
    found: dict[str, str] | None = cache.get(key)
    if found is None:
        found = dict(api().result(photo.id).get("links") or {})
        if not found:
            raise ApiError(404, "The storage has no picture yet.")
        cache.set(key, found, LINK_SECONDS)
    return found


def _take(photo: Photo, document: dict[str, Any]) -> None:
    if document["status"] == photo.status:
        return
    photo.status = Status(document["status"])
    photo.message = str(document.get("message") or "")
    if photo.status == Status.DONE:
        photo.width, photo.height = document["image"]["width"], document["image"]["height"]
        photo.threshold = document["threshold"]
        photo.objects_found = sorted(document["objects"], key=lambda found: -found["confidence"])
    photo.save()
