"""The whole stack on free loopback ports and a state folder of its own, driven by its commands."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scones.aws import Session
from scones.config import load
from scones.project import Project
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
TEST_DATA_ENV = "SCONES_TEST_DATA"
QUICK = {"epochs": "2"}


def source_arguments() -> list[str]:
    """Real images where this machine has them, drawings elsewhere."""
    data = os.environ.get(TEST_DATA_ENV)
    if data is None:
        return ["--drawings"]
    return ["--archive", str(Path(data) / "cifar-100-python-vehicles.tar.gz")]


@dataclass
class Scones:
    """Runs `scones` commands as a person would."""

    state_dir: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scones.cli", *arguments]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, timeout: float = 400) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def ok(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.run(*arguments)
        assert done.returncode == 0, f"scones {' '.join(arguments)}: {done.stderr}{self.logs()}"
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ok(*arguments, "--json").stdout)

    def refused(self, *arguments: str, code: int) -> str:
        """Run a command that must fail; return the one line that says why."""
        done = self.run(*arguments)
        assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr
        errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, done.stderr
        return errors[0]

    def project(self) -> Project:
        return Project(load(self.environment_config(), state_dir=self.state_dir))

    def environment_config(self) -> Path:
        return Path(self.environment["SCONES_CONFIG"])

    @property
    def aws(self) -> Session:
        return self.project().aws

    def logs(self) -> str:
        tails = []
        for log in sorted((self.state_dir / "logs").glob("*.log")):
            tails.append(f"\n--- {log.name}\n" + "\n".join(log.read_text().splitlines()[-15:]))
        return "".join(tails)


def make_scones(folder: Path) -> Scones:
    ports = free_ports(4)
    config = folder / "scones.toml"
    text = (ROOT / "scones.toml").read_text()
    text += "".join(f"{name} = {value}\n" for name, value in QUICK.items())
    text += "[profiles.local]\n" + "".join(
        f"{name} = {port}\n"
        for name, port in zip(
            ("localstack_port", "sagemaker_port", "smtp_port", "inbox_port"), ports, strict=True
        )
    )
    config.write_text(text)
    state_dir = folder / "state"
    environment = dict(os.environ)
    environment |= {"SCONES_CONFIG": str(config), "SCONES_STATE_DIR": str(state_dir)}
    # A person's own AWS configuration must make no difference.
    environment |= {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    return Scones(state_dir, environment)


@pytest.fixture
def scones(tmp_path: Path) -> Iterator[Scones]:
    """A new state folder with nothing running; whatever was started is stopped at the end."""
    made = make_scones(tmp_path)
    yield made
    made.run("down")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scones, dict[str, Any]]]:
    """A stack on which the demo has run with --keep, and the demo's summary."""
    folder = tmp_path_factory.mktemp("kept")
    made = make_scones(folder)
    done = made.run("demo", *source_arguments(), "--keep", "--json")
    try:
        assert done.returncode == 0, done.stderr + made.logs()
        yield made, json.loads(done.stdout)
    finally:
        made.run("down")
        shutil.rmtree(folder, ignore_errors=True)
