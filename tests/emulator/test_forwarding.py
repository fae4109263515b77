"""SageMaker through LocalStack's port: the real service behind it, real clients before it."""

import json
import random
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import ROLE_ARN, Emulator, wait_until
from tests.emulator.sagemaker.running import Service, Workbench
from tests.ports import free_port

# Every byte value, and what a text decoder would stumble over first.
PICTURE = b"\x89PNG\r\n\x1a\n\x00" + random.Random(1).randbytes(70_000) + bytes(range(256))


@pytest.fixture(scope="module")
def endpoint(bench: Workbench) -> str:
    return bench.deploy(bench.model())


def error_of(call: Any, **arguments: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]


def test_a_training_job_runs_through_localstack(bench):
    name = bench.train({"print": "hello"})

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Completed"
    assert job == {
        **bench.service.client().describe_training_job(TrainingJobName=name),
        "ResponseMetadata": job["ResponseMetadata"],
    }


def test_the_region_of_the_request_reaches_the_service(pair):
    name = "in-ireland"
    client = pair.emulator.client("sagemaker", region="eu-west-1")
    client.create_model(
        ModelName=name, ExecutionRoleArn=ROLE_ARN, PrimaryContainer={"Image": "fake"}
    )

    assert client.describe_model(ModelName=name)["ModelArn"] == (
        f"arn:aws:sagemaker:eu-west-1:000000000000:model/{name}"
    )
    client.delete_model(ModelName=name)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("describe_training_job", {"TrainingJobName": "nobody"}),
        ("describe_endpoint", {"EndpointName": "nobody"}),
        ("list_models", {"MaxResults": 5, "NextToken": "broken"}),
    ],
)
def test_an_error_is_the_services_own(pair, operation, arguments):
    direct = error_of(getattr(pair.service.client(), operation), **arguments)
    forwarded = error_of(getattr(pair.emulator.client("sagemaker"), operation), **arguments)

    assert forwarded == direct
    assert forwarded[0] == 400


def test_a_binary_body_and_its_answer_arrive_as_they_were_sent(bench, endpoint):
    answer = bench.runtime.invoke_endpoint(
        EndpointName=endpoint,
        Body=PICTURE,
        ContentType="image/png",
        Accept="application/octet-stream",
        CustomAttributes="trace=1",
    )

    assert answer["Body"].read() == PICTURE
    assert answer["ContentType"] == "application/octet-stream"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "TRACE=1"


@pytest.mark.parametrize("content_type", ["image/png", "application/x-www-form-urlencoded"])
def test_content_type_and_length_reach_the_model(bench, endpoint, content_type):
    seen = bench.invoke(endpoint, b"a=1&b=%00\xff", ContentType=content_type)

    assert seen["bytes"] == 10
    assert seen["headers"]["content-type"] == content_type


@pytest.mark.parametrize("body", [b"status 415", b"status 500"])
def test_a_models_error_is_unchanged(bench, endpoint, body):
    direct = bench.service.client("sagemaker-runtime")

    forwarded = error_of(bench.runtime.invoke_endpoint, EndpointName=endpoint, Body=body)

    assert forwarded == error_of(direct.invoke_endpoint, EndpointName=endpoint, Body=body)
    assert forwarded[1]["Code"] == "ModelError"


def test_an_endpoint_that_is_not_there_is_a_validation_error(bench):
    status, error = error_of(bench.runtime.invoke_endpoint, EndpointName="nobody", Body=b"x")

    assert (status, error["Code"]) == (400, "ValidationError")


def test_step_functions_calls_sagemaker(pair, bench):
    client = pair.emulator.client("stepfunctions")
    name = bench.train()
    bench.ended(name)
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob",
                "Parameters": {"TrainingJobName.$": "$.name"},
                "ResultSelector": {"status.$": "$.TrainingJobStatus"},
                "End": True,
            }
        },
    }
    machine = client.create_state_machine(
        name="ask", definition=json.dumps(definition), roleArn=ROLE_ARN
    )["stateMachineArn"]

    def run(job: str) -> dict[str, Any]:
        arn = client.start_execution(stateMachineArn=machine, input=json.dumps({"name": job}))

        def ended() -> dict[str, Any] | None:
            execution: dict[str, Any] = client.describe_execution(executionArn=arn["executionArn"])
            return None if execution["status"] == "RUNNING" else execution

        execution: dict[str, Any] = wait_until(ended, 90, "the execution's end")
        return execution

    assert json.loads(run(name)["output"]) == {"status": "Completed"}
    failed = run("nobody")
    assert failed["status"] == "FAILED"
    assert "Requested resource not found" in failed["cause"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A LocalStack whose SageMaker service is not there."""
    base: Path = tmp_path_factory.mktemp("alone")
    emulator = Emulator(base / "state", sagemaker_url=f"http://127.0.0.1:{free_port()}")
    yield emulator.start()
    emulator.kill()


def test_without_the_service_calls_are_refused_with_what_to_do(alone):
    for client, call, arguments in (
        ("sagemaker", "list_models", {}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "some", "Body": PICTURE}),
    ):
        status, error = error_of(getattr(alone.client(client), call), **arguments)

        assert (status, error["Code"]) == (503, "ServiceUnavailable")
        assert f"does not answer at {alone.sagemaker_url}: start it" in error["Message"]


def test_a_service_that_breaks_off_is_unavailable(alone):
    port = int(alone.sagemaker_url.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(90)
        thread = threading.Thread(target=lambda: server.accept()[0].close())
        thread.start()
        status, error = error_of(alone.client("sagemaker").list_models)
        thread.join()

    assert (status, error["Code"]) == (503, "ServiceUnavailable")
    assert "broke the connection off" in error["Message"]


def test_a_service_that_comes_later_is_found(alone):
    service = Service(alone.state_dir, alone, port=int(alone.sagemaker_url.rsplit(":", 1)[1]))
    client = alone.client("sagemaker")
    with service:
        assert client.list_models()["Models"] == []
    assert error_of(client.list_models)[0] == 503
    with service:
        assert client.list_models()["Models"] == []
