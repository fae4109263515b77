"""How often one address may ask for work."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django_ratelimit.core import is_ratelimited

from scones.web.photos.answers import refusal

type View = Callable[..., HttpResponse]


def limited(view: View) -> View:
    """Answer 429 to more POST requests a minute from one address than the settings allow."""

    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        rate = f"{settings.SITE.uploads_a_minute}/m"
        if is_ratelimited(
            request, group="uploads", key="ip", rate=rate, method="POST", increment=True
        ):
            return refusal(request, 429, "Too many photos at once. Go on in a minute.")
        return view(request, *args, **kwargs)

    return checked
