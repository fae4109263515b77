"""kill -9 of everything in turn: afterwards the state is true and nothing is left over."""

import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from botocore.exceptions import ClientError

from tests.docker.sagemaker.own_engine import OwnEngine, why_not
from tests.docker.sagemaker.running import (
    FAKE,
    DockerService,
    bench_of,
    containers_of,
    emulator_in,
    left_over,
)
from tests.emulator.running import Emulator, wait_until
from tests.emulator.sagemaker.running import SECONDS, Workbench, unique
from tests.emulator.sagemaker.test_training import members_of


def weights(bench: Workbench, job: dict) -> bytes:
    return members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))["weights"]


def test_localstack_killed_while_training_and_serving(fake, engine, tmp_path):
    away = emulator_in(tmp_path).start()
    service = DockerService(tmp_path / "state", away).start()
    try:
        bench = bench_of(service, away, unique("bucket"))
        endpoint = bench.deploy(bench.model())
        job = bench.train({"print": "before", "sleep": "60"})
        bench.training(job, "before")

        away.kill()
        assert bench.invoke(endpoint)["weights"] == "trained"
        away.start()

        bench.sagemaker.stop_training_job(TrainingJobName=job)
        ended = bench.ended(job)
        assert ended["TrainingJobStatus"] == "Stopped"
        assert weights(bench, ended) == b"half trained"
        assert bench.invoke(endpoint)["weights"] == "trained"
    finally:
        service.stop()
        away.kill()
    assert left_over(engine, service) == []


