"""Models, endpoint configurations and endpoints, and what their records say.

What is marked `both_doors` runs through LocalStack's port too.
"""

import io
import tarfile

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import ROLE_ARN, SECONDS, unique


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@both_doors
def test_an_endpoint_serves_the_model_that_was_trained(bench):
    model = bench.model(TOLD="hello")
    name = bench.deploy(model)

    endpoint = bench.endpoint(name)
    seen = bench.invoke(name)

    assert endpoint["EndpointStatus"] == "InService"
    assert "FailureReason" not in endpoint
    assert "DataCaptureConfig" not in endpoint
    [variant] = endpoint["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    assert variant["CurrentInstanceCount"] == 1
    assert variant["DeployedImages"][0]["SpecifiedImage"] == "fake"
    assert seen["weights"] == "trained"
    assert seen["told"] == "hello"


def test_several_endpoints_serve_at_once(bench):
    model = bench.model()

    names = [bench.deploy(model) for _ in range(3)]

    assert len({bench.invoke(name)["pid"] for name in names}) == 3


def test_the_servers_log_is_in_cloudwatch(bench):
    name = bench.deploy(bench.model())
    group = f"/aws/sagemaker/Endpoints/{name}"

    wait_until(lambda: bench.log_lines(group, "AllTraffic/i-"), SECONDS, "the server's log")

    assert bench.log_lines(group, "AllTraffic/i-")[0].startswith("serving on ")


def test_a_deleted_endpoint_leaves_no_server_and_no_files(bench):
    name = bench.deploy(bench.model())
    folder = bench.service.folder / "endpoints" / "us-east-1" / name
    assert (folder / "AllTraffic" / "ml" / "model" / "weights").exists()
    bench.invoke(name)

    bench.delete(name)

    with pytest.raises(ClientError) as caught:
        bench.endpoint(name)
    arn = f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}"
    assert error_of(caught) == ("ValidationException", f'Could not find endpoint "{arn}".')
    with pytest.raises(ClientError, match="not found"):
        bench.invoke(name)
    assert not folder.exists()


def test_an_endpoint_outlives_its_model_and_its_configuration(bench):
    model = bench.model()
    config = bench.config(model)
    name = unique("endpoint")
    bench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    bench.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    bench.sagemaker.delete_model(ModelName=model)

    bench.reaches(name, "InService")

    assert bench.invoke(name)["weights"] == "trained"


def test_a_server_that_dies_is_started_again_and_the_state_says_so(bench):
    name = bench.deploy(bench.model(SLOW_START="2"))  # away for long enough to be seen away
    first = bench.invoke(name)["pid"]
    with pytest.raises(ClientError) as caught:
        bench.invoke(name, b"crash")
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"

    endpoint = bench.reaches(name, "OutOfService")
    assert "ended with exit code 3" in endpoint["FailureReason"]
    bench.reaches(name, "InService")

    assert bench.invoke(name)["pid"] != first


@both_doors
def test_a_server_that_never_answers_fails_the_endpoint(bench):
    name = bench.deploy(bench.model(EXIT_AT_START="5"))

    endpoint = bench.endpoint(name)

    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health "
        "check. Please check CloudWatch logs for this endpoint. The model server ended with exit "
        "code 5. Its last log line: no model here"
    )
    with pytest.raises(ClientError) as caught:
        bench.invoke(name)
    assert error_of(caught) == (
        "ValidationError",
        f"Endpoint {name} of account 000000000000 not found.",
    )


@pytest.mark.parametrize("content", [b"no archive", b"\x1f\x8b\x08\x00cut off"])
def test_a_model_that_is_no_archive_fails_the_endpoint(bench, content):
    url = bench.put("model.tar.gz", content)

    name = bench.deploy(bench.model(url))

    reason = bench.endpoint(name)["FailureReason"]
    assert reason.startswith(f'Failed to extract model data archive from URL "{url}". Please ens')


def test_an_archive_that_reaches_outside_its_folder_fails_the_endpoint(bench):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("../../../../escaped")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"evil"))
    url = bench.put("model.tar.gz", content.getvalue())

    name = bench.deploy(bench.model(url))

    assert bench.endpoint(name)["EndpointStatus"] == "Failed"
    assert not list(bench.service.folder.rglob("escaped"))


