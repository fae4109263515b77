"""The LocalStack process: where it listens, what it writes, how it starts and stops."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.emulator.running import ROLE_ARN, Emulator, wait_until, zip_of


def sockets_that_accept(process: psutil.Process) -> list[tuple[str, int]]:
    """TCP listeners, and UDP sockets that are not connected, of a process and its children."""
    found = []
    for member in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # an earlier test's function, ending now
            found += member.net_connections("inet")
    return [
        tuple(connection.laddr)
        for connection in found
        if connection.status == psutil.CONN_LISTEN
        or (connection.type == socket.SOCK_DGRAM and connection.laddr and not connection.raddr)
    ]


def other_addresses() -> list[str]:
    return [
        address.address.split("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family in (socket.AF_INET, socket.AF_INET6)
        and not address.address.startswith(("127.", "::1", "fe80"))
    ]


def test_nothing_listens_beyond_loopback(emulator, function):
    name = function("import time\ndef handler(event, context): time.sleep(event)")
    client = emulator.client("lambda")
    client.invoke(FunctionName=name, Payload="0")

    accepting = sockets_that_accept(psutil.Process(emulator.process.pid))

    # The gateway, and the Runtime API of the function that is warm now.
    assert ("127.0.0.1", emulator.port) in accepting
    assert len(accepting) >= 2
    assert {host for host, _ in accepting} == {"127.0.0.1"}
    for address in other_addresses():
        for _, port in accepting:
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, port), timeout=2)


def test_ready_tells_who_answers_and_where_the_state_is(emulator):
    status, document = emulator.get("/_scones/ready")

    assert status == 200
    assert document == {
        "ready": True,
        "pid": emulator.process.pid,
        "state_dir": str(emulator.state_dir),
        "restored_objects": 0,
    }


def test_the_callers_home_stays_untouched(emulator):
    assert list((emulator.state_dir.parent / "home").iterdir()) == []


def test_open_files_lie_under_the_state_folder(emulator):
    opened = psutil.Process(emulator.process.pid).open_files()

    writable = [Path(file.path) for file in opened if file.mode != "r"]
    assert [
        path
        for path in writable
        if not path.is_relative_to(emulator.state_dir) and path != emulator.log_path
    ] == []


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scones_localstack", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_taken_port_is_one_line_and_a_failure(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = run("--port", str(port), "--state-dir", str(tmp_path / "state"))

    assert result.returncode == 1
    assert result.stderr.startswith(f"scones_localstack: port {port} on 127.0.0.1 cannot be used")
    assert result.stderr.count("\n") == 1


def test_a_state_folder_in_use_names_the_process_that_uses_it(emulator):
    result = run("--port", "1", "--state-dir", str(emulator.state_dir))

    assert result.returncode == 1
    assert f"is in use by process {emulator.process.pid}" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "70000"), "port 70000 is not between 1 and 65535"),
        (("--sagemaker-url", "localhost"), "SageMaker URL 'localhost' is not like http"),
        (("--host", "10.0.0.1"), "host 10.0.0.1 is neither 127.0.0.1 nor 0.0.0.0"),
        (("--smtp", "nowhere"), "SMTP address 'nowhere' is not like"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(tmp_path, arguments, message):
    result = run("--state-dir", str(tmp_path / "state"), *arguments)

    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "state").exists()


def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    result = run("--state-dir", str(tmp_path / "file" / "state"))

    assert result.returncode == 1
    assert "cannot be used (Not a directory)" in result.stderr
    assert result.stderr.count("\n") == 1


def test_sigterm_ends_localstack_and_a_busy_function_in_bounded_time(tmp_path):
    emulator = Emulator(tmp_path / "state").start()
    try:
        busy = _start_busy_function(emulator)
        began = time.monotonic()
        code = emulator.signal(signal.SIGTERM)
    finally:
        emulator.kill()

    assert code == 0
    assert time.monotonic() - began < 60
    wait_until(lambda: not psutil.pid_exists(busy), 60, "the function's end")
    assert list((tmp_path / "state" / "localstack" / "tmp").iterdir()) == []


def _start_busy_function(emulator: Emulator) -> int:
    """Start an invocation that takes minutes, and return the function's process id."""
    client = emulator.client("lambda")
    source = "import time\ndef handler(event, context): time.sleep(600)"
    code = {"ZipFile": zip_of({"app.py": source})}
    client.create_function(
        FunctionName="busy",
        Role=ROLE_ARN,
        Code=code,
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=600,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="busy")
    client.invoke(FunctionName="busy", InvocationType="Event")
    records = emulator.state_dir / "lambda" / "processes"
    record = wait_until(lambda: next(records.glob("*.json"), None), 60, "the function's start")
    return int(record.stem)
