"""Events that EventBridge has not taken yet, and what was told last of each resource: SQLite.

The file is the outbox's own, beside the store's. It is used from the event loop's thread alone, in
WAL mode without a sync on every commit: a killed process loses nothing.
"""

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# How long EventBridge itself tries to deliver an event:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
KEPT_SECONDS = 24 * 3600

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT NOT NULL,
    happened REAL NOT NULL,
    entry TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS told (
    resource TEXT PRIMARY KEY,
    stage TEXT NOT NULL
);
"""


@dataclass(frozen=True)
class Event:
    """An event on its way.

    Attributes:
        number: its place in the order of all events.
        region: whose default bus it goes to.
        happened: seconds since the epoch.
        entry: the entry of PutEvents, without its time.
    """

    number: int
    region: str
    happened: float
    entry: dict[str, Any]


class Outbox:
    """The file, open."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        oldest = time.time() - KEPT_SECONDS
        self._db.execute("DELETE FROM waiting WHERE happened < ?", (oldest,))

    def close(self) -> None:
        """Close the file; what waits is there at the next start."""
        self._db.close()

    def told(self, arn: str) -> str | None:
        """Return the state of a resource that was told last."""
        row = self._db.execute("SELECT stage FROM told WHERE resource = ?", (arn,)).fetchone()
        return row[0] if row else None

    def add(self, arn: str, stage: str, region: str, entry: dict[str, Any]) -> None:
        """Keep an event, and that this state has been told, both or neither."""
        self._db.execute("BEGIN")
        with self._db:
            self._db.execute("REPLACE INTO told VALUES (?, ?)", (arn, stage))
            self._db.execute(
                "INSERT INTO waiting (region, happened, entry) VALUES (?, ?, ?)",
                (region, time.time(), json.dumps(entry)),
            )

    def first(self) -> Event | None:
        """Return the event that has waited longest."""
        row = self._db.execute(
            "SELECT number, region, happened, entry FROM waiting ORDER BY number LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        number, region, happened, entry = row
        return Event(number, region, happened, json.loads(entry))

    def remove(self, event: Event) -> None:
        """Forget an event that has arrived."""
        self._db.execute("DELETE FROM waiting WHERE number = ?", (event.number,))
