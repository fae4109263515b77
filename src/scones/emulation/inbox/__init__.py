"""The local inbox: it takes the notification emails and shows them on a page.

    SMTP ──smtp──▶ store (one file per email) ──page──▶ HTML and JSON for a person
                                              └─read──▶ `scones demo`, tests

On AWS the emails of an SNS subscription go to their owner; here LocalStack hands them to this
server. Run as `python -m scones.emulation.inbox --port 4525 --http-port 4526 --directory FOLDER`.
"""

from scones.emulation.inbox.smtp import probe
from scones.emulation.inbox.store import ReceivedEmail, read

__all__ = ["ReceivedEmail", "probe", "read"]
