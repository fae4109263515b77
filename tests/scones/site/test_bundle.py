"""The bundle: the same bytes again, what is in it, and what is not."""

import io
import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DeployError
from scones.site.bundle import build


@pytest.fixture(scope="module")
def archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(build().body))


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "requirements" / "images"
    folder.mkdir(parents=True)
    shutil.copy(SOURCE_ROOT / "requirements" / "images" / "web.txt", folder)
    os.utime(folder / "web.txt", (0, 0))
    assert build(tmp_path) == build()


def test_another_requirement_gives_another_release(tmp_path: Path) -> None:
    folder = tmp_path / "requirements" / "images"
    folder.mkdir(parents=True)
    (folder / "web.txt").write_text("django==5.2\n")
    assert build(tmp_path).release != build().release


def test_it_has_what_the_platform_looks_for(archive: zipfile.ZipFile) -> None:
    wanted = {
        "Procfile",
        "requirements.txt",
        ".ebextensions/site.config",
        ".platform/hooks/predeploy/10_prepare.sh",
        ".platform/confighooks/predeploy/10_prepare.sh",
        ".platform/nginx/conf.d/site.conf",
        "scones/web/wsgi.py",
        "scones/web/photos/static/site/vendor/htmx.min.js",
    }
    assert wanted <= set(archive.namelist())


def test_hooks_are_executable_and_nothing_else_is(archive: zipfile.ZipFile) -> None:
    executable = {
        entry.filename for entry in archive.infolist() if entry.external_attr >> 16 & 0o111
    }
    assert executable == {name for name in archive.namelist() if name.endswith(".sh")}


def test_it_has_the_site_only_and_no_leavings(archive: zipfile.ZipFile) -> None:
    python = {name for name in archive.namelist() if name.endswith(".py")}
    assert all(name.startswith("scones/web/") for name in python)
    assert not [name for name in archive.namelist() if re.search(r"pycache|sqlite3|secret", name)]


def test_every_package_is_pinned_with_its_hash(archive: zipfile.ZipFile) -> None:
    text = archive.read("requirements.txt").decode()
    packages = re.findall(r"^([a-z][\w.-]*)==", text, re.MULTILINE)
    assert {"django", "gunicorn", "whitenoise", "psycopg"} <= set(packages)
    assert text.count("--hash=sha256:") >= len(packages)
    assert "boto3" not in packages, "the site knows no AWS"


def test_without_a_checkout_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="bundle from a checkout"):
        build(tmp_path)
