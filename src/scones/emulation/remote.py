"""Services that another program starts, in containers: asked whether they answer."""

from urllib.parse import urlsplit

import urllib3

from scones.emulation.process import Health, ServiceStatus
from scones.profiles import Profile

ANSWER_SECONDS = 3.0
READY_PATH = "/_scones/ready"


def statuses(target: Profile) -> list[ServiceStatus]:
    """Look at the services of an emulated profile from outside, in the order of their start."""
    urls = {
        "inbox": target.inbox_url,
        "localstack": target.localstack_url,
        "sagemaker": target.sagemaker_url,
    }
    return [_status(name, url) for name, url in urls.items() if url is not None]


def _status(name: str, url: str) -> ServiceStatus:
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    page_url = f"{url}/" if name == "inbox" else None

    def found(health: Health, detail: str = "") -> ServiceStatus:
        return ServiceStatus(name, health, port, detail=detail, host=host, page_url=page_url)

    try:
        answer = urllib3.request("GET", url + READY_PATH, timeout=ANSWER_SECONDS, retries=False)
        document = answer.json()
    except urllib3.exceptions.NewConnectionError:
        return found(Health.STOPPED, f"nothing answers at {url}")
    except urllib3.exceptions.HTTPError as error:
        return found(Health.UNRESPONSIVE, f"{url} does not answer: {error}")
    except ValueError:
        document = None
    if not isinstance(document, dict) or "ready" not in document:
        return found(Health.PORT_TAKEN, f"another program answers at {url}")
    if answer.status != 200:
        return found(Health.UNRESPONSIVE, f"{url} answers, and is not ready")
    return found(Health.RUNNING)
