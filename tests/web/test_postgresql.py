"""The site on PostgreSQL, as DATABASE_URL names it: tables, uploads, gallery, admin."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from scones.site.backend import Backend
from scones.site.serving import Site
from tests.ports import free_port
from tests.web import postgresql
from tests.web.api_server import KEY, ApiServer
from tests.web.hostile import jpeg
from tests.web.test_pages import photo_of, when_done
from tests.web.visitor import Visitor

PASSWORD = "a password of the tests"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    programs = postgresql.find()
    if programs is None:
        pytest.skip("no PostgreSQL on this machine: the site was tried with SQLite only")
    with postgresql.cluster(programs) as url:
        yield url


@pytest.fixture(scope="module")
def site(api: ApiServer, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that ends before its database does."""
    variables = Backend(api.url, KEY, (api.origin,)).environment | {"DATABASE_URL": database}
    with Site(tmp_path_factory.mktemp("site"), free_port(), variables) as made:
        made.await_answer()
        yield made


def row(database: str, photo_id: str) -> tuple[str, int] | None:
    """What PostgreSQL itself has of a photo: status, and how many objects."""
    asked = "select status, jsonb_array_length(objects_found) from photos_photo where id = %s"
    with psycopg.connect(database) as connection:
        return connection.execute(asked, [photo_id]).fetchone()


def test_a_photo_is_kept_shown_and_forgotten(
    visitor: Visitor, site: Site, database: str, api: ApiServer
) -> None:
    assert visitor.get("/health").json() == {"status": "ok"}
    place = visitor.send("/photos/", "yard.jpg", jpeg()).headers["location"]
    assert "bicycle" in when_done(visitor, place)
    found = api.photos[photo_of(place)].document["objects"]
    assert row(database, photo_of(place)) == ("DONE", len(found))
    shown = json.loads(visitor.get(f"{place}json").body())
    assert len(shown["objects"]) == len(found)
    assert "yard.jpg" in visitor.get("/gallery/").text()
    assert not list(site.log.parent.glob("*.sqlite3")), "it is not in SQLite"

    form = {"csrfmiddlewaretoken": visitor.token()}
    answer = visitor.request.post(f"{visitor.base}{place}delete", form=form, max_redirects=0)
    assert answer.status == 302
    assert row(database, photo_of(place)) is None


def test_a_classification_keeps_its_small_picture(visitor: Visitor) -> None:
    place = visitor.send("/classify/", "bike.jpg", jpeg((48, 40))).headers["location"]
    assert "bicycle" in visitor.get(place).text()
    thumbnail = visitor.get(f"{place}thumbnail")
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.body().startswith(b"\xff\xd8\xff")


def test_the_admin_lists_and_searches(visitor: Visitor, site: Site, database: str) -> None:
    place = visitor.send("/photos/", "loading bay.jpg", jpeg()).headers["location"]
    when_done(visitor, place)
    make_admin(site, database)
    page = visitor.request.get(f"{visitor.base}/admin/login/").text()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    visitor.request.post(f"{visitor.base}/admin/login/?next=/admin/", form=form)
    listed = visitor.get("/admin/photos/photo/?q=loading&status__exact=DONE")
    assert listed.status == 200
    assert "loading bay.jpg" in listed.text()
    assert "1 photo" in listed.text()
    assert visitor.get(f"/admin/photos/photo/{photo_of(place)}/change/").status == 200


def make_admin(site: Site, database: str) -> None:
    variables = {
        "DATABASE_URL": database,
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "SCONES_WEB_LOCAL": "1",
        "SCONES_WEB_STATE_DIR": str(site.log.parent),
    }
    arguments = ("createsuperuser", "--no-input", "--username=admin", "--email=admin@example.org")
    command = [sys.executable, "-m", "scones.web", *arguments]
    subprocess.run(command, env=os.environ | variables, check=True, capture_output=True)
