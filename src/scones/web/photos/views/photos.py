"""One photo: its card while it is looked at, its page, its files."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from scones.web.photos import storage
from scones.web.photos.answers import refusal
from scones.web.photos.api import ApiError
from scones.web.photos.following import follow, links
from scones.web.photos.models import Photo, Status

FIRST_LOOK_MS, LAST_LOOK_MS = 300, 4_000


def _photo(request: HttpRequest, photo_id: str) -> Photo:
    return get_object_or_404(Photo.objects.of(request), id=photo_id)


def _followed(request: HttpRequest, photo_id: str) -> dict[str, Any]:
    """Return a photo, brought up to date, and in how many milliseconds to look again."""
    photo = _photo(request, photo_id)
    trouble = ""
    try:
        follow(photo)
    except ApiError as error:
        trouble = error.message
    age = (timezone.now() - photo.created).total_seconds() * 1000
    wait = min(max(FIRST_LOOK_MS, age / 5), LAST_LOOK_MS)
    return {"photo": photo, "wait_ms": round(wait), "trouble": trouble}


@require_GET
@cache_control(no_store=True)
def card(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Show a photo in small; it asks for itself again until it is done."""
    return render(request, "site/parts/card.html", _followed(request, photo_id))


@require_GET
@cache_control(no_store=True)
def page(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Show a photo with what was found in it."""
    shown = _followed(request, photo_id)
    name = "site/parts/result.html" if request.headers.get("HX-Request") else "site/photo.html"
    return render(request, name, shown)


@require_GET
@cache_control(private=True, max_age=50)
def original(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Lead to the photo itself, in S3."""
    return _lead_to(_photo(request, photo_id), "photo")


@require_GET
@cache_control(private=True, max_age=86400)
def thumbnail(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Answer the small picture of what was classified."""
    picture = _photo(request, photo_id).thumbnail
    if picture is None:
        raise Http404
    return HttpResponse(bytes(picture), content_type="image/jpeg")


@require_GET
def download_annotated(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Answer the picture with the boxes drawn, as a file."""
    photo = _photo(request, photo_id)
    try:
        body = storage.get(links(photo)["annotated"])
    except KeyError:
        return refusal(request, 404, "There is no picture with boxes of this photo.")
    except ApiError as error:
        return refusal(request, error.status, error.message)
    png = body.startswith(b"\x89PNG")
    kind = ("image/png", "png") if png else ("image/jpeg", "jpg")
    return _file(photo, body, *kind)


@require_GET
def download_json(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Answer what was found, as a file."""
    photo = _photo(request, photo_id)
    if photo.status != Status.DONE:
        raise Http404
    body = json.dumps(photo.document(), indent=2).encode() + b"\n"
    return _file(photo, body, "application/json", "json")


@require_POST
def delete(request: HttpRequest, photo_id: str) -> HttpResponse:
    """Forget a photo."""
    _photo(request, photo_id).delete()
    if request.headers.get("HX-Request"):
        return HttpResponse("")
    return redirect("gallery")


def _lead_to(photo: Photo, which: str) -> HttpResponse:
    try:
        return redirect(links(photo)[which])
    except (KeyError, ApiError) as error:
        raise Http404 from error


def _file(photo: Photo, body: bytes, content_type: str, suffix: str) -> HttpResponse:
    stem = slugify(photo.name.rpartition(".")[0] or photo.name) or "photo"
    answer = HttpResponse(body, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{stem}-boxes.{suffix}"'
    return answer
