"""Whether LocalStack can be used: `GET /_scones/ready` answers 503 until S3 has been restored."""

import logging
import os
from dataclasses import dataclass
from typing import Any

from localstack.http import Request, Response
from localstack.runtime import hooks
from localstack.services.edge import ROUTER
from localstack.services.plugins import SERVICE_PLUGINS

from scones_localstack.settings import Settings

LOG = logging.getLogger(__name__)
READY_PATH = "/_scones/ready"


@dataclass
class Readiness:
    """What `GET /_scones/ready` answers: 503, then 200 once restored, or 500 if that failed."""

    restored_objects: int | None = None
    error: str | None = None

    def answer(self, _request: Request) -> Response:
        """Handle one request."""
        ready = self.restored_objects is not None
        document: dict[str, Any] = {
            "ready": ready,
            "pid": os.getpid(),
            "state_dir": str(Settings.from_environment().state_dir),
            "restored_objects": self.restored_objects or 0,
        }
        if self.error:
            document["error"] = self.error
        response = Response(status=200 if ready else 500 if self.error else 503)
        response.set_json(document)
        return response


_READINESS = Readiness()


@hooks.on_infra_start()
def announce() -> None:
    """Add the route, before the gateway listens."""
    ROUTER.add(READY_PATH, _READINESS.answer, methods=["GET"])


@hooks.on_infra_ready()
def restore_s3() -> None:
    """Load the S3 provider, which restores the journal, before LocalStack calls itself ready."""
    try:
        provider = SERVICE_PLUGINS.require("s3")._provider
        _READINESS.restored_objects = getattr(provider, "restored_objects", 0)
    except Exception as error:
        LOG.exception("S3 could not be restored from %s", Settings.from_environment().s3_dir)
        _READINESS.error = f"{type(error).__name__}: {error}"
