"""The REST API, as the site asks it: the only way to the detector and the classifier.

Its document is api/openapi.json. The key is sent from here and goes nowhere else.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import urllib3
from django.conf import settings

TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)
RESULT_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)
# Beyond the usage plan's rate the API refuses before it does anything. Waits of 0, 0.4, 0.8 and
# 1.6 s, and up to 0.2 s more each: a person waits for it, and so does one of the site's threads.
THROTTLED = urllib3.Retry(
    total=4,
    connect=0,
    read=0,
    redirect=0,
    other=0,
    status_forcelist=(429,),
    allowed_methods=None,
    backoff_factor=0.2,
    backoff_jitter=0.2,
    raise_on_status=False,
    respect_retry_after_header=False,
)


class ApiError(Exception):
    """The API did not do it.

    Attributes:
        status: Its HTTP status; 502 where it did not answer at all.
        message: What it said, for a person.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Form:
    """A form by which one photo goes to S3.

    Attributes:
        id: The photo's id from now on.
        url: Where to post.
        fields: What to post before the file.
        expires_in: For how many seconds it is good.
        max_bytes: What S3 takes.
    """

    id: str
    url: str
    fields: dict[str, str]
    expires_in: int
    max_bytes: int


class Api:
    """One REST API and its key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._pool = urllib3.PoolManager(maxsize=16, retries=THROTTLED)

    def form(self, content_type: str, size: int) -> Form:
        """Ask for an upload form."""
        body = json.dumps({"content_type": content_type, "size": size}).encode()
        answer = self._ask("POST", "/uploads", body, "application/json")
        return Form(**{name: answer[name] for name in Form.__dataclass_fields__})

    def result(self, photo_id: str) -> dict[str, Any]:
        """Ask what became of an upload."""
        return self._ask("GET", f"/results/{quote(photo_id, safe='')}", timeout=RESULT_TIMEOUT)

    def classify(self, photo: bytes, content_type: str) -> dict[str, Any]:
        """Ask what a photo shows."""
        return self._ask("POST", "/classify", photo, content_type)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str | None = None,
        timeout: urllib3.Timeout = TIMEOUT,
    ) -> dict[str, Any]:
        """Send one request.

        Raises:
            ApiError: It was refused, failed, or was not answered.
        """
        if not (self._url and self._key):
            raise ApiError(503, "The site is not told its API: see SCONES_API_URL.")
        headers = {"x-api-key": self._key, "Accept": "application/json"}
        if content_type is not None:
            headers["Content-Type"] = content_type
        try:
            answer = self._pool.request(
                method, f"{self._url}{path}", body=body, headers=headers, timeout=timeout
            )
            document = answer.json()
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(502, "The API does not answer. Try again in a moment.") from error
        except ValueError as error:
            raise ApiError(502, f"The API answered {answer.status}, and no JSON.") from error
        if answer.status >= 400:
            raise ApiError(answer.status, str(document.get("message", answer.reason)))
        return dict(document)


@cache
def api() -> Api:
    """Return the site's API."""
    return Api(settings.SITE.api_url, settings.SITE.api_key)
