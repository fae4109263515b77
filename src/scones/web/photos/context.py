"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from scones.web.photos import intake


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of all templates."""
    return {
        "accounts": settings.SITE.accounts,
        "max_upload_bytes": intake.MAX_UPLOAD_BYTES,
        "max_request_bytes": intake.MAX_REQUEST_BYTES,
        "max_upload_label": "20 MB",
        "max_request_label": "4.5 MB",
        "max_pixels": intake.MAX_PIXELS,
        "here": request.resolver_match.url_name if request.resolver_match else "",
    }
