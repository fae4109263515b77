"""Container logs on their way to CloudWatch Logs.

A container appends to a file in the state folder, and the file is the buffer: what has been
delivered is a position in it, kept in the store. While LocalStack is away the position stays where
it is; when the service is started again the delivery goes on from there. A batch whose delivery was
cut off by a kill may arrive twice.
"""

import asyncio
import contextlib
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.store import Shipment, Store, now

ENDPOINT_GROUP = "/aws/sagemaker/Endpoints"

_INTERVAL_SECONDS = 0.5
_AWAY_SECONDS = 2.0
_READ_BYTES = 512 * 1024
_LINE_BYTES = 200_000
_BATCH_EVENTS = 5_000
_CUT_BYTES = 16 * 1024 * 1024
_log = logging.getLogger(__name__)


@dataclass
class _Delivery:
    """A shipment under way.

    Attributes:
        shipment: its record.
        endless: the file may be emptied when it has been delivered, so that it does not grow.
        closed: nothing more will be written to the file.
        created: the log stream exists.
        lock: held by whoever delivers.
        last: the delivery of the rest.
    """

    shipment: Shipment
    endless: bool = False
    closed: bool = False
    created: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    last: asyncio.Task[None] | None = None


class LogShipper:
    """Delivers what is appended to log files, about every half second."""

    def __init__(self, aws: Aws, store: Store) -> None:
        self._aws = aws
        self._store = store
        self._away = False
        self._deliveries = {
            shipment.path: _Delivery(shipment, closed=True) for shipment in store.shipments()
        }

    def ship(self, shipment: Shipment, *, endless: bool = False) -> None:
        """Deliver from now on what is appended to a file that nobody has written to before.

        Args:
            shipment: which file, and where to.
            endless: empty the file whenever it has become long and has been delivered.
        """
        self._store.save_shipment(shipment)
        self._deliveries[shipment.path] = _Delivery(shipment, endless)

    async def close(self, path: Path, timeout_seconds: float) -> None:
        """Nothing more will be written to this file: deliver the rest of it.

        Waits for the delivery for a while; where LocalStack is away it goes on in the background.
        """
        delivery = self._deliveries.get(path)
        if delivery is None:
            return
        delivery.closed = True
        # Not cancelled at the timeout: a batch whose fate is unknown would be sent twice.
        delivery.last = asyncio.create_task(self._deliver(delivery))
        await asyncio.wait([delivery.last], timeout=timeout_seconds)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self._deliver_in_turn()
            except Exception:
                _log.exception("delivering logs; the next attempt follows")
            await asyncio.sleep(_AWAY_SECONDS if self._away else _INTERVAL_SECONDS)

    async def flush(self) -> None:
        """Deliver once all that there is."""
        await self._deliver_in_turn()

    async def _deliver_in_turn(self) -> None:
        for delivery in list(self._deliveries.values()):
            await self._deliver(delivery)
            if self._away:
                break

    async def _deliver(self, delivery: _Delivery) -> None:
        """Deliver a file to its present end."""
        shipment = delivery.shipment
        async with delivery.lock:
            while True:
                lines, position = _read_lines(shipment, to_the_end=delivery.closed)
                if position == shipment.position:
                    break
                if not await self._put(delivery, lines):
                    return
                shipment.position = position
                self._store.save_shipment(shipment)
            if delivery.closed:
                self._store.remove_shipment(shipment)
                self._deliveries.pop(shipment.path, None)
            elif delivery.endless and shipment.position > _CUT_BYTES:
                self._cut(shipment)

    def _cut(self, shipment: Shipment) -> None:
        """Empty a log that has been delivered, so that a server's log does not fill the disk."""
        if shipment.path.stat().st_size == shipment.position:
            os.truncate(shipment.path, 0)
            shipment.position = 0
            self._store.save_shipment(shipment)

    async def _put(self, delivery: _Delivery, lines: list[str]) -> bool:
        try:
            await asyncio.to_thread(self._put_events, delivery, lines)
        except (ClientError, BotoCoreError) as error:
            if not self._away:
                _log.warning("CloudWatch Logs does not take logs; they are kept: %s", error)
            self._away = True
            return False
        self._away = False
        return True

    def _put_events(self, delivery: _Delivery, lines: list[str]) -> None:
        shipment = delivery.shipment
        client = self._aws.client("logs", shipment.region)
        if not delivery.created:
            _create_stream(client, shipment)
            delivery.created = True
        timestamp = int(now() * 1000)
        for start in range(0, len(lines), _BATCH_EVENTS):
            batch = {
                "logGroupName": shipment.group,
                "logStreamName": shipment.stream,
                "logEvents": [
                    {"timestamp": timestamp, "message": line}
                    for line in lines[start : start + _BATCH_EVENTS]
                ],
            }
            try:
                client.put_log_events(**batch)
            except client.exceptions.ResourceNotFoundException:
                # A LocalStack that was started again has forgotten it.
                _create_stream(client, shipment)
                client.put_log_events(**batch)


def _create_stream(client: Any, shipment: Shipment) -> None:
    names = {"logGroupName": shipment.group}
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_group(**names)
    with contextlib.suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_log_stream(**names, logStreamName=shipment.stream)


def _read_lines(shipment: Shipment, *, to_the_end: bool) -> tuple[list[str], int]:
    """Return the next whole lines that are not blank, and the position after them.

    Args:
        shipment: where to read.
        to_the_end: take a last line without a line feed too.
    """
    try:
        with shipment.path.open("rb") as file:
            file.seek(shipment.position)
            chunk = file.read(_READ_BYTES)
    except FileNotFoundError:
        return [], shipment.position
    end = chunk.rfind(b"\n") + 1
    if end == 0 and (to_the_end or len(chunk) >= _LINE_BYTES):
        end = min(len(chunk), _LINE_BYTES)
    elif to_the_end and len(chunk) < _READ_BYTES:
        end = len(chunk)
    # A progress bar that rewrites its line with carriage returns counts as lines.
    text = chunk[:end].decode(errors="replace")
    lines = [line[:_LINE_BYTES] for line in text.splitlines() if line.strip()]
    return lines, shipment.position + end
