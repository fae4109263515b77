"""S3, as the server itself reaches it: by links and forms that the API has signed."""

from collections.abc import Mapping

import urllib3
from django.conf import settings

from scones.web.photos.api import ApiError, Form

_POOL = urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(3.0, 30.0))
MOST_BYTES = 40 * 1024 * 1024


def seen_from_here(url: str) -> str:
    """Return an address of S3 as this server reaches it: in containers it may have another name."""
    site = settings.SITE
    if site.storage_url:
        for origin in site.storage_origins:
            if url.startswith(f"{origin}/"):
                return f"{site.storage_url}{url.removeprefix(origin)}"
    return url


def put(form: Form, photo: bytes, name: str, content_type: str) -> None:
    """Post a photo by its form.

    Raises:
        ApiError: S3 refuses it, or does not answer.
    """
    fields: Mapping[str, str | tuple[str, bytes, str]] = {
        **form.fields,
        "file": (name, photo, content_type),
    }
    answer = _request("POST", form.url, fields=fields)
    if answer.status >= 300:
        raise ApiError(502, f"The storage refused the photo ({answer.status}).")


def get(url: str) -> bytes:
    """Load what a link leads to.

    Raises:
        ApiError: It leads nowhere, or S3 does not answer.
    """
    answer = _request("GET", url, preload_content=False)
    try:
        if answer.status != 200:
            raise ApiError(502, f"The storage does not give the picture ({answer.status}).")
        body = answer.read(MOST_BYTES + 1)
    finally:
        answer.release_conn()
    if len(body) > MOST_BYTES:
        raise ApiError(502, "The picture is too large to pass on.")
    return bytes(body)


def _request(method: str, url: str, **what: object) -> urllib3.BaseHTTPResponse:
    try:
        return _POOL.request(method, seen_from_here(url), **what)  # type: ignore[arg-type]
    except urllib3.exceptions.HTTPError as error:
        raise ApiError(502, "The storage does not answer. Try again in a moment.") from error
