"""`scones doctor terraform` runs Terraform's own checks and says what is missing."""

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scones.doctor import Finding, Outcome, examine_terraform
from tests.terraform.workspace import ROOT

CLOSED = "http://127.0.0.1:1"


@pytest.fixture
def healthy_url() -> Iterator[str]:
    """Something that answers as LocalStack does when it is asked for its health."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources with one of Terraform's own tests: the others have a test that runs them."""
    for name in ("terraform", "api", "asl"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".terraform*"))
    for file in (tmp_path / "terraform" / "tests").glob("*.tftest.hcl"):
        if file.name != "endpoint.tftest.hcl":
            file.unlink()
    return tmp_path


def outcomes(found: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.outcome.value for finding in found}


@pytest.mark.usefixtures("terraform")
def test_every_check_passes_where_all_is_there(
    checkout: Path, provider: str, healthy_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_REATTACH_PROVIDERS", provider)
    before = sorted(checkout.rglob("*"))
    found = list(examine_terraform(checkout, healthy_url))
    assert {finding.outcome for finding in found} == {Outcome.PASSED}, found
    checks = ["terraform", "format", "provider", "validate", "test", "localstack", "plan", "apply"]
    assert [finding.check for finding in found] == checks
    details = {finding.check: finding.detail for finding in found}
    assert details["plan"].startswith("Plan: ")
    assert details["apply"].startswith("Destroy complete!")
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.usefixtures("terraform")
def test_without_localstack_nothing_is_applied(
    checkout: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_REATTACH_PROVIDERS", provider)
    found = list(examine_terraform(checkout, CLOSED))
    assert outcomes(found)["test"] == "passed"
    assert found[-1].outcome is Outcome.NOT_RUN
    assert f"nothing answers at {CLOSED}" in found[-1].detail
    assert "scones up" in found[-1].detail


@pytest.mark.usefixtures("terraform")
def test_a_missing_provider_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "terraformrc"
    settings.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path}"\n  }}\n}}\n'
    )
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(settings))
    monkeypatch.delenv("TF_REATTACH_PROVIDERS", raising=False)
    *passed, last = examine_terraform(ROOT, None)
    assert outcomes(passed) == {"terraform": "passed", "format": "passed"}
    assert last.check == "provider"
    assert last.outcome is Outcome.NOT_RUN
    assert last.detail.startswith("no AWS provider: ")
    assert str(settings) in last.detail
    assert "\n" not in last.detail


def test_a_missing_terraform_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    (found,) = examine_terraform(ROOT, None)
    assert found.outcome is Outcome.NOT_RUN
    assert found.detail == "no terraform on the PATH: install version 1.9 or newer"


def test_an_old_terraform_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (found,) = examine_terraform(ROOT, None)
    assert found.detail == f"{program} is 1.5.7: install 1.9 or newer"


def test_outside_a_checkout_it_says_so(tmp_path: Path) -> None:
    (found,) = examine_terraform(tmp_path, None)
    assert found.outcome is Outcome.NOT_RUN
    assert "run it from a checkout" in found.detail
