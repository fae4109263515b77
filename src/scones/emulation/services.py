"""Which services make the offline stack, and how each is run and recognised."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import urllib3

from scones.config import OwnImage, Settings
from scones.emulation import inbox
from scones.emulation.process import ServiceSpec
from scones.errors import ConfigError, StackError
from scones.profiles import Profile

ENVIRONMENTS_ENV = "SCONES_ENVIRONMENTS"
"""Folder of the environments `emulator` and `algorithms`; by default beside the running one."""

PROBE_SECONDS = 3.0
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "OMP_NUM_THREADS")


def interpreter(environment: str) -> Path:
    """Return the Python of one of the environments that `make setup` creates.

    Raises:
        StackError: It is not there.
    """
    parent = Path(os.environ.get(ENVIRONMENTS_ENV) or Path(sys.prefix).parent)
    python = parent.absolute() / environment / "bin" / "python"
    if not python.exists():
        raise StackError(
            f"the environment '{environment}' is not in {parent}: run `make setup`, "
            f"or set {ENVIRONMENTS_ENV}"
        )
    return python


def specs(settings: Settings) -> tuple[ServiceSpec, ...]:
    """Return the services in the order in which they start.

    Raises:
        ConfigError: The profile's services are not scones' to start.
    """
    target = settings.target
    localstack_port, sagemaker_port = target.localstack_port, target.sagemaker_port
    smtp_port, inbox_port = target.smtp_port, target.inbox_port
    if not (target.supervised and localstack_port and sagemaker_port and smtp_port and inbox_port):
        raise ConfigError(_not_ours(target))
    state_dir = settings.state_dir.absolute()
    emulator = str(interpreter("emulator"))
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    environment |= {"HOME": str(state_dir), "PYTHONUNBUFFERED": "1"}

    def setting(field: str) -> str:
        return f"SCONES_PROFILES__{target.name.upper()}__{field.upper()}"

    def spec(
        name: str, port: int, field: str, probe: Callable[[], int | None], *command: str
    ) -> ServiceSpec:
        return ServiceSpec(name, command, port, setting(field), state_dir, probe, environment)

    mail = state_dir / "inbox"
    return (
        replace(
            spec(
                "inbox",
                smtp_port,
                "smtp_port",
                lambda: inbox.probe(smtp_port, mail),
                *(sys.executable, "-m", "scones.emulation.inbox", "--port", str(smtp_port)),
                *("--http-port", str(inbox_port), "--directory", str(mail)),
            ),
            other_ports={setting("inbox_port"): inbox_port},
            page_url=f"{target.inbox_url}/",
        ),
        spec(
            "localstack",
            localstack_port,
            "localstack_port",
            lambda: _answering_pid(localstack_port, state_dir, "/_localstack/health"),
            *(emulator, "-m", "scones_localstack", "--port", str(localstack_port)),
            *("--state-dir", str(state_dir), "--sagemaker-url", str(target.sagemaker_url)),
            *("--smtp", f"127.0.0.1:{smtp_port}"),
        ),
        spec(
            "sagemaker",
            sagemaker_port,
            "sagemaker_port",
            lambda: _answering_pid(sagemaker_port, state_dir),
            *(emulator, "-m", "scones_localstack.sagemaker", "--port", str(sagemaker_port)),
            *("--state-dir", str(state_dir), "--region", target.region),
            *("--aws-endpoint-url", str(target.localstack_url)),
            *("--images", str(_image_table(state_dir, settings.images))),
        ),
    )


def _not_ours(target: Profile) -> str:
    """Say who starts the services of a profile for which scones does not."""
    if target.start_command is None:
        return f"profile '{target.name}' has no services that scones starts: use --profile local"
    return (
        f"scones does not start or stop the services of profile '{target.name}': "
        f"run `{target.start_command}`, or `{target.stop_command}`"
    )


def _image_table(state_dir: Path, own: Iterable[OwnImage]) -> Path:
    """Write the table that says which program each image URI stands for."""
    algorithm = {
        "repositories": ["image-classification", "scones/image-classification"],
        "command": [
            str(interpreter("algorithms")),
            *("-m", "scones_algorithms.image_classification"),
        ],
        "image": "scones/image-classification:latest",
    }
    detector = {
        "repositories": ["object-detection", "scones/object-detection"],
        "command": [str(interpreter("algorithms")), "-m", "scones_algorithms.object_detection"],
        "image": "scones/image-classification:latest",
        "entrypoint": ["python", "-m", "scones_algorithms.object_detection"],
    }
    analyzer = {
        "repositories": ["sagemaker-model-monitor-analyzer", "scones/monitor-analyzer"],
        "command": [sys.executable, "-m", "scones.monitor.analyzer"],
        "image": "scones/tools:latest",
        "entrypoint": ["scones-monitor-analyzer"],
    }
    others = [{"repositories": [image.repository], "command": _program(image)} for image in own]
    path = state_dir / "images.json"
    state_dir.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"images": [algorithm, detector, analyzer, *others]}, indent=2))
    return path


def _program(image: OwnImage) -> list[str]:
    """Return a command that works in any folder: what is a file here is named in full."""
    program = shutil.which(image.command[0])
    if program is None:
        raise ConfigError(
            f"setting images: there is no program '{image.command[0]}' for {image.repository}: "
            "install it, or give its path"
        )
    arguments = (
        str(Path(word).absolute()) if Path(word).is_file() else word for word in image.command[1:]
    )
    return [str(Path(program).absolute()), *arguments]


def _answering_pid(port: int, state_dir: Path, *healthy: str) -> int | None:
    """Return the pid of our service on this port and state folder, once it is ready."""
    try:
        for path in healthy:
            if _get(port, path).status != 200:
                return None
        answer: Any = _get(port, "/_scones/ready")
        document = answer.json() if answer.status == 200 else {}
    except (urllib3.exceptions.HTTPError, ValueError):
        return None
    ours = isinstance(document, dict) and document.get("state_dir") == str(state_dir)
    return int(document["pid"]) if ours else None


def _get(port: int, path: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "GET", f"http://127.0.0.1:{port}{path}", timeout=PROBE_SECONDS, retries=False
    )
