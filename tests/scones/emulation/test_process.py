import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from scones.emulation import process, services, stack
from scones.emulation.process import Health, ServiceSpec
from scones.emulation.services import _answering_pid
from scones.errors import StackError
from tests.ports import free_port

FAKE = Path(__file__).with_name("fake_service.py")

type MakeSpec = Callable[..., ServiceSpec]


@pytest.fixture
def make_spec(tmp_path: Path) -> Iterator[MakeSpec]:
    made: list[ServiceSpec] = []

    def make(behaviour: str = "answers", name: str = "fake") -> ServiceSpec:
        port = free_port()
        spec = ServiceSpec(
            name=name,
            command=(sys.executable, str(FAKE), str(port), str(tmp_path), behaviour),
            port=port,
            port_setting="SCONES_FAKE_PORT",
            state_dir=tmp_path,
            probe=lambda: _answering_pid(port, tmp_path),
        )
        made.append(spec)
        return spec

    yield make
    for spec in made:
        process.stop(spec)


def test_a_service_starts_answers_and_stops(make_spec: MakeSpec) -> None:
    spec = make_spec()
    assert process.inspect(spec).health is Health.STOPPED
    started = process.start(spec, print)
    assert started.health is Health.RUNNING
    assert started.pid is not None
    assert psutil.pid_exists(started.pid)
    assert process.start(spec, print).pid == started.pid, "a running service is left alone"
    assert process.stop(spec)
    assert not psutil.pid_exists(started.pid)
    assert not process.stop(spec), "nothing is left to stop"


def test_a_dead_process_is_recognised_and_replaced(make_spec: MakeSpec) -> None:
    spec = make_spec()
    first = process.start(spec, print).pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first)], timeout=60)
    assert process.inspect(spec).health is Health.DIED
    notes: list[str] = []
    assert process.start(spec, notes.append).pid != first
    assert "had died" in notes[0]


def test_a_reused_pid_is_neither_taken_for_the_service_nor_killed(make_spec: MakeSpec) -> None:
    spec = make_spec()
    spec.pid_file.parent.mkdir(parents=True)
    spec.pid_file.write_text(json.dumps({"pid": os.getpid(), "create_time": 1.0}))
    assert process.inspect(spec).health is Health.DIED
    assert not process.stop(spec)


def test_a_half_dead_service_is_recognised_and_started_anew(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.3)
    spec = make_spec()
    first = process.start(spec, print).pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    found = process.inspect(replace(spec, probe=lambda: None))
    assert found.health is Health.UNRESPONSIVE
    assert str(first) in found.detail
    answers = iter([None])  # once mute, then whatever is true
    notes: list[str] = []
    again = process.start(
        replace(spec, probe=lambda: next(answers, spec.probe())),  # type: ignore[arg-type]
        notes.append,
    )
    assert again.pid != first
    assert "does not answer" in notes[0]


def test_a_taken_port_names_its_holder_and_the_way_out(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PROBE_SECONDS", 0.3)
    spec = make_spec()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", spec.port))
        holder.listen()
        assert process.inspect(spec).health is Health.PORT_TAKEN
        with pytest.raises(StackError, match=rf"process {os.getpid()}.*SCONES_FAKE_PORT"):
            process.start(spec, print)


def test_a_taken_second_port_names_its_own_way_out(make_spec: MakeSpec) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        spec = replace(make_spec(), other_ports={"SCONES_PAGE_PORT": port})
        with pytest.raises(StackError, match=rf"port {port} is held by .*SCONES_PAGE_PORT"):
            process.start(spec, print)


def test_a_service_that_ends_by_itself_is_reported_with_its_last_words(
    make_spec: MakeSpec,
) -> None:
    with pytest.raises(StackError, match=r"exit code 3: the disk is made of cheese"):
        process.start(make_spec("fails"), print)


def test_a_service_that_never_answers_is_given_up(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 0.5)
    spec = make_spec("mute")
    with pytest.raises(StackError, match="did not answer"):
        process.start(spec, print)
    assert process.inspect(spec).health is Health.STOPPED


def test_a_service_that_ignores_sigterm_is_killed(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.3)
    spec = make_spec("stubborn")
    pid = process.start(spec, print).pid
    assert pid is not None
    assert process.stop(spec)
    assert not psutil.pid_exists(pid)


def test_a_service_without_its_pid_file_is_adopted(make_spec: MakeSpec) -> None:
    spec = make_spec()
    pid = process.start(spec, print).pid
    spec.pid_file.unlink()
    assert process.inspect(spec).health is Health.RUNNING
    assert process.inspect(spec).pid == pid
    assert spec.pid_file.exists()


def test_services_start_in_order_and_stop_in_reverse(make_spec: MakeSpec) -> None:
    specs = (make_spec(name="first"), make_spec(name="second"))
    assert [found.name for found in stack.up(specs)] == ["first", "second"]
    stack.require_running(stack.status(specs), "scones up")
    assert stack.down(specs) == ["second", "first"]
    with pytest.raises(StackError, match=r"first is stopped: run `scones up`"):
        stack.require_running(stack.status(specs), "scones up")


def test_two_commands_do_not_start_services_at_once(make_spec: MakeSpec) -> None:
    spec = make_spec()
    with stack._exclusive(spec.state_dir), pytest.raises(StackError, match="another scones"):
        stack.up((spec,))
