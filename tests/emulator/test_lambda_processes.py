"""Which Python runs a function, and that no process is left behind or wrongly ended."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from scones_localstack.executor import interpreters, registry
from scones_localstack.executor.instance import Instance
from scones_localstack.executor.interpreters import interpreter_for
from scones_localstack.executor.launch import Launch
from scones_localstack.settings import Settings
from tests.emulator.running import ROLE_ARN, Emulator, wait_until, zip_of


@pytest.fixture(autouse=True)
def _no_memory():
    interpreter_for.cache_clear()
    yield
    interpreter_for.cache_clear()


def test_a_function_runs_on_its_own_minor_version_where_that_is_installed(emulator, function):
    expected = interpreter_for("python3.11").minor
    name = function(
        "import sys, boto3\ndef handler(event, context): return [*sys.version_info[:2], event]",
        Runtime="python3.11",
        Timeout=20,
    )

    answer = emulator.client("lambda").invoke(FunctionName=name, Payload='{"a": "ü"}')

    assert json.load(answer["Payload"]) == [3, expected, {"a": "ü"}]


def test_a_version_that_is_not_installed_runs_on_localstacks_with_a_warning(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "/nowhere")

    with caplog.at_level(logging.WARNING):
        chosen = interpreter_for("python3.10")

    assert chosen.minor == sys.version_info.minor
    assert "python3.10 functions run on Python 3.13" in caplog.text


def test_a_named_interpreter_of_another_version_is_not_used(monkeypatch):
    monkeypatch.setenv(interpreters.PYTHONS_ENV, f"3.10={sys.executable}")

    assert interpreter_for("python3.10").minor == sys.version_info.minor


def test_an_interpreter_can_be_named(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(interpreters.sys, "version_info", _Version(12))
    monkeypatch.setenv(interpreters.PYTHONS_ENV, f"3.9=/nowhere,3.13={sys.executable}")

    chosen = interpreter_for("python3.13")

    assert chosen.minor == 13
    assert chosen.executable == Path(os.path.realpath(sys.executable))


class _Version(tuple[int, ...]):
    def __new__(cls, minor):
        return super().__new__(cls, (3, minor))

    minor = property(lambda self: self[1])


@pytest.mark.parametrize("change", ["delete_function", "update_function_configuration"])
def test_an_environment_that_is_not_needed_any_more_leaves_nothing(emulator, function, change):
    client = emulator.client("lambda")
    source = (
        "import os\ndef handler(event, context): return [os.getpid(), os.environ.get('TMPDIR')]"
    )
    name = function(source)
    pid, folder = json.load(client.invoke(FunctionName=name)["Payload"])
    assert psutil.pid_exists(pid)

    getattr(client, change)(FunctionName=name)

    wait_until(lambda: not psutil.pid_exists(pid), 60, "the process's end")
    wait_until(lambda: not Path(folder).parent.exists(), 60, "the folder's end")
    assert not (emulator.state_dir / "lambda" / "processes" / f"{pid}.json").exists()


def test_functions_of_a_killed_localstack_end_at_the_next_start(tmp_path):
    emulator = Emulator(tmp_path / "state").start()
    try:
        orphan = _busy_function(emulator)
        child = wait_until(lambda: psutil.Process(orphan).children(), 60, "the function's child")[0]
        emulator.signal(signal.SIGKILL)
        assert psutil.pid_exists(orphan)
        emulator.start()

        wait_until(lambda: not psutil.pid_exists(orphan), 60, "the orphan's end")
        wait_until(lambda: not child.is_running(), 60, "the end of the orphan's child")
        assert list((emulator.state_dir / "lambda").iterdir()) == []
    finally:
        emulator.kill()


def _busy_function(emulator):
    """Start an invocation that takes minutes, and return the function's process id."""
    source = "import subprocess\ndef handler(event, context): subprocess.run(['sleep', '600'])"
    client = emulator.client("lambda")
    client.create_function(
        FunctionName="busy",
        Role=ROLE_ARN,
        Code={"ZipFile": zip_of({"app.py": source})},
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=600,
    )
    client.get_waiter("function_active_v2").wait(FunctionName="busy")
    client.invoke(FunctionName="busy", InvocationType="Event")
    records = emulator.state_dir / "lambda" / "processes"
    return int(wait_until(lambda: next(records.glob("*.json"), None), 60, "its start").stem)


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def record(folder, **changes):
    (path,) = (folder / "processes").glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_process_that_only_has_the_same_id_is_left_alone(tmp_path, sleeper):
    registry.Registry(tmp_path).add(sleeper.pid, "127.0.0.1:1")
    record(tmp_path, created=psutil.Process(sleeper.pid).create_time() - 60)

    assert registry.sweep(tmp_path) == 0
    assert sleeper.poll() is None
    assert list((tmp_path / "processes").iterdir()) == []


def test_children_end_even_when_their_leader_is_gone(tmp_path):
    script = "sleep 600 & echo $!; read line"
    leader = subprocess.Popen(
        ["sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"},
    )
    child = psutil.Process(int(leader.stdout.readline()))
    registry.Registry(tmp_path).add(leader.pid, "127.0.0.1:1")
    leader.stdin.close()
    leader.stdout.close()
    leader.wait(60)

    assert registry.sweep(tmp_path) == 1
    wait_until(lambda: not child.is_running(), 60, "the child's end")


def test_a_broken_record_is_removed(tmp_path):
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "12.json").write_text("{")

    assert registry.sweep(tmp_path) == 0
    assert list((tmp_path / "processes").iterdir()) == []


def test_threads_that_come_first_at_the_same_time_share_one_workshop(monkeypatch, tmp_path):
    from scones_localstack.executor import plugin

    made = []

    class SlowWorkshop:
        def __init__(self, _settings):
            made.append(self)
            released.wait(0.3)

    released = threading.Event()
    monkeypatch.setattr(plugin, "Workshop", SlowWorkshop)
    settings = Settings(port=1, state_dir=tmp_path, sagemaker_url="http://127.0.0.1:9")
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    plugin._open_workshop.cache_clear()

    with ThreadPoolExecutor(4) as threads:
        shops = {id(shop) for shop in threads.map(lambda _: plugin.workshop(), range(4))}

    plugin._open_workshop.cache_clear()
    assert len(made) == len(shops) == 1


class _FullRegistry(registry.Registry):
    def add(self, pid, runtime_api):
        self.pid = pid
        raise OSError(28, "No space left on device")


def test_a_process_that_cannot_be_recorded_is_not_left_running(tmp_path):
    full = _FullRegistry(tmp_path)
    launch = Launch(["/bin/sleep", "600"], environment={}, directory=tmp_path)

    with pytest.raises(OSError, match="No space left"):
        asyncio.run(Instance.start(lambda _address: launch, full))

    assert not psutil.pid_exists(full.pid)


def test_a_process_that_cannot_be_started_leaves_no_open_files(tmp_path):
    launch = Launch([str(tmp_path / "missing")], environment={}, directory=tmp_path)
    before = psutil.Process().num_fds()

    with pytest.raises(FileNotFoundError):
        asyncio.run(Instance.start(lambda _address: launch, registry.Registry(tmp_path)))

    assert psutil.Process().num_fds() == before
