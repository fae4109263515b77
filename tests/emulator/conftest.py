"""One LocalStack for the session, and functions in it."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.emulator.running import ROLE_ARN, Emulator, zip_of
from tests.emulator.sagemaker.running import Pair, Service, Workbench, unique
from tests.ports import free_port

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
        # Where the session's service is, once a test asks for it.
        sagemaker_url=f"http://127.0.0.1:{free_port()}",
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
        # AWS's own 3 s are short where many tests share a machine.
        settings = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 60, **settings}
        code = {"ZipFile": zip_of({"app.py": source})}
        client.create_function(FunctionName=name, Role=ROLE_ARN, Code=code, **settings)
        created.append(name)
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200}
        )
        return name

    yield create
    for name in created:
        with contextlib.suppress(client.exceptions.ResourceNotFoundException):
            client.delete_function(FunctionName=name)


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A LocalStack and a SageMaker service that know each other's address."""
    base = tmp_path_factory.mktemp("pair")
    port = free_port()
    emulator = Emulator(base / "state", sagemaker_url=f"http://127.0.0.1:{port}")
    emulator.start()
    try:
        with Service(base / "state", emulator, port=port) as service:
            yield Pair(emulator, service)
    finally:
        emulator.kill()


@pytest.fixture(scope="module")
def bench(pair: Pair) -> Workbench:
    """A workbench whose SageMaker clients call LocalStack."""
    bucket = unique("bench")
    pair.emulator.client("s3").create_bucket(Bucket=bucket)
    workbench = Workbench(pair.service, pair.emulator, bucket)
    workbench.sagemaker = pair.emulator.client("sagemaker")
    workbench.runtime = pair.emulator.client("sagemaker-runtime")
    return workbench
