"""The address a request comes from, behind as many proxies as there are and no more.

Each proxy appends the address it has been asked from to X-Forwarded-For; what stands further left
is the client's own claim.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def client_address(forwarded: str, remote: str, proxies: int) -> str:
    """Return the address that the outermost of our proxies was asked from.

    Args:
        forwarded: The header X-Forwarded-For.
        remote: Where the connection comes from.
        proxies: How many of the last addresses were written by our own.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return hops[-proxies] if 0 < proxies <= len(hops) else remote


class ClientAddressMiddleware:
    """Puts the client's address where everything else looks for it: REMOTE_ADDR."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on with its client's address."""
        request.META["REMOTE_ADDR"] = client_address(
            request.META.get("HTTP_X_FORWARDED_FOR", ""),
            request.META.get("REMOTE_ADDR", ""),
            settings.SITE.proxies,
        )
        return self._get_response(request)
