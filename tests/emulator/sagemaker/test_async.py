"""InvokeEndpointAsync: answers in S3, messages in SNS, and nothing lost in between.

What is marked `both_doors` runs through LocalStack's port too.
"""

import base64
import json
import signal
import time

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import SECONDS, unique
from tests.emulator.sagemaker.test_capture import config as capturing
from tests.emulator.sagemaker.test_capture import lines_of
from tests.emulator.sagemaker.test_hosting import error_of


@pytest.fixture
def topics(bench):
    """A success and an error topic, and what has arrived at both, by the topic's kind."""
    sns, sqs = bench.emulator.client("sns"), bench.emulator.client("sqs")
    arns, queues = {}, {}
    for kind in ("SuccessTopic", "ErrorTopic"):
        arns[kind] = sns.create_topic(Name=unique(kind))["TopicArn"]
        queues[kind] = sqs.create_queue(QueueName=unique(kind))["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queues[kind], AttributeNames=["QueueArn"])
        sns.subscribe(
            TopicArn=arns[kind],
            Protocol="sqs",
            Endpoint=attributes["Attributes"]["QueueArn"],
            Attributes={"RawMessageDelivery": "true"},
        )

    def next_message(kind):
        def receive():
            answer = sqs.receive_message(QueueUrl=queues[kind], WaitTimeSeconds=1)
            return answer.get("Messages")

        [message] = wait_until(receive, SECONDS, f"a message at {kind}")
        sqs.delete_message(QueueUrl=queues[kind], ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    return arns, next_message


def config(bench, notification=None, **client):
    output = {
        "S3OutputPath": f"s3://{bench.bucket}/out",
        "S3FailurePath": f"s3://{bench.bucket}/failed/",
    }
    if notification:
        output["NotificationConfig"] = notification
    return {"OutputConfig": output} | ({"ClientConfig": client} if client else {})


def ask(bench, name, body, **more):
    uri = bench.put(f"in/{unique('x')}", body)
    answer = bench.runtime.invoke_endpoint_async(EndpointName=name, InputLocation=uri, **more)
    return uri, answer


def wait_for(bench, uri):
    """Wait for an object and return it."""
    key = uri.removeprefix(f"s3://{bench.bucket}/")
    wait_until(lambda: bench.keys(key), SECONDS, uri)
    return bench.get(uri)


@both_doors
def test_an_answer_is_put_where_the_client_was_told(bench, topics):
    arns, next_message = topics
    name = bench.deploy(bench.model(TOLD="hello"), AsyncInferenceConfig=config(bench, arns))
    uri, accepted = ask(
        bench,
        name,
        b"picture",
        ContentType="image/png",
        Accept="application/json",
        CustomAttributes="trace=1",
        InferenceId="photo-1",
    )

    seen = json.loads(wait_for(bench, accepted["OutputLocation"]))
    message = next_message("SuccessTopic")

    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert accepted["InferenceId"] == "photo-1"
    assert accepted["OutputLocation"].startswith(f"s3://{bench.bucket}/out/")
    assert accepted["OutputLocation"].endswith(".out")
    assert accepted["FailureLocation"].startswith(f"s3://{bench.bucket}/failed/")
    assert accepted["FailureLocation"].endswith("-error.out")
    assert (seen["told"], seen["bytes"]) == ("hello", 7)
    assert seen["headers"]["content-type"] == "image/png"
    assert seen["headers"]["x-amzn-sagemaker-inference-id"] == "photo-1"
    times = [message.pop("eventTime"), message.pop("receivedTime")]
    assert all(len(each) == 24 and each.endswith("Z") for each in times)
    assert times[0] >= times[1]
    assert message == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "application/json",
            "contentType": "image/png",
            "customAttributes": "trace=1",
            "endpointName": name,
            "inputLocation": uri,
        },
        "responseParameters": {
            "contentType": "application/json",
            "outputLocation": accepted["OutputLocation"],
        },
        "inferenceId": "photo-1",
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def test_a_models_error_is_a_failure_with_what_it_said(bench, topics):
    arns, next_message = topics
    included = ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]
    notification = arns | {"IncludeInferenceResponseIn": included}
    name = bench.deploy(bench.model(), AsyncInferenceConfig=config(bench, notification))
    _, accepted = ask(bench, name, b"status 500")

    message = next_message("ErrorTopic")

    assert wait_for(bench, accepted["FailureLocation"]) == b"cannot read this"
    assert message["invocationStatus"] == "Failed"
    assert message["failureReason"] == (
        "ClientError: Received server error (500) from model. "
        "See the SageMaker Endpoint logs in your account for more information."
    )
    assert message["responseParameters"]["outputLocation"] == accepted["FailureLocation"]
    content = base64.b64encode(b"cannot read this").decode()
    assert message["responseBody"] == {"content": content, "encoding": "BASE64"}
    assert len(accepted["InferenceId"]) == 36


