"""Photos come in: by a form for S3, or, from browsers without JavaScript, through the server."""

import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from scones.web.photos import intake, storage
from scones.web.photos.answers import refusal
from scones.web.photos.api import ApiError, Form, api
from scones.web.photos.limits import limited
from scones.web.photos.models import Photo, Tool

LOG = logging.getLogger(__name__)
RECENT = 8


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the place to drop photos, and the latest ones."""
    recent = Photo.objects.of(request).filter(tool=Tool.DETECT, status="DONE")[:RECENT]
    return render(request, "site/home.html", {"recent": recent})


@require_POST
@limited
def create(request: HttpRequest) -> HttpResponse:
    """Answer a form for S3, as JSON: {id, url, fields, card}."""
    try:
        name, content_type, size = _asked(json.loads(request.body))
        form = api().form(content_type, size)
        _require_known(form)
    except (ValueError, KeyError, TypeError):
        return refusal(request, 400, "Send JSON with name, content_type and size.")
    except intake.RefusedError as error:
        return refusal(request, 400, str(error))
    except ApiError as error:
        return refusal(request, error.status, error.message)
    photo = _remember(request, form, name, content_type, size)
    card = reverse("card", args=[photo.id])
    document = {"id": form.id, "url": form.url, "fields": form.fields, "card": card}
    return JsonResponse(document, status=201)


@require_POST
@limited
def send(request: HttpRequest) -> HttpResponse:
    """Take photos themselves, check them, pass them on to S3, and show them."""
    files = request.FILES.getlist("photos")
    if not files:
        return refusal(request, 400, "Choose one photo or more.")
    try:
        photos = [_pass_on(request, file) for file in files]
    except intake.RefusedError as error:
        return refusal(request, 400, str(error))
    except ApiError as error:
        return refusal(request, error.status, error.message)
    return redirect(photos[0] if len(photos) == 1 else "gallery")


def _asked(document: Any) -> tuple[str, str, int]:
    """Return name, content type and size that a script asks for.

    Raises:
        RefusedError: They are out of their limits.
    """
    name = str(document["name"])[:200] or "photo"
    content_type, size = str(document["content_type"]), int(document["size"])
    if content_type not in intake.CONTENT_TYPES.values():
        raise intake.RefusedError("Only PNG and JPEG pictures are taken.")
    if not 0 < size <= intake.MAX_UPLOAD_BYTES:
        raise intake.RefusedError("The file is empty, or larger than 20 MB.")
    return name, content_type, size


def _pass_on(request: HttpRequest, file: "UploadedFile[bytes]") -> Photo:
    accepted = intake.accept(file.read(intake.MAX_UPLOAD_BYTES + 1), intake.MAX_UPLOAD_BYTES)
    form = api().form(accepted.content_type, len(accepted.data))
    name = (file.name or "photo")[:200]
    storage.put(form, accepted.data, name, accepted.content_type)
    return _remember(request, form, name, accepted.content_type, len(accepted.data))


def _remember(request: HttpRequest, form: Form, name: str, content_type: str, size: int) -> Photo:
    owner = request.user if request.user.is_authenticated else None
    return Photo.objects.create(
        id=form.id,
        owner=owner,
        tool=Tool.DETECT,
        name=name,
        content_type=content_type,
        size=size,
        expires=timezone.now() + timedelta(seconds=form.expires_in),
    )


def _require_known(form: Form) -> None:
    """Return only if browsers may post to where the form leads.

    Raises:
        ApiError: The policy of our pages does not allow it; the log says what to set.
    """
    parts = urlsplit(form.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin not in settings.SITE.storage_origins:
        LOG.error("photos go to %s: add it to SCONES_WEB_STORAGE_ORIGINS", origin)
        raise ApiError(502, "The site is not set up for the API's storage.")
