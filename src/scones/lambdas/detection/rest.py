"""A request as API Gateway hands it to a function, and the answer that it wants back."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .faults import InvalidRequest, PhotoTooLarge, UnsupportedType
from .photos import FORMATS

# Lambda carries 6,291,456 bytes, in which a picture is base64: three quarters, less the headers.
PICTURE_LIMIT_BYTES = 4_500_000
PHOTO_TYPES = {*FORMATS, "application/x-image"}  # API Gateway's binary media types


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        operation: Method and resource, such as "POST /detect".
        headers: By name in lower case.
        query: The query string's parameters, the last of each name.
        path: The path's parameters.
        body: As sent.
    """

    operation: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> "Request":
        """Return the request of a proxy integration's event.

        Raises:
            InvalidRequest: The body is not the base64 that it is said to be.
        """
        text, binary = event.get("body") or "", bool(event.get("isBase64Encoded"))
        try:
            body = base64.b64decode(text, validate=True) if binary else text.encode()
        except binascii.Error as error:
            raise InvalidRequest(f"the body is not base64: {error}") from error
        return cls(
            operation=f"{event['httpMethod']} {event['resource']}",
            headers={name.lower(): v for name, v in (event.get("headers") or {}).items()},
            query=event.get("queryStringParameters") or {},
            path=event.get("pathParameters") or {},
            body=body,
        )

    @property
    def wanted_picture(self) -> str | None:
        """The picture's type that Accept names first; None where it wants JSON.

        API Gateway turns base64 into bytes by the first type of Accept only.
        """
        first = self.headers.get("accept", "").split(",")[0].partition(";")[0].strip().lower()
        return first if first in FORMATS else None

    def photo(self) -> bytes:
        """Return the body as a photo's bytes, of which only the number is checked.

        Raises:
            UnsupportedType: Its Content-Type is no photo's: API Gateway would have spoilt it.
            PhotoTooLarge: It is larger than the answer could be.
        """
        sent = self.headers.get("content-type", "no Content-Type")
        if sent.partition(";")[0].strip().lower() not in PHOTO_TYPES:
            raise UnsupportedType(f"send a photo as image/png or image/jpeg, not as {sent[:60]}")
        if len(self.body) > PICTURE_LIMIT_BYTES:
            raise PhotoTooLarge(
                f"the photo has {len(self.body):,} bytes, a request carries "
                f"{PICTURE_LIMIT_BYTES:,}: ask POST /uploads for a form"
            )
        return self.body

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object.

        Raises:
            InvalidRequest: It is none.
        """
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise InvalidRequest(f"the body is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise InvalidRequest("the body is no JSON object")
        return document


def answer(status: int, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON answer."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(document)}


def picture_answer(picture: bytes, content_type: str) -> dict[str, Any]:
    """Return a picture as an answer.

    Raises:
        PhotoTooLarge: It is larger than an answer can be.
    """
    if len(picture) > PICTURE_LIMIT_BYTES:
        raise PhotoTooLarge(
            f"the drawn picture has {len(picture):,} bytes, an answer carries "
            f"{PICTURE_LIMIT_BYTES:,}: ask for application/json, or POST /uploads for a form"
        )
    return {
        "statusCode": 200,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store"},
        "isBase64Encoded": True,
        "body": base64.b64encode(picture).decode("ascii"),
    }


def threshold_of(value: Any) -> float:
    """Return a threshold, 0 to 1.

    Raises:
        InvalidRequest: It is none.
    """
    try:
        threshold = float(value)
        if isinstance(value, bool) or not 0 <= threshold <= 1:
            raise ValueError
    except (TypeError, ValueError):
        shown = str(value)[:40]
        raise InvalidRequest(f"threshold '{shown}' is no number between 0 and 1") from None
    return threshold
