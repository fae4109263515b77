"""How large a request may be, by its own word, before anything of it is read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

MAX_BODY_BYTES = 64 * 1024 * 1024


class BodyLimitMiddleware:
    """Answers 413 to a request that announces more than the site reads.

    One that announces nothing has no body: WSGI servers give none to the application then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on if it is small enough."""
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if not announced.isdecimal() or int(announced) > MAX_BODY_BYTES:
            message = f"At most {MAX_BODY_BYTES // 1024 // 1024} MB at once."
            return HttpResponse(message, status=413, content_type="text/plain")
        return self._get_response(request)
