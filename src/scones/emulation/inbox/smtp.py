"""The SMTP side: every email that arrives is kept, whoever it is for."""

import asyncio
import os
import smtplib
import uuid
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from scones.emulation.inbox import store

MAX_EMAIL_BYTES = 1 << 20


class _Keeper:
    """Keeps each email as one file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        body = content if isinstance(content, bytes) else content.encode()
        path = store.keep(self._directory, envelope.rcpt_tos, body)
        print(f"kept {path.name} for {', '.join(envelope.rcpt_tos)}", flush=True)
        return "250 Message accepted for delivery"

    async def handle_VRFY(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str
    ) -> str:
        """Answer with the server's pid, by which the supervisor recognises it."""
        return f"252 {_fingerprint(self._directory)} pid={os.getpid()}"


async def listen(host: str, port: int, directory: Path) -> asyncio.Server:
    """Start to receive emails into a folder.

    Raises:
        OSError: The port is taken.
    """
    loop = asyncio.get_running_loop()
    keeper = _Keeper(directory)

    def connection() -> SMTP:
        return SMTP(keeper, data_size_limit=MAX_EMAIL_BYTES, hostname="inbox", loop=loop)

    return await loop.create_server(connection, host, port)


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
