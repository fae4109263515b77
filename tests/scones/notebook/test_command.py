import importlib.util
import socket
from pathlib import Path

import pytest

from scones.cli import main
from scones.notebook import server


def test_without_jupyterlab_one_line_says_how_to_install_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert main(["notebook", "--no-browser"]) == 2
    error = capsys.readouterr().err
    assert error == ("error: JupyterLab is not installed: run `pip install 'scones[notebook]'`\n")
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken_is_refused_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scones.cli.notebook.require_jupyter", lambda: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["notebook", "--no-browser", "--port", port]) == 2
    assert f"port {port} is taken: choose another with --port" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_free_port_is_taken_as_it_is() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server.require_free(port)
