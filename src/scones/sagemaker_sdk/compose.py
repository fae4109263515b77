"""Docker and Compose as commands, for local mode: found whatever their version prints."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from scones.errors import StackError

CANDIDATES = (("docker", "compose"), ("docker-compose",))
PROBE_SECONDS = 30.0
COMMAND_SECONDS = 120.0


def compose_command() -> list[str]:
    """Return the command that runs Compose: Docker's plugin, or else `docker-compose`.

    Any version that can say which it is will do. The SDK itself wants the text `v2` in it, which
    neither Debian's plugin (2.26.1-4) nor version 5 prints.

    Raises:
        StackError: There is neither.
    """
    for candidate in CANDIDATES:
        try:
            found = _run([*candidate, "version", "--short"], PROBE_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if found.returncode == 0 and any(c.isdigit() for c in found.stdout):
            return list(candidate)
    raise StackError(
        "SageMaker local mode needs Docker Compose, and neither `docker compose` nor "
        "`docker-compose` runs here: install docker-compose-plugin (Docker's packages) or "
        "docker-compose (Debian's), or use the target `local`, which needs no Docker"
    )


def require_engine() -> None:
    """Return only if a Docker engine answers.

    Raises:
        StackError: None does, or there is no `docker` command.
    """
    try:
        docker("version", "--format", "{{.Server.Version}}")
    except StackError as error:
        raise StackError(
            f"SageMaker local mode needs a Docker engine: {error}; start it, "
            "or use the target `local`, which needs no Docker"
        ) from error


def require_image(image: str) -> None:
    """Return only if the engine has an image: nothing is pulled silently.

    Raises:
        StackError: It has not.
    """
    try:
        docker("image", "inspect", image)
    except StackError as error:
        raise StackError(
            f"the Docker engine has no image '{image}': build ours with `make images`, "
            f"another with `docker build -t {image} .`, or pull it"
        ) from error


def container_state(name: str) -> dict[str, Any]:
    """Return a container's State document, such as {"Running": true, "ExitCode": 0, ...}."""
    state: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .State}}", name))
    return state


def last_lines(name: str, count: int = 5) -> str:
    """Return the last lines that a container printed, in one line."""
    done = _run(["docker", "logs", "--tail", str(count), name], COMMAND_SECONDS)
    return " | ".join((done.stdout + done.stderr).split("\n")).strip(" |")


def docker(*arguments: str) -> str:
    """Run a docker command and return what it prints.

    Raises:
        StackError: It failed; the message is its own last line.
    """
    return run(["docker", *arguments])


def run(command: Sequence[str]) -> str:
    """Run a command and return what it prints.

    Raises:
        StackError: It failed, or is not there.
    """
    try:
        done = _run(command, COMMAND_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"`{' '.join(command)}` does not run ({error})") from error
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise StackError(f"`{' '.join(command)}`: {lines[-1] if lines else done.returncode}")
    return done.stdout


def _run(command: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL
    )
