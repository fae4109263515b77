"""GET /health: whether the site works, for load balancers, Compose and people.

It is a middleware and stands first: a load balancer asks by an address of its own, which is no host
of the site's, and by HTTP.
"""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

PATH = "/health"


class HealthMiddleware:
    """Answers GET /health; passes on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return 200 where the database answers, else 503."""
        if request.path != PATH:
            return self._get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM photos_photo LIMIT 1")
        except DatabaseError:
            return JsonResponse({"status": "no database"}, status=503)
        return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
