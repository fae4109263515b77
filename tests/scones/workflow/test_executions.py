"""Photos through the deployed workflow: LocalStack, real functions and a real endpoint."""

import dataclasses
import json
import re
import time
from pathlib import Path

import pytest

from scones.errors import DataError, UsageError, WorkflowError
from scones.workflow import (
    Status,
    StoredImage,
    classify,
    classify_batch,
    classify_many,
    start_batch,
)
from scones.workflow.batches import read_batch
from scones.workflow.executions import execution_name, wait_for_end
from tests.scones.stack_fixtures.payloads import (
    BICYCLE,
    MOTORCYCLE,
    UNSURE,
    image_bytes,
    large_png,
)
from tests.scones.stack_fixtures.recorder import Recorder


@pytest.fixture(scope="module")
def photos(aws, serving):
    """Images in S3, by name."""
    bodies = {
        "bicycle.png": image_bytes(BICYCLE),
        "motorcycle.jpg": image_bytes(MOTORCYCLE, "JPEG"),
        "unsure.png": image_bytes(UNSURE),
        "large.png": large_png(500_000),
        "notes.txt": b"no image",
    }
    for name, body in bodies.items():
        aws.client("s3").put_object(Bucket=serving.data_bucket, Key=f"test/{name}", Body=body)
    return {name: StoredImage(serving.data_bucket, f"test/{name}") for name in bodies}


