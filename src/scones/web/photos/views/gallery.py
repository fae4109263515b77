"""Past results."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from scones.web.photos.models import Photo, Tool

PER_PAGE = 24


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Show the photos, newest first, all or those of one tool."""
    photos = Photo.objects.of(request).defer("thumbnail")
    tool = request.GET.get("tool", "")
    if tool in Tool.values:
        photos = photos.filter(tool=tool)
    page = Paginator(photos, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "site/gallery.html", {"page": page, "tool": tool})
