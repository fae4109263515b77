"""The `scones` program: its options, its commands and how failures end."""

import errno
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from scones import config
from scones.console import Terminal
from scones.errors import SconesError, UsageError
from scones.profiles import PROFILES
from scones.project import Project

INTERRUPTED = 130


class Invocation:
    """What the options before the command's name say."""

    def __init__(self, config_file: Path | None, flags: dict[str, Any], *, debug: bool) -> None:
        self.config_file = config_file
        self._flags = flags
        self.debug = debug

    @property
    def options(self) -> str:
        """What the next command is to be told, too: the profile, where this one was."""
        profile = self._flags.get("profile")
        return f"--profile {profile}" if profile else ""

    @contextmanager
    def project(self, **flags: Any) -> Iterator[tuple[Project, Terminal]]:
        """Read the settings and give a command its project and its terminal."""
        settings = config.load(self.config_file, **(self._flags | flags))
        with Terminal(options=self.options) as terminal:
            yield Project(settings, terminal), terminal


pass_invocation = click.make_pass_decorator(Invocation)


def json_option[F: Callable[..., Any]](function: F) -> F:
    """Add `--json` to a command."""
    help_text = "Print one JSON document on standard output."
    return click.option("--json", "as_json", is_flag=True, help=help_text)(function)


class Commands(click.Group):
    """The commands, each loaded when it is asked for: drawing libraries take a second to load."""

    MODULES = MappingProxyType(
        {
            "demo": "demo",
            "up": "services",
            "down": "services",
            "status": "services",
            "env": "environment",
            "bootstrap": "bootstrap",
            "etl": "data",
            "image": "images",
            "plan": "planning",
            "deploy": "infrastructure",
            "drift": "drift",
            "train": "model",
            "pretrain": "model",
            "endpoint": "model",
            "retrain": "model",
            "tune": "tuning",
            "models": "models",
            "detector": "detector",
            "classify": "inference",
            "explain": "explaining",
            "detect": "detection",
            "workflow": "inference",
            "monitor": "captures",
            "notebook": "notebook",
            "web": "web",
            "destroy": "infrastructure",
            "package": "packages",
            "doctor": "doctor",
        }
    )

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names in the order in which one would use them."""
        return list(self.MODULES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Load a command."""
        if name not in self.MODULES:
            return None
        module = import_module(f"scones.cli.{self.MODULES[name]}")
        command: click.Command = getattr(module, name)
        return command


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="scones")
@click.option("--profile", help=f"Where to work: {', '.join(PROFILES)}.  [default: local]")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar=config.CONFIG_ENV,
    help="Settings file.  [default: scones.toml]",
)
@click.option("--state-dir", type=click.Path(path_type=Path), help="[default: .scones]")
@click.option("--debug", is_flag=True, help="Show the traceback of a failure.")
@click.pass_context
def cli(
    context: click.Context,
    profile: str | None,
    config_file: Path | None,
    state_dir: Path | None,
    *,
    debug: bool,
) -> None:
    """Build, test and operate an AWS machine-learning workflow offline, then deploy it unchanged.

    Start with `scones demo`, which runs everything below once.
    """
    flags = {"profile": profile, "state_dir": state_dir}
    context.obj = Invocation(config_file, flags, debug=debug)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done; 1 failed; 2 wrong usage, nothing changed; 130 interrupted.
    """
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    terminal = Terminal(options=_profile_option(words))
    try:
        code = cli.main(arguments, prog_name="scones", standalone_mode=False)
    except click.ClickException as error:
        terminal.failure(error.format_message())
        return UsageError.exit_code
    except (KeyboardInterrupt, click.Abort):
        terminal.failure("interrupted; nothing is lost: run the same command to go on")
        return INTERRUPTED
    except (SconesError, ClientError, BotoCoreError, OSError) as error:
        if debug:
            traceback.print_exc()
        terminal.failure(_explain(error))
        return error.exit_code if isinstance(error, SconesError) else 1
    return code if isinstance(code, int) else 0


def _profile_option(words: Sequence[str]) -> str:
    """Return the profile as it was given, such as `--profile aws`; empty where it was not."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--profile" and following:
            return f"--profile {following}"
        if word.startswith("--profile="):
            return word
    return ""


def _explain(error: Exception) -> str:
    match error:
        case EndpointConnectionError():
            url = error.kwargs.get("endpoint_url", "the service")
            return (
                f"nothing answers at {url}: start the services with `scones up`, those of "
                "--profile docker with `docker compose up`"
            )
        case ClientError():
            details = error.response.get("Error", {})
            return f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}"
        case OSError(errno=errno.ENOSPC):
            where = f" for {error.filename}" if error.filename else ""
            return f"no space left on the disk{where}: free some, then run the same command"
        case OSError():
            return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    return " ".join(str(error).split())
