"""The local inbox: an SMTP server on loopback that keeps each email as a file.

LocalStack sends the emails of SNS subscriptions here; on AWS they go to their owner.
Run as `python -m scones.emulation.inbox --port 4525 --directory .scones/inbox`.
"""

import argparse
import asyncio
import email.policy
import os
import signal
import smtplib
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

MAX_EMAIL_BYTES = 1 << 20


@dataclass(frozen=True)
class ReceivedEmail:
    """One email as it arrived."""

    received: datetime
    to: str
    subject: str
    text: str
    path: Path


class _Keeper:
    """Keeps each email as one file, written whole or not at all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = self._directory / f"{stamp}-{uuid.uuid4().hex[:8]}.eml"
        partial = path.with_suffix(".partial")
        recipients = ", ".join(envelope.rcpt_tos).encode()
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        partial.write_bytes(b"X-Envelope-To: " + recipients + b"\r\n" + body)
        os.replace(partial, path)
        print(f"kept {path.name} for {', '.join(envelope.rcpt_tos)}", flush=True)
        return "250 Message accepted for delivery"

    async def handle_VRFY(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str
    ) -> str:
        """Answer with the server's pid, by which the supervisor recognises it."""
        return f"252 {_fingerprint(self._directory)} pid={os.getpid()}"


def read(directory: Path, since: datetime | None = None) -> Iterator[ReceivedEmail]:
    """Yield the emails in order of arrival.

    Args:
        directory: The inbox folder.
        since: Only emails received at this time (UTC) or later.
    """
    for path in sorted(directory.glob("*.eml")):
        received = datetime.strptime(path.name.split("-")[0], "%Y%m%dT%H%M%S.%fZ")
        received = received.replace(tzinfo=UTC)
        if since is not None and received < since:
            continue
        parser = BytesParser(EmailMessage, policy=email.policy.default)
        message = parser.parsebytes(path.read_bytes())
        body = message.get_body(("plain", "html"))
        yield ReceivedEmail(
            received=received,
            to=str(message["X-Envelope-To"] or message["To"]),
            subject=str(message["Subject"] or ""),
            text=body.get_content() if body is not None else "",
            path=path,
        )


def probe(port: int, directory: Path) -> int | None:
    """Return the pid of the inbox that answers on the port for this folder, or None."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=2) as client:
            code, answer = client.verify("<postmaster@inbox>")
    except (OSError, smtplib.SMTPException):
        return None
    fingerprint, _, pid = answer.decode().partition(" pid=")
    return int(pid) if code == 252 and fingerprint == _fingerprint(directory) else None


def _fingerprint(directory: Path) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, str(directory.resolve())).hex


async def _serve(port: int, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    keeper = _Keeper(directory)

    def connection() -> SMTP:
        return SMTP(keeper, data_size_limit=MAX_EMAIL_BYTES, hostname="inbox", loop=loop)

    server = await loop.create_server(connection, "127.0.0.1", port)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    print(f"inbox listens on 127.0.0.1:{port} and keeps emails in {directory}", flush=True)
    async with server:
        await stopped.wait()


def main() -> int:
    """Run the server until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.port, arguments.directory))
    except OSError as error:
        print(f"inbox cannot listen on port {arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
