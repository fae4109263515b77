"""`scones notebook --no-browser`: a JupyterLab that answers, runs cells, and ends."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import urllib3
from jupyter_client import BlockingKernelClient

from tests.integration.conftest import Scones, make_scones
from tests.ports import free_ports

CELL_SECONDS = 120

READY = """
import boto3, sagemaker
session = sagemaker.Session()
print(project.settings.profile, boto3.client("s3").meta.endpoint_url, session.default_bucket())
"""


@dataclass
class Lab:
    """A `scones notebook` that runs.

    Attributes:
        process: The command.
        document: What it printed.
        scones: Runs other commands on the same stack.
        home: A person's home, in which nothing may be written.
    """

    process: subprocess.Popen[str]
    document: dict[str, Any]
    scones: Scones
    home: Path

    def request(
        self, method: str, path: str, body: Any = None, *, token: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        url = urlsplit(self.document["url"])
        token = parse_qs(url.query)["token"][0] if token is None else token
        return urllib3.request(
            method,
            f"http://{url.netloc}{path}",
            json=body,
            headers={"Authorization": f"token {token}"},
            timeout=60,
        )


def _start(scones: Scones, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    process = scones.start("notebook", "--no-browser", "--json", *arguments)
    assert process.stdout is not None
    printed = ""
    while not printed.endswith("\n}\n"):
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"it ended: {process.stderr and process.stderr.read()}{scones.logs()}")
        printed += line
    return process, json.loads(printed)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    scones = make_scones(folder)
    home = folder / "home"
    home.mkdir()
    scones.environment["HOME"] = str(home)
    (port,) = free_ports(1)
    process, document = _start(scones, "--folder", str(folder / "mine"), "--port", str(port))
    try:
        yield Lab(process, document, scones, home)
    finally:
        process.terminate()
        process.communicate(timeout=CELL_SECONDS)
        scones.run("down")


def test_the_notebook_is_served_to_who_has_the_token(lab: Lab) -> None:
    assert lab.request("GET", "/lab/tree/walkthrough.ipynb").status == 200
    assert lab.request("GET", "/api/contents/sample.png").status == 200
    notebook = lab.request("GET", "/api/contents/walkthrough.ipynb").json()
    assert notebook["content"]["cells"][0]["source"].startswith("# From images")
    assert lab.request("GET", "/api/contents/walkthrough.ipynb", token="wrong").status == 403


def test_it_listens_on_loopback_only_and_hides_the_token(lab: Lab) -> None:
    server = _server(lab.process.pid)
    addresses = {c.laddr.ip for c in server.net_connections("tcp") if c.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    token = parse_qs(urlsplit(lab.document["url"]).query)["token"][0]
    assert len(token) > 30
    assert token not in " ".join(server.cmdline())


def _server(pid: int) -> psutil.Process:
    (server,) = psutil.Process(pid).children()[-1:]
    assert "jupyterlab" in server.cmdline()
    return server


def test_its_kernel_is_the_only_one_and_named_after_the_profile(lab: Lab) -> None:
    kernels = lab.request("GET", "/api/kernelspecs").json()
    assert kernels["default"] == "python3"
    assert list(kernels["kernelspecs"]) == ["python3"]
    assert kernels["kernelspecs"]["python3"]["spec"]["display_name"] == "scones (local)"


def test_a_cell_finds_project_boto3_and_the_sdk_at_the_emulation(lab: Lab) -> None:
    kernel_id = lab.request("POST", "/api/kernels", {"name": "python3"}).json()["id"]
    runtime = lab.scones.state_dir / "run" / "notebook" / "runtime"
    client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{kernel_id}.json"))
    client.load_connection_file()
    client.start_channels()
    printed = []
    try:
        _await_kernel(client)

        def keep(message: dict[str, Any]) -> None:
            printed.append(message["content"].get("text", ""))

        reply = client.execute_interactive(READY, timeout=CELL_SECONDS, output_hook=keep)
    finally:
        client.stop_channels()
        lab.request("DELETE", f"/api/kernels/{kernel_id}")
    assert reply["content"]["status"] == "ok", reply
    port = lab.scones.project().settings.target.localstack_port
    said = "".join(printed)
    assert f"local http://127.0.0.1:{port} sagemaker-us-east-1-000000000000" in said


def _await_kernel(client: BlockingKernelClient) -> None:
    """Wait for a kernel, which is not dead by not answering a heartbeat within a second."""
    deadline = time.monotonic() + CELL_SECONDS
    while True:
        try:
            return client.wait_for_ready(timeout=CELL_SECONDS)
        except RuntimeError:
            if time.monotonic() > deadline:
                raise


def test_nothing_is_written_to_a_persons_home(lab: Lab) -> None:
    assert lab.request("GET", "/lab").status == 200
    written = {str(path.relative_to(lab.home)) for path in lab.home.rglob("*")}
    assert not {name for name in written if "jupyter" in name or "ipython" in name}
    assert ".npm" not in written  # no search for language servers


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_the_next_keeps_edits(lab: Lab, end: signal.Signals) -> None:
    folder = Path(lab.document["folder"])
    (folder / "walkthrough.ipynb").write_text("{}")
    process, document = _start(lab.scones, "--folder", str(folder))
    assert document["kept"] == ["walkthrough.ipynb", "sample.png"]
    server = _server(process.pid)
    process.send_signal(end)
    _, said = process.communicate(timeout=CELL_SECONDS)
    assert process.returncode == 0, said
    assert "ending JupyterLab" in said
    assert "Traceback" not in said
    assert not server.is_running()
    assert (folder / "walkthrough.ipynb").read_text() == "{}"
    assert lab.scones.run("status").returncode == 0  # the services go on
