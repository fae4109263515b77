"""The bundle, unpacked into an empty folder and run as Elastic Beanstalk's Python platform would.

A virtual environment from requirements.txt alone, the hook, then the Procfile's command with PORT
and the environment's variables, behind one proxy.
"""

import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scones.site.bundle import build
from tests.ports import free_port
from tests.web.api_server import KEY, ApiServer

SECONDS = 60
HOST = "photos.example.org"


def unpack(folder: Path) -> None:
    """Unpack with each file's mode, as `unzip` does."""
    with zipfile.ZipFile(io.BytesIO(build().body)) as archive:
        for entry in archive.infolist():
            (folder / archive.extract(entry, folder)).chmod(entry.external_attr >> 16 & 0o777)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's folder; beside it an environment with what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("release") / "app"
    folder.mkdir()
    unpack(folder)
    installer = shutil.which("uv") or Path(sys.prefix).parent / "bootstrap" / "bin" / "uv"
    venv = folder.parent / "venv" / "site"
    subprocess.run(
        [installer, "venv", "--quiet", "--python", sys.executable, venv], check=True, timeout=120
    )
    subprocess.run(
        [
            *(installer, "pip", "sync", "--quiet", "--require-hashes"),
            *("--python", venv / "bin" / "python", folder / "requirements.txt"),
        ],
        check=True,
        timeout=300,
    )
    return folder


@pytest.fixture(scope="module")
def variables(release: Path, api: ApiServer) -> dict[str, str]:
    return {
        "PATH": f"{release.parent / 'venv' / 'site' / 'bin'}:/usr/bin:/bin",
        "PORT": str(free_port()),
        "SCONES_SITE_VENVS": str(release.parent / "venv"),
        "SCONES_WEB_STATE_DIR": str(release.parent / "state"),
        "SECRET_KEY": "k8#v" * 16,
        "SCONES_API_URL": api.url,
        "SCONES_API_KEY": KEY,
        "SCONES_WEB_STORAGE_ORIGINS": api.origin,
        "SCONES_WEB_HOSTS": HOST,
        "SCONES_WEB_PROXIES": "1",
        "DJANGO_SUPERUSER_USERNAME": "first",
        "DJANGO_SUPERUSER_EMAIL": "first@example.org",
        "DJANGO_SUPERUSER_PASSWORD": "a long password of the test",
    }


@pytest.fixture(scope="module")
def site(release: Path, variables: dict[str, str]) -> Iterator[str]:
    for _ in range(2):  # a second deployment finds all of it there
        hook = release / ".platform" / "confighooks" / "predeploy" / "10_prepare.sh"
        done = subprocess.run(
            [hook], cwd=release, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    command = dict(line.split(": ", 1) for line in (release / "Procfile").read_text().splitlines())[
        "web"
    ]
    log = release.parent / "web.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            shlex.split(command), cwd=release, env=variables, stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{variables['PORT']}"
        deadline = time.monotonic() + SECONDS
        while True:
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5)
                break
            except OSError:
                time.sleep(0.2)
        yield url
        running.send_signal(signal.SIGTERM)
        assert running.wait(SECONDS) == 0
    finally:
        running.kill()
        running.wait()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """Ask as the platform's proxy passes on what a browser asks."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(urllib.request.Request(url, headers=named), timeout=30) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def test_the_health_check_needs_no_host_and_no_tls(site: str) -> None:
    status, _, body = ask(f"{site}/health")
    assert (status, json.loads(body)) == (200, {"status": "ok"})


def test_http_is_sent_to_https(site: str) -> None:
    status, headers, _ = ask(f"{site}/", Host=HOST, X_Forwarded_Proto="http")
    assert (status, headers["Location"]) == (301, f"https://{HOST}/")


def test_https_is_answered_with_the_log_in_and_strict_headers(site: str) -> None:
    status, headers, _ = ask(f"{site}/", Host=HOST, X_Forwarded_Proto="https")
    assert status == 302
    status, headers, body = ask(
        f"{site}{headers['Location']}", Host=HOST, X_Forwarded_Proto="https"
    )
    assert status == 200
    assert "Log in" in body
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert "Secure" in headers["Set-Cookie"]
    style = body.partition('rel="stylesheet" href="')[2].partition('"')[0]
    status, headers, _ = ask(f"{site}{style}", Host=HOST, X_Forwarded_Proto="https")
    assert status == 200
    assert "immutable" in headers["Cache-Control"]


def test_the_first_person_is_there_once(
    release: Path, site: str, variables: dict[str, str]
) -> None:
    count = "from django.contrib.auth.models import User; print(User.objects.count())"
    done = subprocess.run(
        ["python", "-m", "scones.web", "shell", "-v0", "-c", count],
        cwd=release,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1"


def test_it_needs_nothing_of_this_checkout(release: Path, variables: dict[str, str]) -> None:
    code = "import sys, scones.web.wsgi; print([m for m in sys.modules if m.startswith('scones.')])"
    done = subprocess.run(
        ["python", "-c", code],
        cwd=release,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = done.stdout
    assert "scones.web.wsgi" in modules
    assert "scones.aws" not in modules
    assert os.fspath(Path(__file__).parents[2]) not in modules
