"""What the site is told, and what it makes up on a person's own machine."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from scones.web import environment
from scones.web.addresses import client_address

PRODUCTION = {"SECRET_KEY": "s" * 50, "SCONES_WEB_HOSTS": "photos.example.org"}


def test_production_is_strict_unless_told_otherwise() -> None:
    site = environment.read(PRODUCTION)
    assert site.tls
    assert site.accounts
    assert site.hosts == ("photos.example.org",)


@pytest.mark.parametrize("missing", PRODUCTION)
def test_production_says_what_is_missing(missing: str) -> None:
    variables = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(ImproperlyConfigured, match=f"{missing} is not set"):
        environment.read(variables)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SCONES_WEB_TLS", "perhaps", "set 1 or 0"),
        ("SCONES_WEB_PROXIES", "-1", "set a whole number"),
        ("SCONES_WEB_STORAGE_ORIGINS", "bucket.example.org", "no origin such as https://"),
        ("SCONES_WEB_STORAGE_ORIGINS", "https://example.org/path", "no origin such as https://"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(name: str, value: str, told: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"{name}.*{told}"):
        environment.read(PRODUCTION | {name: value})


def test_a_local_site_makes_a_key_once_for_its_owner_only(tmp_path: Path) -> None:
    variables = {"SCONES_WEB_LOCAL": "1", "SCONES_WEB_STATE_DIR": str(tmp_path / "state")}
    first = environment.read(variables)
    assert len(first.secret_key) >= 50
    assert (tmp_path / "state" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert environment.read(variables).secret_key == first.secret_key
    assert not first.accounts
    assert not first.tls


def test_a_database_can_be_named() -> None:
    url = "postgres://site:secret@db.example.org/site"
    assert environment.read(PRODUCTION | {"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 0, "10.0.0.9"),
        ("203.0.113.7", 0, "10.0.0.9"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7", 1, "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
        ("", 1, "10.0.0.9"),
    ],
)
def test_a_client_cannot_choose_its_address(forwarded: str, proxies: int, address: str) -> None:
    assert client_address(forwarded, "10.0.0.9", proxies) == address
