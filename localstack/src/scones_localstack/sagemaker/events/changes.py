"""State changes are noted when they are kept, and delivered afterwards, one after the other."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.events.detail import EVENT_TYPES, arn_of, detail, stage
from scones_localstack.sagemaker.events.outbox import Event, Outbox
from scones_localstack.sagemaker.store import Resource

SOURCE = "aws.sagemaker"
_AWAY_SECONDS = 2.0
_log = logging.getLogger(__name__)


class StateChanges:
    """The events of this service, from the change to EventBridge."""

    def __init__(self, path: Path, aws: Aws) -> None:
        self._outbox = Outbox(path)
        self._aws = aws
        self._noted = asyncio.Event()
        self._delivering = asyncio.Lock()
        self._away = False

    def close(self) -> None:
        """Close the outbox; what waits is delivered by the next service."""
        self._outbox.close()

    def note(self, resource: Resource) -> None:
        """Take a resource as it is kept now; a state that AWS would tell becomes an event."""
        new = stage(resource)
        if new is None:
            return
        arn = arn_of(resource)
        if self._outbox.told(arn) == new:
            return
        entry = {
            "Source": SOURCE,
            "DetailType": EVENT_TYPES[resource.kind].name,
            "Resources": [arn],
            "Detail": json.dumps(detail(resource)),
        }
        self._outbox.add(arn, new, resource.region, entry)
        self._noted.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._noted.clear()
            try:
                await self.flush()
            except Exception:
                _log.exception("delivering events; the next attempt follows")
                self._away = True
            if self._away:
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                await self._noted.wait()

    async def flush(self) -> None:
        """Deliver what waits, up to the first event that EventBridge does not take."""
        async with self._delivering:
            while event := self._outbox.first():
                try:
                    await asyncio.to_thread(self._put, event)
                except (BotoCoreError, ClientError) as error:
                    if not self._away:
                        _log.warning("EventBridge does not take events; they are kept: %s", error)
                    self._away = True
                    return
                self._away = False
                self._outbox.remove(event)

    def _put(self, event: Event) -> None:
        """Send one event; blocks. What EventBridge will never take is logged and given up."""
        entry = event.entry | {"Time": datetime.fromtimestamp(event.happened, UTC)}
        try:
            answer = self._aws.client("events", event.region).put_events(Entries=[entry])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
                raise
            _refused(entry, str(error))
        else:
            if answer["FailedEntryCount"]:
                _refused(entry, str(answer["Entries"][0]))


def _refused(entry: dict[str, Any], why: str) -> None:
    _log.error("EventBridge refuses an event of %s: %s", entry["Resources"][0], why)
