"""InvokeEndpoint: headers both ways, limits, and the errors AWS gives.

What is marked `both_doors` runs through LocalStack's port too.
"""

import http.client
import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.sagemaker.doors import both_doors

LIMIT = 6_291_456


@pytest.fixture
def endpoint(bench):
    return bench.deploy(bench.model())


@both_doors
def test_headers_reach_the_model_and_come_back(bench, endpoint):
    answer = bench.runtime.invoke_endpoint(
        EndpointName=endpoint,
        Body=b"picture",
        ContentType="image/png",
        Accept="application/json",
        CustomAttributes="trace=1",
        InferenceId="inference-1",
        TargetVariant="AllTraffic",
    )

    seen = json.loads(answer["Body"].read())["headers"]
    assert seen["content-type"] == "image/png"
    assert seen["accept"] == "application/json"
    assert seen["x-amzn-sagemaker-custom-attributes"] == "trace=1"
    assert seen["x-amzn-sagemaker-inference-id"] == "inference-1"
    assert "authorization" not in seen
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "TRACE=1"


@both_doors
def test_the_largest_body_goes_through_and_one_byte_more_does_not(bench, endpoint):
    body = bytes(LIMIT)
    answer = bench.runtime.invoke_endpoint(
        EndpointName=endpoint, Body=body, Accept="application/octet-stream"
    )
    assert answer["Body"].read() == body

    with pytest.raises(ClientError) as caught:
        bench.runtime.invoke_endpoint(EndpointName=endpoint, Body=body + b"x")

    assert caught.value.response["Error"] == {
        "Code": "413",
        "Message": f"HTTP content length exceeded {LIMIT} bytes.",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_body_of_unknown_length_is_limited_too(bench, endpoint):
    connection = http.client.HTTPConnection("127.0.0.1", bench.service.port, timeout=90)
    chunks = (bytes(65_536) for _ in range(100))
    connection.request(
        "POST",
        f"/endpoints/{endpoint}/invocations",
        body=chunks,
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )

    response = connection.getresponse()

    assert response.status == 413
    response.read()
    connection.close()


@both_doors
@pytest.mark.parametrize(("status", "side"), [(415, "client"), (500, "server")])
def test_a_models_error_is_a_model_error(bench, endpoint, status, side):
    with pytest.raises(bench.runtime.exceptions.ModelError) as caught:
        bench.runtime.invoke_endpoint(EndpointName=endpoint, Body=f"status {status}".encode())

    response = caught.value.response
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "cannot read this"
    assert response["LogStreamArn"] == f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"
    assert response["Error"]["Message"] == (
        f'Received {side} error ({status}) from primary with message "cannot read this". See '
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        f"#logEventViewer:group={group} in account 000000000000 for more information."
    )


@both_doors
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"EndpointName": "no"}, "Endpoint no of account 000000000000 not found."),
        ({"TargetVariant": "Other"}, "Variant Other not found for Endpoint {endpoint}."),
        (
            {"TargetVariant": "a_b"},
            "1 validation error detected: Value 'a_b' at 'targetVariant' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: "
            "^[a-zA-Z0-9](-*[a-zA-Z0-9])*",
        ),
        (
            {"TargetModel": "a.tar.gz"},
            "TargetModel is not supported by this service yet: leave it out, or use AWS.",
        ),
    ],
)
def test_a_wrong_request_is_a_validation_error(bench, endpoint, asked, message):
    with pytest.raises(ClientError) as caught:
        bench.runtime.invoke_endpoint(**{"EndpointName": endpoint, "Body": b"x", **asked})

    assert caught.value.response["Error"] == {
        "Code": "ValidationError",
        "Message": message.format(endpoint=endpoint),
    }


def test_an_endpoints_name_must_match_in_case_to_invoke_it(bench, endpoint):
    assert bench.endpoint(endpoint.upper())["EndpointName"] == endpoint

    with pytest.raises(ClientError, match="not found"):
        bench.invoke(endpoint.upper())


def test_an_answer_that_is_too_large_is_a_model_error(bench, endpoint):
    with pytest.raises(bench.runtime.exceptions.ModelError) as caught:
        bench.runtime.invoke_endpoint(EndpointName=endpoint, Body=f"bytes {LIMIT + 1}".encode())

    assert caught.value.response["OriginalStatusCode"] == 0
    assert f"has {LIMIT + 1} bytes" in caught.value.response["OriginalMessage"]
