"""SNS gives every email the same subject, "SNS-Subscriber-Endpoint", and a sender of its own.

AWS uses the message's subject, or "AWS Notification Message" where it has none, and sends from
no-reply@sns.amazonaws.com (https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html).
"""

from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
SENDER = "no-reply@sns.amazonaws.com"
DEFAULT_SUBJECT = "AWS Notification Message"


def apply() -> None:
    """Replace how the publisher of emails sends one."""
    from localstack.services.sns.publisher import EmailJsonTopicPublisher

    EmailJsonTopicPublisher._publish = _publish


def _publish(self: Any, context: Any, subscriber: dict[str, str]) -> None:
    from localstack.aws.connect import connect_to
    from localstack.utils.aws.arns import extract_account_id_from_arn, extract_region_from_arn

    topic_arn = subscriber["TopicArn"]
    ses = connect_to(
        aws_access_key_id=extract_account_id_from_arn(topic_arn),
        region_name=extract_region_from_arn(topic_arn),
    ).ses
    ses.verify_email_address(EmailAddress=SENDER)
    text = self.prepare_message(
        context.message, subscriber, topic_attributes=context.topic_attributes
    )
    ses.send_email(
        Source=SENDER,
        Destination={"ToAddresses": [subscriber["Endpoint"]]},
        Message={
            "Subject": {"Data": context.message.subject or DEFAULT_SUBJECT},
            "Body": {"Text": {"Data": text}},
        },
    )
