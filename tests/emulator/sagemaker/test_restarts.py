"""Stops, kills and restarts: of the service, of LocalStack, of both."""

import json
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from tests.emulator.running import Emulator, wait_until
from tests.emulator.sagemaker.running import SECONDS, Service, Workbench, unique
from tests.emulator.sagemaker.test_capture import config, lines_of
from tests.emulator.sagemaker.test_training import is_running, members_of


def children_of(service: Service) -> list[int]:
    return [child.pid for child in psutil.Process(service.process.pid).children()]


def test_a_killed_service_fails_its_jobs_and_leaves_no_process(own):
    name = own.train({"sleep": "60", "stubborn": "1", "stubborn_child": "1"})
    own.training(name, "waiting")
    child = int(own.training_log(name)[0].split()[1])
    [trainer] = children_of(own.service)

    own.service.kill()
    assert is_running(trainer)
    own.service.start()

    job = own.job(name)
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == (
        "InternalServerError: The SageMaker service ended while the job was running. "
        "Create the training job again."
    )
    wait_until(lambda: not is_running(trainer) and not is_running(child), SECONDS, "the sweep")
    folder = own.service.folder / "training-jobs" / "us-east-1" / name
    assert [entry.name for entry in folder.iterdir()] == ["algo-1.log"]


