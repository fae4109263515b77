"""The docker backend: jobs and endpoints in real containers, and nothing left over."""

import json
import os
import socket
import subprocess

import pytest
from botocore.exceptions import ClientError

from tests.docker.sagemaker.running import (
    DockerService,
    bench_of,
    containers_of,
    left_over,
    volumes_of,
)
from tests.emulator.running import wait_until
from tests.emulator.sagemaker import test_hosting, test_training
from tests.emulator.sagemaker.running import SECONDS, unique

BEHAVIOURS = (
    test_training.test_a_job_goes_through_awss_states_and_leaves_its_model_in_s3,
    test_training.test_a_manifest_names_the_files_of_a_channel,
    test_training.test_the_failure_file_becomes_the_failure_reason,
    test_training.test_an_empty_failure_is_told_as_aws_tells_it,
    test_training.test_a_stopped_job_keeps_what_it_has_saved,
    test_training.test_logs_arrive_while_the_job_runs,
    test_training.test_the_built_in_algorithm_has_its_own_metrics,
    test_training.test_a_job_leaves_its_log_on_disk_and_not_its_data,
    test_hosting.test_an_endpoint_serves_the_model_that_was_trained,
    test_hosting.test_the_servers_log_is_in_cloudwatch,
    test_hosting.test_a_deleted_endpoint_leaves_no_server_and_no_files,
    test_hosting.test_a_server_that_never_answers_fails_the_endpoint,
)


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda test: test.__name__)
def test_it_behaves_as_the_process_backend_does(bench, behaviour):
    behaviour(bench)


