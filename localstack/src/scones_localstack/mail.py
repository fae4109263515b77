"""SES that sends: what is accepted is handed to an SMTP server, as AWS would hand it on.

LocalStack's open core keeps accepted emails in a list. Here they go out as well, to the server
that `--smtp` names; without one this SES does what LocalStack's does. An email that the server does
not take is logged and lost, as one that bounces is.
"""

import logging
import smtplib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from localstack.aws.api import RequestContext, handler
from localstack.services.ses.provider import SesProvider

from scones_localstack.settings import Settings

SMTP_SECONDS = 10.0
LOG = logging.getLogger(__name__)


class SendingSesProvider(SesProvider):
    """SES with an SMTP server behind it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._smtp = settings.smtp

    @handler("SendEmail")
    def send_email(
        self,
        context: RequestContext,
        source: str,
        destination: dict[str, list[str]],
        message: dict[str, Any],
        **rest: Any,
    ) -> Any:
        """Accept a formatted email and send it."""
        response = super().send_email(context, source, destination, message, **rest)
        recipients = [address for addresses in destination.values() for address in addresses]
        self._send(compose(source, destination, message), source, recipients)
        return response

    def _send(self, email: EmailMessage, source: str, recipients: list[str]) -> None:
        if self._smtp is None:
            return
        host, _, port = self._smtp.rpartition(":")
        try:
            with smtplib.SMTP(host, int(port), timeout=SMTP_SECONDS) as server:
                server.send_message(email, from_addr=source, to_addrs=recipients)
        except (OSError, smtplib.SMTPException) as error:
            LOG.error("Email to %s could not be sent: %s", ", ".join(recipients), error)


def compose(
    source: str, destination: dict[str, list[str]], message: dict[str, Any]
) -> EmailMessage:
    """Make the email of a SendEmail request.

    Args:
        source: the sender's address.
        destination: ToAddresses and CcAddresses; BccAddresses stay out of the headers.
        message: Subject and Body, as SES's Message structure has them.
    """
    email = EmailMessage()
    email["From"] = source
    for header, name in (("To", "ToAddresses"), ("Cc", "CcAddresses")):
        if addresses := destination.get(name):
            email[header] = ", ".join(addresses)
    email["Subject"] = " ".join(message["Subject"]["Data"].split())
    email["Date"] = formatdate()
    email["Message-ID"] = make_msgid(domain="email.amazonses.com")
    body = message["Body"]
    if text := body.get("Text"):
        email.set_content(text["Data"])
    if html := body.get("Html"):
        add = email.add_alternative if text else email.set_content
        add(html["Data"], subtype="html")
    return email