@pytest.fixture
def inbox(aws, serving):
    """A queue that receives what the topic sends; returns a function that empties it."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName="notifications")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    subscribed = sns.subscribe(
        TopicArn=serving.topic_arn,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        ReturnSubscriptionArn=True,
    )

    def received(wait_seconds: int) -> list[dict[str, str]]:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait_seconds
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    yield received
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("name", "predicted", "confidence", "bay", "reach"),
    [
        ("bicycle.png", "bicycle", 0.98, "A", "nearby"),
        ("motorcycle.jpg", "motorcycle", 0.97, "B", "far"),
        ("large.png", "bicycle", 0.98, "A", "nearby"),
    ],
)
def test_a_photo_that_the_model_is_sure_of_is_routed(
    aws, serving, photos, name, predicted, confidence, bay, reach
):
    decision = classify(aws, serving, photos[name])
    assert (decision.status, decision.reason) == (Status.ROUTED, "")
    assert (decision.predicted_class, decision.confidence) == (predicted, confidence)
    assert (decision.loading_bay, decision.order_range) == (bay, reach)
    assert decision.image_uri == photos[name].uri
    assert 0 < decision.latency_seconds < 60


def test_a_photo_that_the_model_is_not_sure_of_fails_with_the_workflows_error(aws, serving, photos):
    decision = classify(aws, serving, photos["unsure.png"])
    assert (decision.status, decision.loading_bay) == (Status.BELOW_THRESHOLD, None)
    assert (decision.predicted_class, decision.confidence) == ("bicycle", 0.55)
    execution = aws.client("stepfunctions").describe_execution(executionArn=decision.execution_arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "THRESHOLD_CONFIDENCE_NOT_MET")
    assert "confidence 0.55" in execution["cause"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("test/notes.txt", "NotAnImage: s3://.*/test/notes.txt is neither a PNG nor a JPEG"),
        ("test/absent.png", "ObjectNotFound: there is no object s3://.*/test/absent.png"),
    ],
)
def test_what_cannot_be_classified_fails_with_the_functions_own_words(
    aws, serving, photos, key, reason
):
    decision = classify(aws, serving, StoredImage(serving.data_bucket, key))
    assert (decision.status, decision.predicted_class) == (Status.FAILED, None)
    assert re.match(reason, decision.reason)


def test_a_local_photo_is_uploaded_where_it_starts_nothing_by_itself(aws, serving, tmp_path):
    path = tmp_path / "Fahrrad vor der Tür.png"
    path.write_bytes(image_bytes())
    decision = classify(aws, serving, path)
    assert decision.status is Status.ROUTED
    key = decision.image_uri.removeprefix(f"s3://{serving.data_bucket}/")
    assert key.startswith("classify/")
    assert key.endswith("-Fahrrad vor der Tür.png")


def test_many_photos_keep_their_order_and_are_told_as_they_finish(aws, serving, photos):
    told, seen = Recorder(), []
    images = [photos[name] for name in ("unsure.png", "bicycle.png", "notes.txt", "bicycle.png")]
    decisions = classify_many(
        aws, serving, images, concurrency=2, on_finished=seen.append, reporter=told
    )
    assert [decision.status for decision in decisions] == [
        Status.BELOW_THRESHOLD,
        Status.ROUTED,
        Status.FAILED,
        Status.ROUTED,
    ]
    assert sorted(map(id, seen)) == sorted(map(id, decisions))
    assert told.steps[-1] == ("executions", 4, 4)
    assert len({decision.execution_arn for decision in decisions}) == 4


def test_nothing_is_started_when_a_local_photo_is_missing(aws, serving, photos):
    listing = {"stateMachineArn": serving.classify_state_machine_arn}
    before = aws.client("stepfunctions").list_executions(**listing)["executions"]
    with pytest.raises(DataError, match=r"no image absent\.png"):
        classify_many(aws, serving, [photos["bicycle.png"], Path("absent.png")])
    assert len(aws.client("stepfunctions").list_executions(**listing)["executions"]) == len(before)


def test_an_interruption_leaves_at_once(aws, serving, photos):
    def interrupt(decision):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        classify_many(
            aws, serving, 20 * [photos["bicycle.png"]], concurrency=1, on_finished=interrupt
        )


def test_an_execution_that_takes_longer_than_the_deadline_is_named(aws, serving, photos):
    arn = start_batch(aws, serving, 20 * [photos["bicycle.png"]])
    with pytest.raises(WorkflowError, match=f"{arn} still runs after 0 s"):
        wait_for_end(aws, arn, deadline_seconds=0)
    assert wait_for_end(aws, arn, deadline_seconds=120)["status"] == "SUCCEEDED"


def test_a_state_machine_that_is_not_there_asks_for_a_deployment(aws, serving, photos):
    arn = serving.classify_state_machine_arn
    gone = dataclasses.replace(serving, classify_state_machine_arn=f"{arn}-gone")
    with pytest.raises(WorkflowError, match="classify-image-gone: run `scones deploy`"):
        classify(aws, gone, photos["bicycle.png"])


def test_a_batch_is_split_and_one_message_lists_the_unsure_images(aws, serving, photos, inbox):
    batch = classify_batch(aws, serving, [*photos.values(), StoredImage(serving.data_bucket, "x")])
    assert {image["s3_key"] for image in batch.routed} == {
        "test/bicycle.png",
        "test/motorcycle.jpg",
        "test/large.png",
    }
    assert [image["s3_key"] for image in batch.below_threshold] == ["test/unsure.png"]
    assert [(image["s3_key"], image["error"]) for image in batch.failed] == [
        ("test/notes.txt", "NotAnImage"),
        ("x", "ObjectNotFound"),
    ]
    (message,) = inbox(wait_seconds=20)
    assert message["MessageId"] == batch.notification
    assert message["Subject"] == "1 of 6 images below the confidence threshold 0.93"
    assert json.loads(message["Message"])["images"] == [
        {"image": photos["unsure.png"].uri, "predicted_class": "bicycle", "confidence": 0.55}
    ]


def test_a_batch_that_the_model_is_sure_of_sends_no_message(aws, serving, photos, inbox):
    batch = classify_batch(aws, serving, [photos["bicycle.png"], photos["motorcycle.jpg"]])
    assert (batch.notification, len(batch.routed)) == (None, 2)
    assert inbox(wait_seconds=0) == []


def test_a_batch_leaves_the_image_bytes_in_its_items(aws, serving, photos):
    batch = classify_batch(aws, serving, [photos["bicycle.png"]])
    history = aws.client("stepfunctions").get_execution_history(executionArn=batch.execution_arn)
    (left,) = [e for e in history["events"] if e["type"] == "MapStateExited"]
    (result,) = json.loads(left["stateExitedEventDetails"]["output"])
    assert set(result) == {"s3_bucket", "s3_key", "inferences"}


def test_items_that_are_no_images_do_not_stop_a_batch(aws, serving, photos):
    document = {"images": ["text", 7, {}, {"s3_bucket": serving.data_bucket}]}
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=serving.batch_state_machine_arn, input=json.dumps(document)
    )
    batch = read_batch(wait_for_end(aws, started["executionArn"], deadline_seconds=120))
    assert [image["error"] for image in batch.failed] == 4 * ["InvalidInput"]


def test_a_batch_that_fails_as_a_whole_is_an_error(aws, serving):
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=serving.batch_state_machine_arn, input="{}"
    )
    with pytest.raises(WorkflowError, match=r"batch .* ended as FAILED"):
        read_batch(wait_for_end(aws, started["executionArn"], deadline_seconds=120))


@pytest.mark.parametrize(
    ("count", "message"), [(0, "batch is empty"), (2_000, "2,000 images are more than")]
)
def test_a_batch_that_no_execution_holds_is_refused(aws, serving, count, message):
    with pytest.raises(UsageError, match=message):
        start_batch(aws, serving, count * [StoredImage(serving.data_bucket, "test/a.png")])


def test_an_upload_under_incoming_starts_the_batch_by_itself(aws, serving, inbox):
    s3, stepfunctions = aws.client("s3"), aws.client("stepfunctions")
    listing = {"stateMachineArn": serving.batch_state_machine_arn}
    earlier = {e["executionArn"] for e in stepfunctions.list_executions(**listing)["executions"]}
    for key, body in (
        ("train/elsewhere.png", image_bytes(UNSURE)),
        ("incoming/", b""),  # what the S3 console makes for a new folder
        ('incoming/Räder "neu" & 50 %.png', image_bytes(UNSURE)),
    ):
        s3.put_object(Bucket=serving.data_bucket, Key=key, Body=body)
    started: set[str] = set()
    deadline = time.monotonic() + 90
    while not started and time.monotonic() < deadline:
        now = stepfunctions.list_executions(**listing)["executions"]
        started = {e["executionArn"] for e in now} - earlier
        time.sleep(0.1)
    (arn,) = started
    batch = read_batch(wait_for_end(aws, arn, deadline_seconds=120))
    (image,) = batch.below_threshold
    assert image["s3_key"] == 'incoming/Räder "neu" & 50 %.png'
    (message,) = inbox(wait_seconds=20)
    assert message["MessageId"] == batch.notification


def test_one_id_finds_all_lines_about_an_upload(aws, serving, inbox):
    """From the event to the notification: logs of three functions, capture, input, message."""
    s3, stepfunctions = aws.client("s3"), aws.client("stepfunctions")
    listing = {"stateMachineArn": serving.batch_state_machine_arn}
    earlier = {e["name"] for e in stepfunctions.list_executions(**listing)["executions"]}
    s3.put_object(Bucket=serving.data_bucket, Key="incoming/one.png", Body=image_bytes(UNSURE))
    started = await_true(
        lambda: [
            e
            for e in stepfunctions.list_executions(**listing)["executions"]
            if e["name"] not in earlier and e["status"] == "SUCCEEDED"
        ]
    )
    (execution,) = started
    found = stepfunctions.describe_execution(executionArn=execution["executionArn"])
    event_id = json.loads(found["input"])["id"]
    assert event_id in execution["name"]
    (message,) = inbox(wait_seconds=20)
    assert json.loads(message["Message"])["correlation_id"] == execution["name"]
    functions = (serving.serialize_function, serving.classify_function, serving.filter_function)
    for function in functions:
        lines = await_true(lambda name=function: log_lines(aws, name, event_id))
        assert {json.loads(line)["correlation_id"] for line in lines} == {execution["name"]}
        assert {json.loads(line)["level"] for line in lines} == {"INFO"}
    (captured,) = await_true(lambda: captured_lines(s3, serving.data_bucket, event_id))
    metadata = json.loads(captured)["eventMetadata"]
    assert metadata["customAttributes"] == [execution["name"]]
    assert metadata["inferenceId"] == "incoming/one.png"


def await_true(look, seconds=90):
    """Look until there is something, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing was found"
        time.sleep(0.1)
    return found


