"""InvokeEndpointWithResponseStream: parts as the model server sends them."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.sagemaker.test_capture import config, lines_of
from tests.emulator.sagemaker.test_hosting import error_of


@pytest.fixture
def endpoint(bench):
    return bench.deploy(bench.model(), DataCaptureConfig=config(bench))


def test_an_answer_comes_in_parts(bench, endpoint):
    answer = bench.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint,
        Body=b"stream 5 0.4",
        ContentType="text/plain",
        CustomAttributes="trace=1",
    )

    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]

    assert b"".join(parts) == b"part 0\npart 1\npart 2\npart 3\npart 4\n"
    assert len(parts) > 1
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "text/plain"
    assert answer["CustomAttributes"] == "TRACE=1"
    assert len(lines_of(bench, endpoint, 1)) == 1


def test_a_large_answer_is_cut_into_parts(bench, endpoint):
    body = bytes(1_000_000)
    answer = bench.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, Body=body, Accept="application/octet-stream"
    )

    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]

    assert b"".join(parts) == body
    assert max(map(len, parts)) <= 65_536


def test_an_error_before_the_first_part_is_a_model_error(bench, endpoint):
    with pytest.raises(bench.runtime.exceptions.ModelError) as caught:
        bench.runtime.invoke_endpoint_with_response_stream(
            EndpointName=endpoint, Body=b"status 500"
        )

    assert caught.value.response["OriginalStatusCode"] == 500
    assert caught.value.response["OriginalMessage"] == "cannot read this"


def test_a_server_that_dies_within_an_answer_breaks_the_stream(bench, endpoint):
    answer = bench.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, Body=b"stream 3 0.05 crash"
    )

    seen = []
    with pytest.raises(ClientError) as caught:
        seen += [event["PayloadPart"]["Bytes"] for event in answer["Body"]]

    answer["Body"].close()
    assert error_of(caught)[0] == "ModelStreamError"
    bench.reaches(endpoint, "InService")


def test_what_is_not_there_is_a_validation_error(bench, endpoint):
    for asked, message in [
        ({"EndpointName": "no"}, "Endpoint no of account 000000000000 not found."),
        ({"TargetVariant": "B"}, f"Variant B not found for Endpoint {endpoint}."),
        ({"SessionId": "s"}, "SessionId is not supported by this service yet"),
    ]:
        with pytest.raises(ClientError) as caught:
            bench.runtime.invoke_endpoint_with_response_stream(
                **{"EndpointName": endpoint, "Body": b"x", **asked}
            )
        assert error_of(caught)[1].startswith(message)