@both_doors
def test_an_endpoint_that_is_being_created_cannot_be_deleted(bench):
    config = bench.config(bench.model(SLOW_START="5"))
    name = unique("endpoint")
    bench.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    with pytest.raises(ClientError) as caught:
        bench.sagemaker.delete_endpoint(EndpointName=name)

    arn = f"arn:aws:sagemaker:us-east-1:000000000000:endpoint/{name}"
    message = f'Cannot update in-progress endpoint "{arn}".'
    assert error_of(caught) == ("ValidationException", message)


@both_doors
def test_names_are_unique_whatever_their_case(bench):
    model = bench.model()
    config = bench.config(model)
    name = bench.deploy(model)
    client, base = bench.sagemaker, "arn:aws:sagemaker:us-east-1:000000000000"
    variant = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    container = {"Image": "fake"}
    attempts = [
        (
            lambda: client.create_model(
                ModelName=model.upper(), PrimaryContainer=container, ExecutionRoleArn=ROLE_ARN
            ),
            f'Cannot create already existing model "{base}:model/{model}".',
        ),
        (
            lambda: client.create_endpoint_config(
                EndpointConfigName=config.upper(), ProductionVariants=[variant]
            ),
            "Cannot create already existing endpoint configuration "
            f'"{base}:endpoint-config/{config}".',
        ),
        (
            lambda: client.create_endpoint(EndpointName=name.upper(), EndpointConfigName=config),
            f'Cannot create already existing endpoint "{base}:endpoint/{name}".',
        ),
    ]
    for attempt, message in attempts:
        with pytest.raises(ClientError) as caught:
            attempt()
        assert error_of(caught) == ("ValidationException", message)


@both_doors
def test_what_is_not_there_is_said_in_awss_words(bench):
    client, base = bench.sagemaker, "arn:aws:sagemaker:us-east-1:000000000000"
    attempts = [
        (lambda: client.describe_model(ModelName="No"), f'model "{base}:model/no".'),
        (lambda: client.delete_model(ModelName="no"), f'model "{base}:model/no".'),
        (
            lambda: client.delete_endpoint_config(EndpointConfigName="no"),
            f'endpoint configuration "{base}:endpoint-config/no".',
        ),
        (
            lambda: client.create_endpoint(EndpointName="e", EndpointConfigName="no"),
            f'endpoint configuration "{base}:endpoint-config/no".',
        ),
        (lambda: client.delete_endpoint(EndpointName="no"), f'endpoint "{base}:endpoint/no".'),
        (lambda: bench.config("no"), f'model "{base}:model/no".'),
    ]
    for attempt, what in attempts:
        with pytest.raises(ClientError) as caught:
            attempt()
        assert error_of(caught) == ("ValidationException", f"Could not find {what}")
    for operation in (client.describe_training_job, client.stop_training_job):
        with pytest.raises(ClientError) as caught:
            operation(TrainingJobName="no")
        assert error_of(caught) == ("ValidationException", "Requested resource not found.")


def test_a_model_needs_a_known_image_and_data_that_is_there(bench):
    missing = f"s3://{bench.bucket}/no/model.tar.gz"
    for container, message in [
        ({"Image": "unknown:1"}, "Cannot find image unknown:1: this service knows the repos"),
        ({"Image": "fake", "ModelDataUrl": missing}, f"Could not find model data at {missing}."),
        ({"ModelDataUrl": missing}, "PrimaryContainer.Image is missing."),
        ({"Image": "fake", "Mode": "MultiModel"}, "PrimaryContainer.Mode is not supported by"),
    ]:
        with pytest.raises(ClientError) as caught:
            bench.sagemaker.create_model(
                ModelName="m", PrimaryContainer=container, ExecutionRoleArn=ROLE_ARN
            )
        code, said = error_of(caught)
        assert code == "ValidationException"
        assert said.startswith(message)


@both_doors
def test_records_are_described_as_they_were_given(bench):
    model = bench.model(TOLD="hello")
    config = bench.config(model)

    described = bench.sagemaker.describe_model(ModelName=model)
    variants = bench.sagemaker.describe_endpoint_config(EndpointConfigName=config)

    assert described["PrimaryContainer"]["Environment"] == {"TOLD": "hello"}
    assert described["ExecutionRoleArn"] == ROLE_ARN
    assert variants["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InstanceType": "ml.m5.xlarge",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1.0,
        }
    ]
