"""One LocalStack for the session, and functions in it."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emulator.running import ROLE_ARN, Emulator, zip_of

# LocalStack looks for Docker when it is imported, and leaves the socket open if there is none.
os.environ["LEGACY_DOCKER_CLIENT"] = "1"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The session's LocalStack, started as by a caller with secrets in the environment."""
    # World-readable above, as a project's folder is: functions run as another user under root.
    base = tmp_path_factory.mktemp("emulator")
    caller = {"AWS_PROFILE": "personal", "AWS_ACCESS_KEY_ID": "AKIAPERSONAL", "DEVELOP": "1"}
    instance = Emulator(
        base / "state",
        environment={**caller, "HOME": str(base / "home"), "CALLERS_SECRET": "hush"},
    )
    (base / "home").mkdir()
    instance.start()
    yield instance
    instance.kill()


@pytest.fixture
def function(emulator: Emulator) -> Iterator[Callable[..., str]]:
    """Create functions from source text; they are deleted after the test."""
    client = emulator.client("lambda")
    created: list[str] = []

    def create(source: str, **settings: Any) -> str:
        name = f"f{len(created)}-{time.time_ns()}"
        settings = {"Runtime": "python3.13", "Handler": "app.handler", **settings}
        code = {"ZipFile": zip_of({"app.py": source})}
        client.create_function(FunctionName=name, Role=ROLE_ARN, Code=code, **settings)
        created.append(name)
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )
        return name

    yield create
    for name in created:
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            client.delete_function(FunctionName=name)
