"""The REST API as a client sees it: photos in; objects, pictures with boxes, or classes out.

`api/openapi.json` describes it. A photo goes through the API itself, or, where it is larger than a
request may be, by a form straight to S3; the result of the latter is asked for until it is there.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3

from scones.aws import Aws
from scones.errors import ApiError

CONTENT_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
ANSWER_SECONDS = 35.0  # API Gateway gives up after 29
UPLOAD_SECONDS = 300.0
RESULT_SECONDS = 240.0  # three attempts, and the three minutes between them
FIRST_POLL_SECONDS = 0.2
LONGEST_POLL_SECONDS = 2.0
# API Gateway refuses what passes the usage plan's rate before anything is done, so that POST may be
# sent again, too. The waits: 0, 0.4, 0.8, 1.6, 3 and 3 seconds, and up to 0.1 s more each.
THROTTLED = urllib3.Retry(
    total=6,
    connect=0,
    read=0,
    redirect=0,
    other=0,
    status_forcelist=(429,),
    allowed_methods=None,
    backoff_factor=0.2,
    backoff_max=3.0,
    backoff_jitter=0.1,
    raise_on_status=False,
    respect_retry_after_header=False,
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A form, and the id of its result.

    Attributes:
        id: 32 hexadecimal digits.
        url: Where the form goes.
        fields: Its fields, to be sent before the file.
        max_bytes: S3 refuses a larger file.
    """

    id: str
    url: str
    fields: Mapping[str, str]
    max_bytes: int


class RestApi:
    """The API at one address, asked with one key; too many requests are spread over seconds."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._pool = urllib3.PoolManager(timeout=ANSWER_SECONDS, retries=False)

    def detect(self, photo: bytes, *, threshold: float | None = None) -> dict[str, Any]:
        """Return the objects in a photo.

        Raises:
            ApiError: The API refuses the photo or fails; the message is its own.
        """
        path = "/detect" if threshold is None else f"/detect?threshold={threshold:g}"
        return self._json(self._photo(path, photo, "application/json"))

    def annotated(self, photo: bytes, *, threshold: float | None = None) -> bytes:
        """Return a photo with its objects' boxes drawn, in its own format.

        Raises:
            ApiError: The API refuses the photo or fails.
        """
        path = "/detect" if threshold is None else f"/detect?threshold={threshold:g}"
        return bytes(self._photo(path, photo, content_type_of(photo)))

    def classify(self, photo: bytes) -> dict[str, Any]:
        """Return what a photo shows.

        Raises:
            ApiError: The API refuses the photo or fails.
        """
        return self._json(self._photo("/classify", photo, "application/json"))

    def ask_upload(self, content_type: str, size: int, *, threshold: float | None = None) -> Upload:
        """Return a form for a photo.

        Raises:
            ApiError: The API refuses type or size.
        """
        wanted: dict[str, Any] = {"content_type": content_type, "size": size}
        if threshold is not None:
            wanted["threshold"] = threshold
        headers = {"Content-Type": "application/json"}
        answer = self._json(self._ask("POST", "/uploads", json.dumps(wanted).encode(), headers))
        return Upload(answer["id"], answer["url"], answer["fields"], answer["max_bytes"])

    def send(self, upload: Upload, photo: bytes) -> None:
        """Send a photo by a form.

        Raises:
            ApiError: S3 refuses it.
        """
        fields = {**upload.fields, "file": ("photo", photo, upload.fields["Content-Type"])}
        answer = self._request("POST", upload.url, fields=fields, timeout=UPLOAD_SECONDS)
        if answer.status not in (200, 201, 204):
            raise ApiError(
                f"S3 refuses the photo with status {answer.status}: {answer.data[:200]!r}"
            )

    def result(self, upload_id: str) -> dict[str, Any]:
        """Return what has become of an upload.

        Raises:
            ApiError: There is no such upload.
        """
        return self._json(self._ask("GET", f"/results/{upload_id}", None, {}))

    def await_result(
        self, upload_id: str, *, on_status: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Return an upload's result once it is DONE.

        Args:
            upload_id: The upload.
            on_status: Told each answer.

        Raises:
            ApiError: It FAILED, or took longer than RESULT_SECONDS.
        """
        deadline = time.monotonic() + RESULT_SECONDS
        interval = FIRST_POLL_SECONDS
        while (found := self.result(upload_id))["status"] not in ("DONE", "FAILED"):
            if on_status:
                on_status(found)
            if time.monotonic() > deadline:
                raise ApiError(
                    f"upload {upload_id} is {found['status']} after {RESULT_SECONDS:.0f} s"
                    f"{': ' + found['message'] if 'message' in found else ''}"
                )
            time.sleep(interval)
            interval = min(1.5 * interval, LONGEST_POLL_SECONDS)
        if found["status"] == "FAILED":
            raise ApiError(str(found.get("message", "the detection failed")))
        return found

    def download(self, link: str) -> bytes:
        """Return what lies at a presigned address.

        Raises:
            ApiError: Nothing does.
        """
        answer = self._request("GET", link, timeout=UPLOAD_SECONDS)
        if answer.status != 200:
            raise ApiError(f"S3 answers {answer.status} for {link.partition('?')[0]}")
        return bytes(answer.data)

    def _photo(self, path: str, photo: bytes, accept: str) -> bytes:
        headers = {"Content-Type": content_type_of(photo), "Accept": accept}
        return self._ask("POST", path, photo, headers)

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        answer = self._request(
            *(method, self._url + path),
            body=body,
            headers={"x-api-key": self._key, **headers},
            retries=THROTTLED,
        )
        if answer.status not in (200, 201):
            raise ApiError(_told(answer), answer.status)
        return bytes(answer.data)

    def _request(self, method: str, url: str, **more: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, url, **more)
        except urllib3.exceptions.HTTPError as error:
            host = url.partition("?")[0]
            raise ApiError(f"nothing answers at {host}: {error}") from error

    @staticmethod
    def _json(body: bytes) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(body)
        except ValueError as error:
            raise ApiError(f"the API answers no JSON but {body[:80]!r}") from error
        return document


def rest_api(aws: Aws, url: str, key_id: str) -> RestApi:
    """Return the API of a stack, with the key that GetApiKey gives out."""
    key = aws.client("apigateway").get_api_key(apiKey=key_id, includeValue=True)
    return RestApi(url, key["value"])


def content_type_of(photo: bytes) -> str:
    """Return image/png or image/jpeg, by the first bytes.

    Raises:
        ApiError: The photo is neither.
    """
    for signature, content_type in CONTENT_TYPES.items():
        if photo.startswith(signature):
            return content_type
    raise ApiError("the photo is neither PNG nor JPEG: convert it", 415)


def _told(answer: urllib3.BaseHTTPResponse) -> str:
    try:
        message = json.loads(answer.data)["message"]
    except (ValueError, KeyError, TypeError):
        message = answer.data[:200].decode(errors="replace")
    remedy = ": run `scones deploy` for a key that fits" if answer.status == 403 else ""
    return f"the API answers {answer.status}: {message}{remedy}"
