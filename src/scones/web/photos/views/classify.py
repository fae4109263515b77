"""The second tool: what does the photo show, and where does the delivery go?"""

import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from scones.web.photos import intake
from scones.web.photos.answers import refusal
from scones.web.photos.api import ApiError, api
from scones.web.photos.limits import limited
from scones.web.photos.models import Photo, Status, Tool

RECENT = 8


@require_http_methods(["GET", "HEAD", "POST"])
@limited
def classify(request: HttpRequest) -> HttpResponse:
    """Show the place to drop photos; take one, and show what it is."""
    if request.method != "POST":
        recent = Photo.objects.of(request).filter(tool=Tool.CLASSIFY)[:RECENT]
        return render(request, "site/classify.html", {"recent": recent})
    file = request.FILES.get("photos")
    if file is None:
        return refusal(request, 400, "Choose a photo.")
    try:
        accepted = intake.accept(file.read(intake.MAX_REQUEST_BYTES + 1), intake.MAX_REQUEST_BYTES)
        answer = api().classify(accepted.data, accepted.content_type)
    except intake.RefusedError as error:
        return refusal(request, 400, str(error))
    except ApiError as error:
        return refusal(request, error.status, error.message)
    photo = Photo.objects.create(
        id=uuid.uuid4().hex,
        owner=request.user if request.user.is_authenticated else None,
        tool=Tool.CLASSIFY,
        status=Status.DONE,
        name=(file.name or "photo")[:200],
        content_type=accepted.content_type,
        size=len(accepted.data),
        width=accepted.width,
        height=accepted.height,
        thumbnail=accepted.thumbnail,
        **{name: answer[name] for name in ("label", "confidence", "threshold", "routed")},
        probabilities=answer["probabilities"],
    )
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"card": f"/photos/{photo.id}/card"}, status=201)
    return redirect(photo)
