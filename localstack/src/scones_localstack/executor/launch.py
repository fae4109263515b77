"""How one function process is started: command, environment, folders and user.

The environment is built from nothing: AWS's standard variables, the function's own, test
credentials and the addresses of the local services. Nothing of the environment LocalStack was
started with gets in, and no home folder in which boto3 could find a person's files.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import json
import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scones_localstack.executor.interpreters import Interpreter, runtime_sources
from scones_localstack.executor.layers import import_paths

_HERE = Path(__file__).parent
_BOOTSTRAP = _HERE / "bootstrap.py"
_CONFINE = _HERE / "confine.py"
_USER = "nobody"
_SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin"
# Taken over from what LocalStack computes; the rest of it serves LocalStack's containers.
_STANDARD = (
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_FORMAT",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_LEVEL",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "TZ",
    "_HANDLER",
)


@dataclass(frozen=True)
class Function:
    """What a function version needs to run.

    Attributes:
        runtime: its Lambda runtime identifier.
        handler: `module.function`.
        task_root: its extracted code, the working directory.
        opt: its merged layers, or None.
        variables: its own environment variables.
        interpreter: the Python that runs it.
        runtime_dir: the packages AWS's runtime brings.
        endpoints: addresses of the local services, as environment variables.
    """

    runtime: str
    handler: str
    task_root: Path
    opt: Path | None
    variables: Mapping[str, str]
    interpreter: Interpreter
    runtime_dir: Path
    endpoints: Mapping[str, str]


@dataclass(frozen=True)
class Launch:
    """Everything `subprocess` is told."""

    command: list[str]
    environment: dict[str, str]
    directory: Path
    standard_input: bytes = field(default=b"")


def plan(
    function: Function, computed: Mapping[str, object], home: Path, runtime_api: str
) -> Launch:
    """Plan the start of a process.

    Args:
        function: what is to run.
        computed: the environment LocalStack computed for it.
        home: the execution environment's folder; its `tmp` is the function's.
        runtime_api: `host:port` of the Runtime API.
    """
    paths = [function.task_root]
    if function.opt:
        paths += import_paths(function.opt, function.interpreter.minor)
    executable = str(function.interpreter.executable)
    command = [executable, "-I", "-S", str(_BOOTSTRAP), function.handler]
    command += [str(path) for path in (function.runtime_dir, *paths)]
    launch = Launch(
        command=command,
        environment=_environment(function, computed, home, runtime_api),
        directory=function.task_root,
    )
    return _confined(launch, function, home) if os.geteuid() == 0 else launch


def make_home(home: Path) -> None:
    """Make an execution environment's folder, with the temporary folder only it may enter."""
    temporary = home / "tmp"
    temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.chown(temporary, user.pw_uid, user.pw_gid)


def remove_home(home: Path) -> None:
    """Remove an execution environment's folder."""
    shutil.rmtree(home, ignore_errors=True)


def _environment(
    function: Function, computed: Mapping[str, object], home: Path, runtime_api: str
) -> dict[str, str]:
    task, opt = str(function.task_root), function.opt
    standard = {name: str(computed[name]) for name in _STANDARD if name in computed}
    if "AWS_LAMBDA_LOG_LEVEL" in standard:
        # LocalStack writes "Info", which awslambdaric does not know.
        standard["AWS_LAMBDA_LOG_LEVEL"] = standard["AWS_LAMBDA_LOG_LEVEL"].upper()
    overridable = {
        "LANG": "C.UTF-8",
        "LD_LIBRARY_PATH": f"{task}:{task}/lib" + (f":{opt}/lib" if opt else ""),
        "PATH": _SEARCH_PATH + (f":{opt}/bin" if opt else ""),
        "PYTHONPATH": str(function.runtime_dir),
        "TMPDIR": str(home / "tmp"),
    }
    fixed = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LAMBDA_RUNTIME_DIR": str(function.runtime_dir),
        "LAMBDA_TASK_ROOT": task,
    }
    return standard | overridable | dict(function.endpoints) | dict(function.variables) | fixed


def _confined(launch: Launch, function: Function, home: Path) -> Launch:
    """Wrap a launch so that it gives up root before it sees the function's code or environment."""
    user = pwd.getpwnam(_USER)
    read = [function.interpreter.prefix, *runtime_sources(), _BOOTSTRAP, function.runtime_dir]
    read += [path for path in (function.task_root, function.opt) if path]
    visible, writable = _closed_ways(read), _closed_ways([home])
    order = {
        "command": launch.command,
        "environment": launch.environment,
        "directory": str(launch.directory),
        "uid": user.pw_uid,
        "gid": user.pw_gid,
        "covered": sorted({*visible.values(), *writable.values()}),
        "visible": _outermost(visible),
        "writable": _outermost(writable),
    }
    return Launch(
        command=[os.path.realpath(sys.executable), "-I", "-S", str(_CONFINE)],
        environment={"PATH": _SEARCH_PATH},
        directory=Path("/"),
        standard_input=json.dumps(order).encode(),
    )


def _closed_ways(paths: Iterable[Path]) -> dict[Path, str]:
    """Return the paths other users cannot get to, and the topmost folder that stops them."""
    closed = {}
    for path in map(Path, map(os.path.realpath, paths)):
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                closed[path] = str(folder)
                break
    return closed


def _outermost(paths: Iterable[Path]) -> list[str]:
    kept: list[Path] = []
    for path in sorted(paths):
        if not kept or not path.is_relative_to(kept[-1]):
            kept.append(path)
    return [str(path) for path in kept]
