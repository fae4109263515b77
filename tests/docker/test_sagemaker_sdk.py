"""The SageMaker SDK's example in containers: in local mode, and against our service."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import pytest
import urllib3

from scones.emulation.services import interpreter
from scones.sagemaker_sdk import compose
from scones.sagemaker_sdk.folders import hand_back
from tests.integration.conftest import ROOT, Scones, make_scones
from tests.integration.test_sagemaker_sdk import few_images, run_example
from tests.ports import free_ports

pytestmark = pytest.mark.usefixtures("images")
LOCAL_MODE = {"label": "scones.local-mode"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scones]:
    """LocalStack and few staged images; the service is there too, and local mode leaves it be."""
    folder = tmp_path_factory.mktemp("sdk")
    made = make_scones(folder)
    try:
        made.ok("up")
        made.ok("etl", "--folder", str(few_images(folder / "vehicles")))
        yield made
    finally:
        made.run("down")


@pytest.fixture
def nothing_left(engine: docker.DockerClient, stack: Scones) -> Iterator[None]:
    """After the test there is nothing of local mode: no containers, networks or folders."""
    yield
    assert engine.containers.list(all=True, filters=LOCAL_MODE) == []
    assert [n.name for n in engine.networks.list() if n.name.startswith("scones-tmp")] == []
    assert list((stack.state_dir / "local-mode").iterdir()) == []


@pytest.fixture(params=["plugin", "docker-compose"])
def with_compose(request: pytest.FixtureRequest, tmp_path: Path, stack: Scones) -> Scones:
    """The stack, where only Docker's plugin or only the program `docker-compose` is Compose."""
    if request.param == "plugin":
        if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
            pytest.skip("this machine has no Compose plugin")
        return stack
    environment = stack.environment | {"DOCKER_CONFIG": str(tmp_path)}
    found = subprocess.run(
        ["docker", "compose", "version"], capture_output=True, env=environment
    ).returncode
    if found == 0:
        pytest.skip("this machine's Compose plugin is installed for all users")
    return replace(stack, environment=environment)


@pytest.mark.usefixtures("nothing_left")
def test_the_example_runs_in_local_mode(with_compose: Scones) -> None:
    done = run_example(with_compose, "local-mode")
    assert done.returncode == 0, done.stderr
    assert "Epoch[1] Validation-accuracy=" in done.stdout
    assert len([line for line in done.stdout.splitlines() if ".png: " in line]) == 4
    assert "local mode ignores DataCaptureConfig: no data are captured" in done.stderr
    for noise in ("telemetry", "sagemaker.config", "SageMaker Python SDK v2", "Rootless"):
        assert noise not in done.stderr + done.stdout
    s3 = with_compose.aws.client("s3")
    bucket = f"sagemaker-us-east-1-{with_compose.aws.account}"
    models = s3.list_objects_v2(Bucket=bucket, Prefix="train-and-deploy/models/")["Contents"]
    assert any(entry["Key"].endswith("/output/model.tar.gz") for entry in models)
    assert with_compose.aws.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


@pytest.mark.usefixtures("nothing_left")
def test_a_failed_job_says_why_as_sagemaker_does(stack: Scones) -> None:
    done = _script(stack, "estimator.set_hyperparameters(epochs=0)\nestimator.fit(channels)")
    assert done.returncode == 1
    assert "UnexpectedStatusException: Error for Training job" in done.stderr
    assert "epochs" in done.stderr.splitlines()[-1]


@pytest.mark.usefixtures("nothing_left")
def test_ctrl_c_in_a_training_job_ends_the_script_and_its_containers(
    engine: docker.DockerClient, stack: Scones
) -> None:
    script = _start(stack, "estimator.set_hyperparameters(epochs=1000)\nestimator.fit(channels)")
    _await(lambda: engine.containers.list(filters=LOCAL_MODE), script)
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does: Compose gets it too
    _, errors = script.communicate(timeout=200)
    assert script.returncode == 1
    assert "InterruptionError: interrupted; the containers of training job" in errors


