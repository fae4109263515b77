"""The report that `scones monitor` has written, where it is on this machine."""

from datetime import UTC, datetime
from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

NAME = "report.html"


def _report() -> Path | None:
    """Return the newest report."""
    folder: Path | None = settings.SITE.reports_dir
    found = [] if folder is None or not folder.is_dir() else list(folder.rglob(NAME))
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


@require_GET
def monitor(request: HttpRequest) -> HttpResponse:
    """Show the report, or say how one is made."""
    path = _report()
    written = path and datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return render(request, "site/monitor.html", {"written": written})


@require_GET
@xframe_options_sameorigin
@csp_replace(
    {
        "default-src": ["'none'"],
        # The report is one file: its style and pictures are inside it. It has no scripts.
        "style-src": ["'unsafe-inline'"],
        "img-src": ["data:"],
        "script-src": ["'none'"],
        "connect-src": ["'none'"],
        "frame-ancestors": ["'self'"],
    }
)
def report(request: HttpRequest) -> HttpResponse:
    """Answer the report itself."""
    path = _report()
    if path is None:
        raise Http404
    return HttpResponse(path.read_bytes(), content_type="text/html; charset=utf-8")
