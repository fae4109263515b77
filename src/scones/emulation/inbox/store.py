"""Emails as files: written whole or not at all, named after their arrival, never changed."""

import email.policy
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path

_STAMP = "%Y%m%dT%H%M%S.%fZ"
_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
_RECIPIENTS = "X-Envelope-To"
_PARSED = 512  # emails kept in memory, so that a page that refreshes itself costs nothing


@dataclass(frozen=True)
class ReceivedEmail:
    """One email as it arrived.

    Attributes:
        received: When (UTC).
        to: The recipients that the SMTP client named.
        sender: The From header.
        subject: The subject, decoded.
        text: The plain text; of an email without one the HTML source; else nothing.
        path: The file, the whole email in it.
    """

    received: datetime
    to: str
    sender: str
    subject: str
    text: str
    path: Path

    @property
    def id(self) -> str:
        """What names the email in addresses: its file's name without the suffix."""
        return self.path.stem


def keep(directory: Path, recipients: Sequence[str], content: bytes) -> Path:
    """Write an email; return its file."""
    path = directory / f"{datetime.now(UTC):{_STAMP}}-{uuid.uuid4().hex[:8]}.eml"
    partial = path.with_suffix(".partial")
    to = ", ".join(recipients).encode()
    partial.write_bytes(_RECIPIENTS.encode() + b": " + to + b"\r\n" + content)
    os.replace(partial, path)
    return path


def read(directory: Path, since: datetime | None = None) -> Iterator[ReceivedEmail]:
    """Yield the emails in order of arrival.

    Args:
        directory: The inbox folder.
        since: Only emails received at this time (UTC) or later.
    """
    for path in files(directory):
        if since is None or _received(path) >= since:
            yield parse(path)


def files(directory: Path) -> list[Path]:
    """Return the emails' files in order of arrival."""
    return sorted(path for path in directory.glob("*.eml") if _ID.fullmatch(path.stem))


def find(directory: Path, email_id: str) -> Path | None:
    """Return the file of an email, or None where there is none of this id."""
    path = directory / f"{email_id}.eml"
    return path if _ID.fullmatch(email_id) and path.is_file() else None


@lru_cache(maxsize=_PARSED)
def parse(path: Path) -> ReceivedEmail:
    """Read one email."""
    parser = BytesParser(EmailMessage, policy=email.policy.default)
    message = parser.parsebytes(path.read_bytes())
    return ReceivedEmail(
        received=_received(path),
        to=str(message[_RECIPIENTS] or message["To"] or ""),
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        text=_text(message).replace("\r\n", "\n"),
        path=path,
    )


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, ValueError):  # a character set that is unknown, or is not the real one
        content = body.get_payload(decode=True)
        return content.decode(errors="replace") if isinstance(content, bytes) else str(content)


def _received(path: Path) -> datetime:
    return datetime.strptime(path.name.split("-")[0], _STAMP).replace(tzinfo=UTC)
