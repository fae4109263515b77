"""A download survives what networks do, and never leaves a wrong file under the final name."""

import hashlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from scones.errors import DataError, UsageError
from scones.etl.archive import UnreachableError, download
from scones.etl.exclusive import exclusively
from tests.scones.etl.file_server import Behaviour, serving

BODY = b"\x1f\x8b" + bytes(range(256)) * 8000  # 2 MB
MD5 = hashlib.md5(BODY).hexdigest()
Serve = Callable[..., Behaviour]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as servers:

        def start(**settings: Any) -> Behaviour:
            return servers.enter_context(serving(Behaviour(**({"body": BODY} | settings))))

        yield start


def fetch(directory: Path, server: Behaviour, **options: Any) -> Path:
    options = {"md5": MD5, "pause_seconds": 0, "timeout_seconds": 60} | options
    return download(directory, url=server.url, **options)


def test_a_download_lands_whole_and_leaves_nothing_else(tmp_path: Path, serve: Serve) -> None:
    file = fetch(tmp_path, serve())
    assert file.read_bytes() == BODY
    assert {entry.name for entry in tmp_path.iterdir()} == {"cifar-100-python.tar.gz", ".lock"}


def test_a_file_that_is_there_is_not_asked_for_again(tmp_path: Path, serve: Serve) -> None:
    server = serve()
    assert fetch(tmp_path, server) == fetch(tmp_path, server)
    assert len(server.asked) == 1


def test_a_dropped_connection_is_resumed_from_where_it_broke(tmp_path: Path, serve: Serve) -> None:
    server = serve(drop_after=[600_000, 500_000, 1])
    assert fetch(tmp_path, server).read_bytes() == BODY
    starts = [int(h.get("Range", "bytes=0-")[6:-1]) for h in server.asked]
    assert len(starts) == 4
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert starts[2] > starts[1] > 0
    assert all(headers["If-Range"] == '"1"' for headers in server.asked[1:])


def test_an_interrupted_download_is_resumed_by_the_next_run(tmp_path: Path, serve: Serve) -> None:
    server = serve(drop_after=[600_000], status=[None, 403])
    with pytest.raises(UnreachableError, match="403"):
        fetch(tmp_path, server)
    received = (tmp_path / "cifar-100-python.tar.gz.part").stat().st_size
    assert received > 0
    assert fetch(tmp_path, server).read_bytes() == BODY
    assert server.asked[-1]["Range"] == f"bytes={received}-"


def test_a_file_that_changed_in_between_is_taken_from_its_start(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve(body=BODY[::-1], drop_after=[600_000], status=[None, 403], etag='"old"')
    server.body = b"\x1f\x8b" + b"old" * 600_000
    with pytest.raises(UnreachableError):
        fetch(tmp_path, server)
    server.body, server.etag = BODY, '"new"'
    assert fetch(tmp_path, server).read_bytes() == BODY


def test_a_server_that_ignores_ranges_is_read_from_the_start(tmp_path: Path, serve: Serve) -> None:
    server = serve(ranges=False, drop_after=[600_000], etag=None)
    assert fetch(tmp_path, server).read_bytes() == BODY
    assert "Range" in server.asked[1]
    assert "If-Range" not in server.asked[1]


def test_a_server_that_sends_another_range_is_read_from_the_start(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve(range_shift=7, drop_after=[600_000])
    assert fetch(tmp_path, server).read_bytes() == BODY
    assert ["Range" in headers for headers in server.asked] == [False, True, False]


def test_pieces_from_elsewhere_are_not_built_upon(tmp_path: Path, serve: Serve) -> None:
    (tmp_path / "cifar-100-python.tar.gz.part").write_bytes(b"\x1f\x8bfrom another address")
    server = serve()
    assert fetch(tmp_path, server).read_bytes() == BODY
    assert "Range" not in server.asked[0]


def test_a_run_that_ended_between_the_last_byte_and_the_check_is_taken_up(
    tmp_path: Path, serve: Serve
) -> None:
    server = serve(drop_after=[600_000], status=[None, 403])
    with pytest.raises(UnreachableError):
        fetch(tmp_path, server)
    (tmp_path / "cifar-100-python.tar.gz.part").write_bytes(BODY)
    assert fetch(tmp_path, server).read_bytes() == BODY
    assert server.asked[-1]["Range"] == f"bytes={len(BODY)}-"
    assert len(server.asked) == 3


def test_a_busy_server_is_asked_again(tmp_path: Path, serve: Serve) -> None:
    server = serve(status=[503])
    assert fetch(tmp_path, server).read_bytes() == BODY


def test_a_server_that_never_gives_anything_is_given_up_soon(tmp_path: Path, serve: Serve) -> None:
    server = serve(status=[503] * 10)
    with pytest.raises(UnreachableError, match=r"503.*--archive FILE"):
        fetch(tmp_path, server)
    assert len(server.asked) == 2


def test_another_file_is_refused_and_not_kept(tmp_path: Path, serve: Serve) -> None:
    with pytest.raises(DataError, match="MD5"):
        fetch(tmp_path, serve(body=BODY + b"!"))
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


def test_a_login_page_is_recognised_by_its_first_bytes(tmp_path: Path, serve: Serve) -> None:
    server = serve(body=b"<html>Welcome to the hotel</html>", content_type="text/html")
    with pytest.raises(DataError, match=r"text/html.*--archive FILE") as raised:
        fetch(tmp_path, server)
    assert not isinstance(raised.value, UnreachableError)


def test_nobody_listening_names_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Behaviour(BODY, url=f"http://127.0.0.1:{taken.getsockname()[1]}/a.tar.gz")
        with pytest.raises(UnreachableError, match="--archive FILE"):
            fetch(tmp_path, nobody)


def test_no_such_host_names_the_way_out(tmp_path: Path) -> None:
    nowhere = Behaviour(BODY, url="http://nowhere.invalid/a.tar.gz")
    with pytest.raises(UnreachableError, match=r"is there a network.*--archive FILE"):
        fetch(tmp_path, nowhere)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_called_so(tmp_path: Path, serve: Serve) -> None:
    server = serve(drop_after=[0], status=[None, 403])
    with pytest.raises(UnreachableError):
        fetch(tmp_path, server)  # leaves the note that makes the next run keep the .part file
    part = tmp_path / "cifar-100-python.tar.gz.part"
    part.unlink()
    part.symlink_to("/dev/full")
    with pytest.raises(DataError, match="no space left in"):
        fetch(tmp_path, server)
    assert not (tmp_path / "cifar-100-python.tar.gz").exists()


def test_a_file_larger_than_the_disk_is_refused_before_it_is_fetched(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type("usage", (), {"free": 1000})
    monkeypatch.setattr("scones.etl.archive.shutil.disk_usage", lambda path: full)
    with pytest.raises(DataError, match="no space left"):
        fetch(tmp_path, serve())


def test_two_downloads_into_one_folder_do_not_mix(tmp_path: Path, serve: Serve) -> None:
    with exclusively(tmp_path), pytest.raises(UsageError, match="another scones command"):
        fetch(tmp_path, serve())


def test_progress_counts_every_byte(tmp_path: Path, serve: Serve) -> None:
    class Heard:
        steps: list[tuple[str, int, int | None, str]]

        def __init__(self) -> None:
            self.steps = []

        def note(self, message: str) -> None: ...

        def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None:
            self.steps.append((label, done, total, unit))

    heard = Heard()
    fetch(tmp_path, serve(), reporter=heard)
    assert heard.steps[-1] == ("download", len(BODY), len(BODY), "B")
