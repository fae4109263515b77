"""One SageMaker service for the session, beside the session's LocalStack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.running import Emulator
from tests.emulator.sagemaker.running import Service, Workbench, unique
from tests.emulator.sagemaker.stage import Stage, set_up


@pytest.fixture(scope="session")
def service(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The session's service, started as by a caller with secrets in the environment."""
    secrets = {"AWS_PROFILE": "personal", "AWS_SESSION_TOKEN": "mine", "CALLERS_SECRET": "hush"}
    port = int(emulator.sagemaker_url.rsplit(":", 1)[1])
    state_dir = tmp_path_factory.mktemp("sagemaker") / "state"
    instance = Service(state_dir, emulator, environment=secrets, port=port)
    with instance:
        yield instance


@pytest.fixture
def door(request: pytest.FixtureRequest, emulator: Emulator, service: Service) -> str:
    """The URL that SageMaker's clients call: the service's, or as `both_doors` has it."""
    return {"direct": service.url, "localstack": emulator.url}[getattr(request, "param", "direct")]


@pytest.fixture
def client(service: Service, door: str) -> Any:
    """A SageMaker client that checks every answer."""
    return service.client(url=door)


@pytest.fixture
def bench(emulator: Emulator, service: Service, door: str) -> Iterator[Workbench]:
    """A workbench with a bucket of its own; its endpoints are deleted after the test."""
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    before = set(service.ready()["endpoints"])
    workbench = Workbench(service, emulator, bucket, url=door)
    yield workbench
    for name in set(service.ready()["endpoints"]) - before:
        workbench.settles(name)
        workbench.delete(name)


@pytest.fixture
def own(emulator: Emulator, tmp_path: Path) -> Iterator[Workbench]:
    """A workbench with a service of its own, which may be stopped and killed."""
    service = Service(tmp_path / "state", emulator, {"capture-flush-seconds": 60.0})
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    with service:
        yield Workbench(service, emulator, bucket)


@pytest.fixture(scope="session")
def stage(service: Service) -> Iterator[Stage]:
    """Something of each kind that a request can name."""
    made = set_up(service)
    yield made
    made.bench.delete(made.given["EndpointName"])
