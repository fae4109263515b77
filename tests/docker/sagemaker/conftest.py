"""One LocalStack and one service with the docker backend, for all tests of this folder."""

import contextlib
from collections.abc import Iterator

import docker
import pytest

from tests.docker.sagemaker.running import DockerService, bench_of, build_fake, emulator_in
from tests.emulator.running import Emulator
from tests.emulator.sagemaker.running import Workbench, unique


@pytest.fixture(scope="session")
def fake(engine: docker.DockerClient) -> None:
    """The image `scones-test/fake`."""
    build_fake(engine)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    instance = emulator_in(tmp_path_factory.mktemp("localstack")).start()
    yield instance
    instance.kill()


@pytest.fixture(scope="session")
def service(
    fake: None, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerService]:
    """The session's service, started as by a caller with secrets in the environment."""
    instance = DockerService(tmp_path_factory.mktemp("sagemaker") / "state", emulator)
    instance.environment = {"AWS_SESSION_TOKEN": "mine", "CALLERS_SECRET": "hush"}
    with instance:
        yield instance


@pytest.fixture
def bench(emulator: Emulator, service: DockerService) -> Iterator[Workbench]:
    """A workbench with a bucket of its own; its endpoints are deleted after the test."""
    before = set(service.ready()["endpoints"])
    workbench = bench_of(service, emulator, unique("bucket"))
    yield workbench
    for name in set(service.ready()["endpoints"]) - before:
        workbench.leaves(name, "Creating")
        workbench.delete(name)


@pytest.fixture
def own(
    fake: None, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workbench]:
    """A workbench with a service of its own, which may be stopped and killed."""
    service = DockerService(tmp_path_factory.mktemp("own") / "state", emulator)
    service.start()
    try:
        yield bench_of(service, emulator, unique("bucket"))
    finally:
        with contextlib.suppress(ProcessLookupError):
            service.stop()
