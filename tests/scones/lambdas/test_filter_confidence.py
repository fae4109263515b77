"""filter_confidence: routing decisions, and the one message of a batch."""

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from scones.lambdas import filter_confidence
from tests.scones.stack_fixtures.payloads import event

TOPIC_ARN = "arn:aws:sns:us-east-1:000000000000:scones-low-confidence"


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("TOPIC_ARN", TOPIC_ARN)
    client = boto3.client("sns")
    monkeypatch.setattr(filter_confidence, "sns_client", lambda: client)
    with Stubber(client) as stubber:
        yield stubber


def test_adds_the_decision_and_changes_nothing_else(context):
    answer = filter_confidence.handler(event("filter_confidence"), context)
    assert answer == event("filter_confidence") | {
        "predicted_class": "motorcycle",
        "confidence": 0.98,
        "loading_bay": "B",
        "order_range": "far",
    }


def test_reads_inferences_that_are_json_text(context):
    body = filter_confidence.handler(event("filter_confidence_text"), context)["body"]
    assert (body["predicted_class"], body["inferences"]) == ("motorcycle", "[0.02, 0.98]")


def test_a_confidence_equal_to_the_threshold_meets_it(context):
    answer = filter_confidence.handler(event("filter_confidence_at_threshold"), context)
    assert (answer["predicted_class"], answer["confidence"]) == ("bicycle", 0.93)


def test_a_confidence_below_the_threshold_is_an_error_of_that_name(context):
    with pytest.raises(Exception, match=r"0\.929999") as raised:
        filter_confidence.handler(event("filter_confidence_below"), context)
    # Lambda reports the class's name, and Step Functions matches it.
    assert type(raised.value).__name__ == "THRESHOLD_CONFIDENCE_NOT_MET"
    assert str(raised.value) == (
        'confidence 0.929999 in "bicycle" is below the threshold 0.93 '
        "for s3://scones-data/test/bicycle_s_000030.png"
    )


@pytest.mark.parametrize(
    "inferences", [[], None, "bicycle", "[]", 0.98, ["a", "b"], [0.9, float("nan")], {"0": 0.98}]
)
def test_refuses_inferences_that_are_no_probabilities(context, inferences):
    wrong = event("filter_confidence_without_inferences") | {"inferences": inferences}
    with pytest.raises(filter_confidence.InvalidInput, match=r"'inferences' (is|has) no"):
        filter_confidence.handler(wrong, context)


def test_refuses_more_probabilities_than_classes(context):
    wrong = event("filter_confidence") | {"inferences": [0.1, 0.1, 0.8]}
    with pytest.raises(
        filter_confidence.InvalidInput, match=r"3 inferences .* 2 classes \(bicycle, motorcycle\)"
    ):
        filter_confidence.handler(wrong, context)


@pytest.mark.parametrize("threshold", ["", "high", "1.1", "-0.1", "nan"])
def test_refuses_a_threshold_that_is_none(context, monkeypatch, threshold):
    monkeypatch.setenv("THRESHOLD", threshold)
    with pytest.raises(filter_confidence.InvalidSetting, match="THRESHOLD is"):
        filter_confidence.handler(event("filter_confidence"), context)


@pytest.mark.parametrize("classes", ["", "bicycle", "3", '["bicycle"]', '[{"name": "bicycle"}]'])
def test_refuses_a_class_table_that_is_none(context, monkeypatch, classes):
    monkeypatch.setenv("CLASSES", classes)
    with pytest.raises(filter_confidence.InvalidSetting, match="CLASSES is no JSON list"):
        filter_confidence.handler(event("filter_confidence"), context)


MESSAGE = {
    "summary": "2 of 6 images are below the confidence threshold",
    "correlation_id": event("filter_batch")["correlation_id"],
    "execution": event("filter_batch")["execution_arn"],
    "threshold": 0.93,
    "images": [
        {
            "image": "s3://scones-data/incoming/c.png",
            "predicted_class": "motorcycle",
            "confidence": 0.55,
        },
        {
            "image": "s3://scones-data/incoming/b.png",
            "predicted_class": "bicycle",
            "confidence": 0.6,
        },
    ],
    "failed": 3,
}


def test_a_batch_is_split_and_notified_of_in_one_message(context, sns):
    expected = {
        "TopicArn": TOPIC_ARN,
        "Subject": "2 of 6 images below the confidence threshold 0.93",
        "Message": json.dumps(MESSAGE, indent=2),
    }
    sns.add_response("publish", {"MessageId": "m-1"}, expected)
    answer = filter_confidence.handler(event("filter_batch"), context)
    sns.assert_no_pending_responses()
    assert answer["notification"] == "m-1"
    assert [image["s3_key"] for image in answer["routed"]] == ["incoming/a.png"]
    assert [image["s3_key"] for image in answer["below_threshold"]] == [
        "incoming/b.png",
        "incoming/c.png",
    ]


def test_a_batch_lists_each_failed_image_with_its_reason(context, sns):
    sns.add_response("publish", {"MessageId": "m-1"})
    not_an_image, timed_out, other_model = filter_confidence.handler(
        event("filter_batch"), context
    )["failed"]
    assert not_an_image == {
        "s3_bucket": "scones-data",
        "s3_key": "incoming/notes.txt",
        "error": "NotAnImage",
        "reason": "s3://scones-data/incoming/notes.txt is neither a PNG nor a JPEG image",
    }
    assert timed_out == {"image": "incoming/no-object.png", "error": "States.Timeout", "reason": ""}
    assert "3 inferences do not fit 2 classes" in other_model["reason"]


def test_a_batch_with_nothing_below_the_threshold_sends_no_message(context, sns):
    answer = filter_confidence.handler(event("filter_batch_all_sure"), context)
    assert (answer["notification"], answer["below_threshold"]) == (None, [])
    assert answer["routed"][0]["loading_bay"] == "A"


def test_an_empty_batch_is_no_error(context, sns):
    answer = filter_confidence.handler({"results": []}, context)
    assert (answer["routed"], answer["notification"]) == ([], None)


def test_says_so_when_no_topic_is_configured(context, monkeypatch):
    monkeypatch.delenv("TOPIC_ARN", raising=False)
    with pytest.raises(filter_confidence.TopicNotFound, match="TOPIC_ARN is not set"):
        filter_confidence.handler(event("filter_batch"), context)


def test_names_the_topic_that_is_not_there(context, sns):
    sns.add_client_error("publish", "NotFound", "Topic does not exist")
    with pytest.raises(filter_confidence.TopicNotFound, match=TOPIC_ARN):
        filter_confidence.handler(event("filter_batch"), context)


def test_logs_one_line_with_the_counts_of_a_batch(context, sns, capsys):
    sns.add_response("publish", {"MessageId": "m-1"})
    filter_confidence.handler(event("filter_batch"), context)
    (line,) = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["routed"], logged["below_threshold"], logged["failed"]) == (1, 2, 3)
