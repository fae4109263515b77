"""A PostgreSQL of the tests' own: on loopback, with a password, gone at the end."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

PROGRAMS = ("initdb", "postgres", "pg_isready")
START_SECONDS = 60
PEOPLE = "nobody"  # PostgreSQL refuses to run as root


def find() -> Path | None:
    """Return the folder of PostgreSQL's programs; Debian's are not on PATH."""
    debians = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parts[-2])
    on_path = [Path(folder) for folder in os.get_exec_path()]
    for folder in (*reversed(debians), *on_path):
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    return None


@contextmanager
def cluster(programs: Path) -> Iterator[str]:
    """Start a new cluster; yield the address of an empty database in it.

    It does not lie in pytest's folder, which is for its own user only.
    """
    person = PEOPLE if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="scones-postgresql-"))
    port, password = free_port(), secrets.token_urlsafe(16)
    password_file = folder / "password"
    password_file.write_text(password)
    if person:
        for path in (folder, password_file):
            shutil.chown(path, person)

    def command(name: str, *arguments: str) -> list[str]:
        return [str(programs / name), "--pgdata", str(folder / "data"), *arguments]

    options = ["--username=site", f"--pwfile={password_file}", "--auth=scram-sha-256"]
    kwargs = {"user": person, "group": "nogroup", "extra_groups": []} if person else {}
    subprocess.run(
        command("initdb", *options, "--encoding=UTF8", "--no-sync"),
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        **kwargs,
    )
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                *(str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", "fsync=off"),
            ],
            cwd=folder,
            stdout=output,
            stderr=output,
            **kwargs,
        )
    try:
        _await(programs, port, server, log)
        yield f"postgres://site:{password}@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()  # waits for clients to leave, which are gone by now
        try:
            server.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder)


def _await(programs: Path, port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    ready = [str(programs / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    while subprocess.run(ready, check=False).returncode != 0:
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
