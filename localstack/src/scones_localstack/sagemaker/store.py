"""What must survive a restart, in one SQLite database.

    resources   training jobs, models, endpoint configurations and endpoints, as AWS describes them
    processes   what runs now, so that a service that was killed can end it at its next start
    shipments   log files and how far each has reached CloudWatch Logs

A resource is one object as long as anybody holds it, so that a job's run and a request that reads
or tags it see the same. The database is used from the event loop's thread alone. It is in WAL mode
without a sync on every commit: a killed process loses nothing, a power failure may lose the last
moments.
"""

import json
import sqlite3
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.errors import StartError

SCHEMA_VERSION = 1

_COLUMNS = ("created", "name", "status")

_SCHEMA = """
CREATE TABLE resources (
    kind TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    status TEXT NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL,
    document TEXT NOT NULL,
    plan TEXT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (kind, region, name)
);
CREATE TABLE processes (
    pid INTEGER PRIMARY KEY,
    started REAL NOT NULL,
    purpose TEXT NOT NULL
);
CREATE TABLE shipments (
    path TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    log_group TEXT NOT NULL,
    log_stream TEXT NOT NULL,
    position INTEGER NOT NULL
);
"""


def now() -> float:
    """Return the time in seconds since the epoch, to the millisecond as AWS gives it."""
    return round(time.time(), 3)


class NameTakenError(Exception):
    """A resource of this kind, region and name exists already."""


@dataclass
class Resource:
    """One resource.

    Attributes:
        kind: as in its ARN: `training-job`, `model`, `endpoint-config`, `endpoint`.
        region: names are unique within a region, whatever their case.
        name: in the case it was created with.
        document: the Describe answer of AWS's API, times in seconds since the epoch.
        status: the resource's own status; empty for kinds that have none.
        created, modified: seconds since the epoch.
        plan: what this service needs to know beyond the document.
        tags: by key.
    """

    kind: str
    region: str
    name: str
    document: dict[str, Any]
    status: str = ""
    created: float = field(default_factory=now)
    modified: float = 0.0
    plan: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.modified = self.modified or self.created


@dataclass(frozen=True)
class Listing:
    """Which resources to list, in which order; times in seconds since the epoch.

    Attributes:
        order_by: `created`, `name`, `status`, or a member of the document.
        members: members of the document, each with `=`, `<` or `>` and a value.
    """

    name_contains: str = ""
    status: str = ""
    created_after: float = 0.0
    created_before: float = 1e12
    modified_after: float = 0.0
    modified_before: float = 1e12
    order_by: str = "created"
    descending: bool = False
    offset: int = 0
    limit: int = 10
    members: tuple[tuple[str, str, str | float], ...] = ()


@dataclass
class Shipment:
    """A log file and how many of its bytes have been delivered."""

    path: Path
    region: str
    group: str
    stream: str
    position: int = 0


