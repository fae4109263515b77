"""What the site is told: environment variables, each read once, here, and checked.

Local use (SCONES_WEB_LOCAL=1) makes up what production must be given: a secret key, kept in the
state folder, and the host names of this machine.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

YES = {"1": True, "true": True, "0": False, "false": False, "": False}
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Environment:
    """One site's settings.

    Attributes:
        local: Whether this is a person's own machine, where what is missing is made up.
        tls: Whether browsers reach the site by HTTPS only: cookies, redirects, HSTS.
        secret_key: Signs cookies and forms.
        hosts: Host names the site answers to; ".example.org" is all below.
        origins: Origins that may post forms, such as https://photos.example.org.
        proxies: How many proxies stand before the site and add to X-Forwarded-For.
        state_dir: Folder of the SQLite file and of the local secret key.
        database_url: Such as postgres://user:password@host/name.
        api_url: The REST API, up to its stage.
        api_key: Sent as x-api-key, by the server only.
        storage_origins: Where browsers send photos to and load them from.
        storage_url: Where the server itself reaches storage_origins, if by another name.
        accounts: Whether one must log in, and then sees one's own photos only.
        uploads_a_minute: From one address.
        reports_dir: Where `scones monitor` writes its report, if that is on this machine.
    """

    local: bool
    tls: bool
    secret_key: str
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    proxies: int
    state_dir: Path
    database_url: str
    api_url: str
    api_key: str
    storage_origins: tuple[str, ...]
    storage_url: str
    accounts: bool
    uploads_a_minute: int
    reports_dir: Path | None


def read(variables: Mapping[str, str] = os.environ) -> Environment:
    """Read the variables.

    Raises:
        ImproperlyConfigured: One is missing or wrong; the message says which and what it should be.
    """
    local = _flag(variables, "SCONES_WEB_LOCAL")
    state_dir = Path(variables.get("SCONES_WEB_STATE_DIR", ".scones/web")).absolute()
    reports = variables.get("SCONES_WEB_REPORTS_DIR", "")
    hosts = _list(variables, "SCONES_WEB_HOSTS")
    if not (hosts or local):
        raise ImproperlyConfigured("SCONES_WEB_HOSTS is not set: name the hosts that are answered")
    return Environment(
        local=local,
        tls=_flag(variables, "SCONES_WEB_TLS", default=not local),
        secret_key=_secret_key(variables, state_dir, local=local),
        hosts=(*hosts, *(LOOPBACK_NAMES if local else ())),
        origins=_origins(variables, "SCONES_WEB_ORIGINS"),
        proxies=_number(variables, "SCONES_WEB_PROXIES", default=0),
        state_dir=state_dir,
        database_url=variables.get("DATABASE_URL") or f"sqlite:///{state_dir / 'site.sqlite3'}",
        api_url=variables.get("SCONES_API_URL", "").rstrip("/"),
        api_key=variables.get("SCONES_API_KEY", ""),
        storage_origins=_origins(variables, "SCONES_WEB_STORAGE_ORIGINS"),
        storage_url=variables.get("SCONES_WEB_STORAGE_URL", "").rstrip("/"),
        accounts=_flag(variables, "SCONES_WEB_ACCOUNTS", default=not local),
        uploads_a_minute=_number(variables, "SCONES_WEB_UPLOADS_A_MINUTE", default=60),
        reports_dir=Path(reports) if reports else None,
    )


def _flag(variables: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = variables.get(name)
    if value is None:
        return default
    if value.lower() not in YES:
        raise ImproperlyConfigured(f"{name} is {value!r}: set 1 or 0")
    return YES[value.lower()]


def _number(variables: Mapping[str, str], name: str, *, default: int) -> int:
    value = variables.get(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}: set a whole number")
    return int(value)


def _list(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in variables.get(name, "").split(",") if part.strip())


def _origins(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = _list(variables, name)
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ImproperlyConfigured(f"{name}: {origin!r} is no origin such as https://host:port")
    return origins


def _secret_key(variables: Mapping[str, str], state_dir: Path, *, local: bool) -> str:
    if given := variables.get("SECRET_KEY"):
        return given
    if not local:
        raise ImproperlyConfigured("SECRET_KEY is not set: give the site 50 random characters")
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = state_dir / "secret_key"
    try:
        # Made readable for its owner only, in one step, by whichever process comes first.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as opened:
        opened.write(key := secrets.token_urlsafe(50))
    return key