@pytest.mark.usefixtures("nothing_left")
def test_an_endpoint_ends_with_its_script_and_a_killed_script_is_cleaned_up_after(
    engine: docker.DockerClient, stack: Scones
) -> None:
    serve = "estimator.fit(channels)\npredictor = deploy()\n"
    script = _start(stack, serve + "print('serving', flush=True)\nimport time; time.sleep(600)")
    _await(lambda: "serving" in script.stdout.readline(), script)  # type: ignore[union-attr]
    (server,) = engine.containers.list(filters=LOCAL_MODE)
    published = server.attrs["NetworkSettings"]["Ports"]["8080/tcp"]
    assert [binding["HostIp"] for binding in published] == ["127.0.0.1"]
    script.kill()
    script.communicate()
    assert engine.containers.list(filters=LOCAL_MODE) == [server]

    done = _script(stack, serve + "predictor.predict(b'not an image')")  # and no clean-up
    assert done.returncode == 1
    assert "(ModelError) when calling the InvokeEndpoint operation" in done.stderr


def test_files_of_a_containers_user_are_handed_back(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    image = "scones/image-classification"
    program = "mkdir /mnt/private && touch /mnt/private/file && chmod 700 /mnt/private"
    compose.docker(
        *("run", "--rm", "--user", "12345:12345", "--volume", f"{tmp_path}:/mnt"),
        *("--entrypoint", "sh", image, "-c", program),
    )
    assert (tmp_path / "private").stat().st_uid == 12345
    hand_back(tmp_path, image)
    owners = {path.stat().st_uid for path in (tmp_path, *tmp_path.rglob("*"))}
    assert owners == {os.getuid()}


def test_the_example_runs_against_the_service_with_containers(
    stack: Scones, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    settings = tmp_path / "scones.toml"
    target = stack.project().settings.target
    localstack_port = target.localstack_port
    settings.write_text(
        stack.environment_config().read_text()
        + f"[profiles.docker]\nlocalstack_port = {localstack_port}\nsagemaker_port = {port}\n"
        + f"inbox_port = {target.inbox_port}\n"
    )
    images = tmp_path / "images.json"
    images.write_text(json.dumps({"images": []}))  # the engine's own names
    command = [
        *(str(interpreter("emulator")), "-m", "scones_localstack.sagemaker"),
        *("--backend", "docker", "--port", str(port), "--images", str(images)),
        *("--state-dir", str(tmp_path / "service")),
        *("--aws-endpoint-url", f"http://127.0.0.1:{localstack_port}"),
    ]
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _await(lambda: _answers(port), service)
        with_docker = replace(
            stack, environment=stack.environment | {"SCONES_CONFIG": str(settings)}
        )
        done = run_example(with_docker, "docker")
        assert done.returncode == 0, done.stderr + (tmp_path / "log").read_text()
        assert len([line for line in done.stdout.splitlines() if ".png: " in line]) == 4
        assert "captured in s3://" in done.stdout
    finally:
        service.terminate()
        service.wait(200)


PREAMBLE = """
import scones
session = scones.sagemaker_session("local-mode")
from sagemaker.estimator import Estimator
from sagemaker.serializers import IdentitySerializer
where = session.target
dataset = where.project.dataset()
data = session.upload_data(str(dataset.directory), key_prefix="data")
names = {"train": "train/", "validation": "validation/", "train_lst": "train.lst"}
channels = {name: f"{data}/{key}" for name, key in names.items()}
channels["validation_lst"] = f"{data}/validation.lst"
estimator = Estimator(
    where.image_uri, where.role_arn, 1, where.training_instance_type,
    sagemaker_session=session,
    hyperparameters={"num_classes": 2, "num_training_samples": dataset.size("train"),
                     "image_shape": "3,32,32", "epochs": 1, "mini_batch_size": 16},
)
def deploy():
    return estimator.deploy(
        1, where.endpoint_instance_type, serializer=IdentitySerializer("image/png")
    )
"""


def _start(stack: Scones, body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + body],
        cwd=ROOT,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _script(stack: Scones, body: str) -> subprocess.CompletedProcess[str]:
    script = _start(stack, body)
    output, errors = script.communicate(timeout=200)
    return subprocess.CompletedProcess(script.args, script.returncode, output, errors)


def _await(condition: Callable[[], Any], process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read() if process.stderr else "it ended"
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        url = f"http://127.0.0.1:{port}/_scones/ready"
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False