def test_the_container_finds_its_contract_and_nothing_of_the_callers(bench):
    bench.put("train/deep/a.txt", b"A")
    channel = test_training.channel("train", f"s3://{bench.bucket}/train/")
    name = bench.train({"show": "1"}, InputDataConfig=[channel], Environment={"MINE": "1"})
    bench.ended(name)

    seen = json.loads(bench.training_log(name)[0])

    assert seen["files"] == {"train/deep/a.txt": "A"}
    assert seen["config"]["hyperparameters.json"] == {"show": "1"}
    environment = seen["environment"]
    assert environment["HOSTNAME"] == "algo-1"
    assert environment["TRAINING_JOB_NAME"] == name
    assert (environment["MINE"], environment["FROM_TABLE"]) == ("1", "yes")
    # It cannot reach LocalStack on this host's loopback, so nothing points there, or to AWS.
    callers = {"AWS_SESSION_TOKEN", "CALLERS_SECRET", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"}
    assert not callers & set(environment)


def test_every_line_from_the_first_to_the_last_is_in_cloudwatch(bench):
    name = bench.train({"lines": "5000"})
    bench.ended(name)

    lines = [f"line {number}" for number in range(5000)]
    assert bench.training_log(name) == [*lines, "waiting"]


def test_a_missing_image_is_named_with_what_to_do_and_nothing_is_created(bench):
    def refused(image: str) -> str:
        specification = {"TrainingImage": image, "TrainingInputMode": "File"}
        with pytest.raises(ClientError) as caught:
            bench.train(AlgorithmSpecification=specification)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
        return caught.value.response["Error"]["Message"]

    ours = refused("811284229777.dkr.ecr.us-east-1.amazonaws.com/missing:1")
    assert "here scones-test/missing:latest" in ours
    assert "Build it with `make images`." in ours
    foreign = refused("team/never-built:3")
    assert "Cannot find image team/never-built:3: the Docker engine does not have it" in foreign
    assert "`docker build -t team/never-built:3 .`" in foreign
    with pytest.raises(ClientError, match="Cannot find image team/never-built:3"):
        bench.sagemaker.create_model(
            ModelName=unique("model"), PrimaryContainer={"Image": "team/never-built:3"}
        )


def test_an_image_that_goes_missing_after_the_request_fails_the_job(engine, bench):
    tag = unique("scones-test/gone")
    engine.images.get("scones-test/fake").tag(tag)
    bench.put("train/a.txt")
    model = bench.model()
    container = bench.sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    other = unique("model")
    bench.sagemaker.create_model(ModelName=other, PrimaryContainer={**container, "Image": tag})
    engine.images.remove(tag)

    endpoint = bench.endpoint(bench.deploy(other))

    assert endpoint["EndpointStatus"] == "Failed"
    assert f"Cannot find image {tag}" in endpoint["FailureReason"]


def test_two_endpoints_serve_at_once_each_with_its_captures(bench, service, engine):
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bench.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    names = [
        bench.deploy(bench.model(TOLD=told), DataCaptureConfig=capture) for told in ("one", "two")
    ]
    for name, told in zip(names, ("one", "two"), strict=True):
        assert bench.invoke(name)["told"] == told

    for name in names:
        [key] = wait_until(
            lambda name=name: bench.keys(f"captured/{name}/"), SECONDS, "the capture"
        )
        record = json.loads(bench.get(f"s3://{bench.bucket}/{key}"))
        assert set(record["captureData"]) == {"endpointInput", "endpointOutput"}
    for container in containers_of(engine, service, "endpoint/"):
        ports = container.attrs["NetworkSettings"]["Ports"]
        assert {each["HostIp"] for each in ports["8080/tcp"]} == {"127.0.0.1"}


def test_nothing_is_left_over_after_any_end(engine, own):
    for name in (own.train(), own.train({"fail": "no"})):
        own.ended(name)
    stopped = own.train({"sleep": "60", "stubborn": "1"})
    own.training(stopped, "waiting")
    seen = volumes_of(engine, own.service)
    own.sagemaker.stop_training_job(TrainingJobName=stopped)
    own.ended(stopped)
    assert left_over(engine, own.service) == []

    endpoint = own.deploy(own.model())
    failed = own.deploy(own.model(EXIT_AT_START="5"))
    own.delete(failed)
    own.training(own.train({"sleep": "60"}), "waiting")
    assert len(containers_of(engine, own.service, endpoint)) == 1
    seen |= volumes_of(engine, own.service)
    own.service.stop()

    assert left_over(engine, own.service) == []
    assert len(seen) == 3
    assert not seen & {volume.name for volume in engine.volumes.list()}


def test_nothing_is_left_over_when_the_service_stops_in_the_middle_of_a_start(engine, own):
    model = own.model()
    for _ in range(3):
        own.train({"sleep": "60"})
        own.sagemaker.create_endpoint(
            EndpointName=unique("endpoint"), EndpointConfigName=own.config(model)
        )

    own.service.stop()

    assert left_over(engine, own.service) == []


def test_a_sweep_does_not_touch_another_services_containers(engine, own, bench):
    mine = bench.deploy(bench.model())
    own.deploy(own.model())

    own.service.kill()
    own.service.start()
    own.service.stop()

    assert left_over(engine, own.service) == []
    assert bench.invoke(mine)["weights"] == "trained"


def test_an_engine_that_is_not_there_is_one_line_at_the_start(own, tmp_path):
    own.service.stop()
    nowhere = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/nothing.sock"}

    result = subprocess.run(
        own.service.command(), env=nowhere, capture_output=True, text=True, timeout=SECONDS
    )

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "The Docker engine does not answer. Start Docker (" in result.stderr


def test_a_network_that_is_not_there_is_one_line_at_the_start(own):
    own.service.stop()
    own.service.options |= {"network": "scones-test-nowhere"}

    result = subprocess.run(own.service.command(), capture_output=True, text=True, timeout=SECONDS)

    assert result.returncode == 1
    assert "there is no Docker network 'scones-test-nowhere': create it with" in result.stderr
    assert result.stderr.count("\n") == 1


def test_with_a_network_containers_are_reached_there_and_reach_what_is_there(
    engine, emulator, fake, tmp_path
):
    network = engine.networks.create(unique("scones-test"), driver="bridge")
    service = DockerService(tmp_path / "state", emulator, {"network": network.name})
    try:
        with service:
            bench = bench_of(service, emulator, unique("bucket"))
            name = bench.train({"show": "1"})
            assert bench.ended(name)["TrainingJobStatus"] == "Completed"
            seen = json.loads(bench.training_log(name)[0])["environment"]
            assert seen["AWS_ENDPOINT_URL"] == emulator.url
            assert seen["AWS_ACCESS_KEY_ID"] == "test"
            endpoint = bench.deploy(bench.model())
            assert bench.invoke(endpoint)["weights"] == "trained"
            [server] = containers_of(engine, service, endpoint)
            assert list(server.attrs["NetworkSettings"]["Networks"]) == [network.name]
            assert not any(server.attrs["NetworkSettings"]["Ports"].values())
        network.reload()
        assert left_over(engine, service) == []
    finally:
        network.remove()


def test_the_service_listens_where_it_is_told(emulator, fake, tmp_path):
    service = DockerService(tmp_path / "state", emulator, {"host": "127.0.0.2"})
    service.process = subprocess.Popen(service.command(), stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers("127.0.0.2", service.port), SECONDS, "an answer")
        assert not answers("127.0.0.1", service.port)
    finally:
        service.stop()


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