def test_the_service_killed_while_training(engine, own):
    name = own.train({"sleep": "60", "stubborn": "1"})
    own.training(name, "waiting")
    [container] = containers_of(engine, own.service, name)

    own.service.kill()
    container.reload()
    assert container.status == "running"
    own.service.start()

    job = own.job(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError: The SageMaker service ended while")
    assert left_over(engine, own.service) == []


def test_the_service_killed_while_serving(engine, own):
    endpoint = own.deploy(own.model(TOLD="me"))
    [before] = containers_of(engine, own.service, endpoint)

    own.service.kill()
    own.service.start()
    own.reaches(endpoint, "InService")

    assert own.invoke(endpoint)["told"] == "me"
    [after] = containers_of(engine, own.service, endpoint)
    assert after.id != before.id
    own.delete(endpoint)


def test_a_training_container_killed(engine, bench, service):
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")
    [container] = containers_of(engine, service, name)

    container.kill(signal.SIGKILL)

    job = bench.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: , exit code: 137"
    assert weights(bench, job) == b"trained"
    assert containers_of(engine, service, name) == []


def test_a_training_container_removed_by_somebody(engine, bench, service):
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")
    [container] = containers_of(engine, service, name)

    container.remove(force=True)

    job = bench.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "The container was removed from outside" in job["FailureReason"]


def test_a_model_servers_container_killed(engine, bench, service):
    endpoint = bench.deploy(bench.model(SLOW_START="2"))  # away for long enough to be seen away
    [container] = containers_of(engine, service, endpoint)

    container.kill(signal.SIGKILL)

    assert "exit code 137" in bench.reaches(endpoint, "OutOfService")["FailureReason"]
    bench.reaches(endpoint, "InService")
    assert bench.invoke(endpoint)["weights"] == "trained"
    [after] = containers_of(engine, service, endpoint)
    assert after.id != container.id


# An engine of the test's own


def default_bridge() -> int | None:
    """The index of docker0, which belongs to this machine's engine; a new one has another."""
    return {name: index for index, name in socket.if_nameindex()}.get("docker0")


@pytest.fixture(scope="module", params=[()], ids=["plain"])
def own_engine(
    fake: None, engine: docker.DockerClient, request: pytest.FixtureRequest
) -> Iterator[OwnEngine]:
    if reason := why_not():
        pytest.skip(reason)
    bridge = default_bridge()
    made = OwnEngine(Path(tempfile.mkdtemp(prefix="scones-engine-")), request.param)
    try:
        made.start()
        made.take_image(engine, FAKE)
        yield made
    finally:
        made.remove()
    # What an engine does with the default bridge of another one must not go unnoticed again.
    assert default_bridge() == bridge


@pytest.fixture
def there(
    own_engine: OwnEngine, emulator: Emulator, tmp_path: Path
) -> Iterator[tuple[Workbench, docker.DockerClient]]:
    """A workbench whose service uses the test's own engine, and that engine."""
    environment = {"DOCKER_HOST": own_engine.host}
    service = DockerService(tmp_path / "state", emulator, environment=environment)
    client = own_engine.client()
    service.start()
    try:
        yield bench_of(service, emulator, unique("bucket")), client
    finally:
        service.stop()
        client.close()


def test_the_engine_killed_while_training(own_engine, there):
    bench, engine = there
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")

    own_engine.kill()

    job = bench.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "The Docker engine does not answer. Start Docker" in job["FailureReason"]
    with pytest.raises(ClientError, match="The Docker engine does not answer") as caught:
        bench.train()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    own_engine.start()
    wait_until(lambda: left_over(engine, bench.service) == [], SECONDS, "the clean-up")
    assert bench.ended(bench.train())["TrainingJobStatus"] == "Completed"


def test_the_engine_killed_while_training_and_started_at_once(own_engine, there):
    bench, engine = there
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")

    own_engine.kill()
    own_engine.start()

    job = bench.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    assert "The Docker engine was stopped or started anew while" in job["FailureReason"]
    wait_until(lambda: left_over(engine, bench.service) == [], SECONDS, "the clean-up")


def test_the_engine_killed_while_serving(own_engine, there):
    bench, engine = there
    endpoint = bench.deploy(bench.model(TOLD="me"))
    assert bench.invoke(endpoint)["told"] == "me"

    own_engine.kill()
    reason = bench.reaches(endpoint, "OutOfService")["FailureReason"]
    assert "The Docker engine does not answer" in reason
    with pytest.raises(ClientError) as caught:
        bench.invoke(endpoint)
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    own_engine.start()

    bench.reaches(endpoint, "InService")
    assert bench.invoke(endpoint)["told"] == "me"
    wait_until(
        lambda: len(containers_of(engine, bench.service)) == 1, SECONDS, "the old server's removal"
    )
    bench.delete(endpoint)


def test_the_engine_and_the_service_killed_together(own_engine, there):
    bench, engine = there
    endpoint = bench.deploy(bench.model(TOLD="me"))
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")

    own_engine.kill()
    bench.service.kill()
    own_engine.start()
    bench.service.start()

    assert bench.job(name)["TrainingJobStatus"] == "Failed"
    bench.reaches(endpoint, "InService")
    assert bench.invoke(endpoint)["told"] == "me"
    assert len(containers_of(engine, bench.service)) == 1
    bench.delete(endpoint)


def test_the_service_stopped_while_the_engine_is_away(own_engine, there):
    bench, engine = there
    endpoint = bench.deploy(bench.model(TOLD="me"))
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")

    own_engine.kill()
    assert bench.service.signal(signal.SIGTERM) == 0
    own_engine.start()
    bench.service.start()

    assert bench.job(name)["TrainingJobStatus"] in ("Failed", "Stopped")
    assert "FailureReason" in bench.job(name)
    bench.reaches(endpoint, "InService")
    assert bench.invoke(endpoint)["told"] == "me"
    assert len(containers_of(engine, bench.service)) == 1
    bench.delete(endpoint)


@pytest.mark.parametrize("own_engine", [("--live-restore",)], indirect=True, ids=["live-restore"])
def test_an_engine_that_keeps_its_containers_loses_no_job_and_no_line(own_engine, there):
    bench, engine = there
    name = bench.train({"ticks": "60"})
    bench.training(name, "tick 5")

    own_engine.kill()
    own_engine.start()

    job = bench.ended(name)
    assert job["TrainingJobStatus"] == "Completed", job
    ticks = [line for line in bench.training_log(name) if line.startswith("tick ")]
    assert ticks == [f"tick {number}" for number in range(60)]
    assert left_over(engine, bench.service) == []
