"""What SES accepts and SNS publishes arrives as an email."""

import email.policy
from email.message import EmailMessage
from email.parser import BytesParser

from scones_localstack.mail import compose


def test_an_email_has_its_parts_and_keeps_hidden_recipients_hidden() -> None:
    made = compose(
        "a@example.com",
        {"ToAddresses": ["b@example.com"], "BccAddresses": ["hidden@example.com"]},
        {
            "Subject": {"Data": "two\nlines"},
            "Body": {"Text": {"Data": "plain ✓"}, "Html": {"Data": "<p>rich</p>"}},
        },
    )
    read = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(made.as_bytes())
    assert read["Subject"] == "two lines"
    assert "hidden" not in made.as_string()
    assert "plain ✓" in read.get_body(("plain",)).get_content()
    assert "<p>rich</p>" in read.get_body(("html",)).get_content()