@pytest.mark.parametrize(
    ("body", "more", "reason"),
    [
        (None, {}, "ClientError: Could not download the input: s3://"),
        (b"slow5", {"InvocationTimeoutSeconds": 1}, "ClientError: Received server error (0) from"),
        (b"crash", {}, "ClientError: Received server error (0) from model."),
    ],
)
def test_what_cannot_be_answered_is_a_failure(bench, topics, body, more, reason):
    arns, next_message = topics
    name = bench.deploy(bench.model(), AsyncInferenceConfig=config(bench, arns))
    if body is None:
        uri = f"s3://{bench.bucket}/no"
        bench.runtime.invoke_endpoint_async(EndpointName=name, InputLocation=uri)
    else:
        ask(bench, name, body, **more)

    message = next_message("ErrorTopic")

    assert message["invocationStatus"] == "Failed"
    assert message["failureReason"].startswith(reason)
    assert "responseParameters" not in message


def test_the_answers_file_may_be_named(bench):
    name = bench.deploy(bench.model(), AsyncInferenceConfig=config(bench))
    _, accepted = ask(bench, name, b"x", Filename="answer.json", S3OutputPathExtension="cats/today")

    assert accepted["OutputLocation"] == f"s3://{bench.bucket}/out/cats/today/answer.json"
    assert accepted["FailureLocation"] == f"s3://{bench.bucket}/failed/answer-error.json"
    assert json.loads(wait_for(bench, accepted["OutputLocation"]))["bytes"] == 1


def test_no_more_run_at_once_than_asked(bench):
    limited = config(bench, MaxConcurrentInvocationsPerInstance=1)
    name = bench.deploy(bench.model(), AsyncInferenceConfig=limited)
    began = time.monotonic()
    accepted = [ask(bench, name, b"slow0.4")[1] for _ in range(4)]

    for each in accepted:
        wait_for(bench, each["OutputLocation"])

    assert time.monotonic() - began >= 4 * 0.4
    assert bench.endpoint(name)["AsyncInferenceConfig"] == limited


def test_asynchronous_invocations_are_captured(bench):
    asynchronous = config(bench)
    name = bench.deploy(
        bench.model(), AsyncInferenceConfig=asynchronous, DataCaptureConfig=capturing(bench)
    )
    for _ in range(10):
        ask(bench, name, b"x", ContentType="text/csv")

    records = [json.loads(line)["captureData"] for line in lines_of(bench, name, 10)]

    assert [record["endpointInput"]["data"] for record in records] == ["x"] * 10


def test_each_kind_of_endpoint_has_its_own_operation(bench):
    model = bench.model()
    synchronous = bench.deploy(model)
    asynchronous = bench.deploy(model, AsyncInferenceConfig=config(bench))
    uri = bench.put("in/x")
    client = bench.runtime
    for attempt, message in [
        (
            lambda: client.invoke_endpoint_async(EndpointName=synchronous, InputLocation=uri),
            f"Endpoint {synchronous} is not asynchronous: its configuration has no Async",
        ),
        (
            lambda: client.invoke_endpoint(EndpointName=asynchronous, Body=b"x"),
            f"Endpoint {asynchronous} is asynchronous: use InvokeEndpointAsync.",
        ),
        (
            lambda: client.invoke_endpoint_async(EndpointName="no", InputLocation=uri),
            "Endpoint no of account 000000000000 not found.",
        ),
        (
            lambda: client.invoke_endpoint_async(
                EndpointName=asynchronous, InputLocation="https://example.com/x"
            ),
            "InputLocation: https://example.com/x is not an S3 URI",
        ),
    ]:
        with pytest.raises(ClientError) as caught:
            attempt()
        code, said = error_of(caught)
        assert code == "ValidationError"
        assert said.startswith(message)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_request_is_lost_when_the_service_ends(own, how):
    limited = config(own, MaxConcurrentInvocationsPerInstance=1)
    name = own.deploy(own.model(), AsyncInferenceConfig=limited)
    accepted = [ask(own, name, body)[1] for body in [b"x", *[b"slow1"] * 5]]
    wait_for(own, accepted[0]["OutputLocation"])

    own.service.signal(how)
    assert len(own.keys("out/")) < 6
    own.service.start()

    for each in accepted:
        wait_for(own, each["OutputLocation"])
    queues = own.service.folder / "async" / "us-east-1"
    wait_until(lambda: not list(queues.rglob("*.json")), SECONDS, "an empty queue")
    own.delete(name)
    wait_until(lambda: not list(queues.iterdir()), SECONDS, "no queue")


def test_a_request_may_wait_too_long(own):
    limited = config(own, MaxConcurrentInvocationsPerInstance=1)
    name = own.deploy(own.model(), AsyncInferenceConfig=limited)
    ask(own, name, b"slow")
    _, accepted = ask(own, name, b"x")
    own.service.kill()
    queues = own.service.folder / "async" / "us-east-1"
    for path in queues.rglob("*.json"):
        # As if an hour had passed.
        document = json.loads(path.read_text())
        path.write_text(json.dumps(document | {"ttl_seconds": -3600}))

    own.service.start()

    wait_until(lambda: not list(queues.rglob("*.json")), SECONDS, "the requests' end")
    own.reaches(name, "InService")
    assert own.keys("out/") == own.keys("failed/") == []
    assert accepted["InferenceId"]