def log_lines(aws, function, text):
    """The lines of a function's log with a text in them."""
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    lines = [event["message"].strip() for event in events]
    return [line for line in lines if line.startswith("{") and text in line]


def captured_lines(s3, bucket, text):
    """The captured records with a text in them."""
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="data_capture/").get("Contents", [])
    bodies = [s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed]
    lines = [line for body in bodies for line in body.decode().splitlines()]
    return [line for line in lines if text in line]


def test_one_correlation_id_is_in_the_logs_of_all_three_functions(aws, serving, photos):
    decision = classify(aws, serving, photos["motorcycle.jpg"])
    execution = decision.execution_arn.rpartition(":")[2]
    logs = aws.client("logs")
    waiting = {serving.serialize_function, serving.classify_function, serving.filter_function}
    deadline = time.monotonic() + 90
    while waiting and time.monotonic() < deadline:
        for name in list(waiting):
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
            lines = [e["message"] for e in found if e["message"].startswith("{")]
            if any(json.loads(line)["correlation_id"] == execution for line in lines):
                waiting.remove(name)
        time.sleep(0.1)
    assert waiting == set()


def test_an_execution_is_named_after_its_image():
    name = execution_name("Fahrräder & Möpse" + 100 * "x")
    assert name.startswith("Fahrr-der-M-psexxx")
    assert len(name) == 80
    assert execution_name("a") != execution_name("a")