class Store:
    """The database, open; see the module's docstring."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._live: weakref.WeakValueDictionary[tuple[str, str, str], Resource] = (
            weakref.WeakValueDictionary()
        )
        self._watchers: list[Callable[[Resource], None]] = []
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._db.executescript(f"{_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION};")
        elif version != SCHEMA_VERSION:
            self._db.close()
            raise StartError(
                f"{path} has schema {version}, this version has {SCHEMA_VERSION}: "
                "use the version that wrote it, or another --state-dir"
            )

    def close(self) -> None:
        """Close the database; what was saved is there at the next start."""
        self._db.close()

    # Resources

    def watch(self, watcher: Callable[[Resource], None]) -> None:
        """Have each resource shown to somebody whenever it has been added or saved."""
        self._watchers.append(watcher)

    def add(self, resource: Resource) -> None:
        """Keep a new resource.

        Raises:
            NameTakenError: there is one of this kind, region and name already.
        """
        try:
            self._db.execute(
                "INSERT INTO resources VALUES "
                "(:kind, :region, :name, :status, :created, :modified, :document, :plan, :tags)",
                _row(resource),
            )
        except sqlite3.IntegrityError as error:
            raise NameTakenError(resource.name) from error
        self._live[_key(resource)] = resource
        self._show(resource)

    def save(self, resource: Resource) -> None:
        """Keep what has changed in a resource, and when."""
        resource.modified = now()
        self._db.execute(
            "UPDATE resources SET status = :status, modified = :modified, document = :document, "
            "plan = :plan, tags = :tags WHERE kind = :kind AND region = :region AND name = :name",
            _row(resource),
        )
        self._show(resource)

    def _show(self, resource: Resource) -> None:
        for watcher in self._watchers:
            watcher(resource)

    def remove(self, resource: Resource) -> None:
        """Forget a resource."""
        self._db.execute(
            "DELETE FROM resources WHERE kind = ? AND region = ? AND name = ?",
            _key(resource),
        )
        self._live.pop(_key(resource), None)

    def find(self, kind: str, region: str, name: str) -> Resource | None:
        """Return the resource of this name in any case, or None."""
        rows = self._query("kind = ? AND region = ? AND name = ?", (kind, region, name))
        return rows[0] if rows else None

    def every(self, kind: str) -> list[Resource]:
        """Return all resources of a kind, of all regions, oldest first."""
        return self._query("kind = ? ORDER BY created", (kind,))

    def select(self, kind: str, region: str, listing: Listing) -> list[Resource]:
        """Return the resources that a listing asks for."""
        order = listing.order_by if listing.order_by in _COLUMNS else _member(listing.order_by)
        direction = "DESC" if listing.descending else "ASC"
        conditions, values = "", {}
        for number, (member, operator, value) in enumerate(listing.members):
            conditions += f"AND {_member(member)} {operator} :member{number} "
            values[f"member{number}"] = value
        return self._query(
            "kind = :kind AND region = :region AND instr(lower(name), lower(:name_contains)) "
            "AND (:status = '' OR status = :status) "
            "AND created > :created_after AND created < :created_before "
            f"AND modified > :modified_after AND modified < :modified_before {conditions}"
            f"ORDER BY {order} {direction}, name {direction} LIMIT :limit OFFSET :offset",
            {"kind": kind, "region": region, **vars(listing), "members": None, **values},
        )

    def _query(self, condition: str, values: tuple[Any, ...] | dict[str, Any]) -> list[Resource]:
        cursor = self._db.execute(
            "SELECT kind, region, name, document, status, created, modified, plan, tags "  # noqa: S608
            f"FROM resources WHERE {condition}",
            values,
        )
        return [self._resource(row) for row in cursor]

    def _resource(self, row: tuple[Any, ...]) -> Resource:
        kind, region, name, document, status, created, modified, plan, tags = row
        live = self._live.get((kind, region, name))
        if live is not None:
            return live
        resource = Resource(
            kind,
            region,
            name,
            json.loads(document),
            status,
            created,
            modified,
            json.loads(plan),
            json.loads(tags),
        )
        self._live[_key(resource)] = resource
        return resource

    # Processes

    def add_process(self, pid: int, started: float, purpose: str) -> None:
        """Keep a running process; `started` is its creation time as the system tells it."""
        self._db.execute("REPLACE INTO processes VALUES (?, ?, ?)", (pid, started, purpose))

    def remove_process(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._db.execute("DELETE FROM processes WHERE pid = ?", (pid,))

    def processes(self) -> list[tuple[int, float, str]]:
        """Return pid, creation time and purpose of each process that is not known to have ended."""
        return self._db.execute("SELECT pid, started, purpose FROM processes").fetchall()

    # Shipments

    def save_shipment(self, shipment: Shipment) -> None:
        """Keep how far a log file has been delivered."""
        self._db.execute(
            "REPLACE INTO shipments VALUES (?, ?, ?, ?, ?)",
            (
                str(shipment.path),
                shipment.region,
                shipment.group,
                shipment.stream,
                shipment.position,
            ),
        )

    def remove_shipment(self, shipment: Shipment) -> None:
        """Forget a log file that has been delivered."""
        self._db.execute("DELETE FROM shipments WHERE path = ?", (str(shipment.path),))

    def shipments(self) -> list[Shipment]:
        """Return the log files that are not delivered to their end."""
        rows = self._db.execute(
            "SELECT path, region, log_group, log_stream, position FROM shipments"
        )
        return [Shipment(Path(path), *rest) for path, *rest in rows]


def _member(name: str) -> str:
    """Return a member of the document in SQL; the names are this service's own."""
    return f"json_extract(document, '$.{name}')"


def _key(resource: Resource) -> tuple[str, str, str]:
    return resource.kind, resource.region, resource.name


def _row(resource: Resource) -> dict[str, Any]:
    return {
        "kind": resource.kind,
        "region": resource.region,
        "name": resource.name,
        "status": resource.status,
        "created": resource.created,
        "modified": resource.modified,
        "document": json.dumps(resource.document),
        "plan": json.dumps(resource.plan),
        "tags": json.dumps(resource.tags),
    }