def test_a_stopped_service_stops_its_jobs_and_keeps_what_they_saved(own):
    name = own.train({"sleep": "60"})
    own.training(name, "waiting")
    [trainer] = children_of(own.service)

    began = time.monotonic()
    assert own.service.signal(signal.SIGTERM) == 0
    assert time.monotonic() - began < 45
    assert not is_running(trainer)
    own.service.start()

    job = own.job(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert job["FailureReason"].startswith("The SageMaker service was stopped")
    weights = members_of(own.get(job["ModelArtifacts"]["S3ModelArtifacts"]))["weights"]
    assert weights == b"half trained"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_endpoints_are_in_service_again_after_a_restart(own, how):
    names = [own.deploy(own.model(TOLD=told)) for told in ("one", "two")]
    servers = [own.invoke(name)["pid"] for name in names]

    own.service.signal(how)
    own.service.start()

    for name, told in zip(names, ("one", "two"), strict=True):
        own.reaches(name, "InService")
        assert own.invoke(name)["told"] == told
    wait_until(lambda: not any(map(is_running, servers)), SECONDS, "the old servers' end")
    for name in names:
        own.delete(name)


def test_a_failed_endpoint_stays_failed_and_can_be_deleted(own):
    name = own.deploy(own.model(EXIT_AT_START="5"))
    own.service.signal(signal.SIGTERM)
    own.service.start()

    assert own.endpoint(name)["EndpointStatus"] == "Failed"
    own.delete(name)


def test_a_model_that_s3_has_forgotten_is_put_back(own):
    artifact = own.ended(own.train())["ModelArtifacts"]["S3ModelArtifacts"]
    name = own.deploy(own.model(artifact))
    content = own.get(artifact)
    own.service.signal(signal.SIGTERM)
    key = artifact.removeprefix(f"s3://{own.bucket}/")
    own.s3.delete_object(Bucket=own.bucket, Key=key)

    own.service.start()
    own.reaches(name, "InService")

    wait_until(lambda: own.keys(key), SECONDS, "the model's return")
    assert own.get(artifact) == content
    own.delete(name)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_capture_is_lost_when_the_service_ends(own, how):
    name = own.deploy(own.model(), DataCaptureConfig=config(own))
    for _ in range(50):
        own.invoke(name)

    own.service.signal(how)
    if how == signal.SIGTERM:
        assert len(lines_of(own, name, 50)) == 50
    own.service.start()

    lines = lines_of(own, name, 50)
    assert len({json.loads(line)["eventMetadata"]["eventId"] for line in lines}) == 50
    own.reaches(name, "InService")
    own.delete(name)


def test_work_goes_on_while_localstack_is_away(emulator, tmp_path):
    away = Emulator(tmp_path / "localstack").start()
    service = Service(tmp_path / "state", away).start()
    try:
        bucket = unique("bucket")
        away.client("s3").create_bucket(Bucket=bucket)
        bench = Workbench(service, away, bucket)
        name = bench.deploy(bench.model(), DataCaptureConfig=config(bench))
        bench.invoke(name)
        lines_of(bench, name, 1)
        job = bench.train({"print": "before|after", "sleep": "60"})
        bench.training(job, "before")

        away.kill()
        for _ in range(5):
            bench.invoke(name)
        away.start()
        if bucket not in [entry["Name"] for entry in bench.s3.list_buckets()["Buckets"]]:
            bench.s3.create_bucket(Bucket=bucket)

        bench.sagemaker.stop_training_job(TrainingJobName=job)
        artifact = bench.ended(job)["ModelArtifacts"]["S3ModelArtifacts"]
        assert members_of(bench.get(artifact))["weights"] == b"half trained"
        last = "scones: training used"
        wait_until(
            lambda: [line for line in bench.training_log(job) if line.startswith(last)],
            SECONDS,
            "the rest of the log",
        )
        assert len(lines_of(bench, name, 5)) in (5, 6)
    finally:
        service.stop()
        away.kill()


def test_a_model_server_that_takes_too_long_is_a_model_error(emulator, tmp_path):
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    with Service(tmp_path / "state", emulator, {"invocation-seconds": 0.5}) as service:
        bench = Workbench(service, emulator, bucket)
        name = bench.deploy(bench.model())
        with pytest.raises(bench.runtime.exceptions.ModelError) as caught:
            bench.invoke(name, b"slow")

    assert caught.value.response["OriginalStatusCode"] == 0
    assert caught.value.response["Error"]["Message"].startswith(
        'Received server error (0) from primary with message "Your invocation timed out while '
    )


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scones_localstack.sagemaker", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def options(service: Service, **changes: object) -> list[str]:
    kept = [
        option
        for option in service.command()[3:]
        if option.removeprefix("--").partition("=")[0] not in changes
    ]
    return kept + [f"--{name}={value}" for name, value in changes.items()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "moon"}, "there is no backend 'moon': choose one of process"),
        ({"images": "/nowhere/images.json"}, "cannot read the images file /nowhere/images.json"),
        ({"state-dir": "/dev/null/state"}, "cannot use the state folder /dev/null/state/sagemake"),
    ],
)
def test_what_is_wrong_at_the_start_is_one_line(own, tmp_path, changes, message):
    changes = {"state-dir": tmp_path / "other", **changes}

    result = run(*options(own.service, **changes))

    assert result.returncode == 1
    assert result.stderr.startswith(f"scones_localstack.sagemaker: {message}")
    assert result.stderr.count("\n") == 1


def test_a_taken_port_is_one_line(own, tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = run(*options(own.service, **{"port": port, "state-dir": tmp_path / "other"}))

    assert result.returncode == 1
    assert result.stderr == (
        f"scones_localstack.sagemaker: port {port} on 127.0.0.1 is taken: stop the program that "
        "listens there, or choose another with --port\n"
    )


def test_a_state_folder_in_use_names_its_user(own):
    result = run(*options(own.service, port=0))

    assert result.returncode == 1
    pid = own.service.ready()["pid"]
    assert f"another SageMaker service (pid {pid}) uses" in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_service_and_its_model_servers_listen_on_loopback_alone(own):
    name = own.deploy(own.model())
    own.invoke(name)
    process = psutil.Process(own.service.process.pid)

    listening = [
        connection.laddr
        for member in (process, *process.children(recursive=True))
        for connection in member.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    assert len(listening) == 2
    assert {address.ip for address in listening} == {"127.0.0.1"}
    own.delete(name)
