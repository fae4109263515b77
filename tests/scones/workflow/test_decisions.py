"""Reading the ends of executions, those that LocalStack never has included."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from scones.lambdas import filter_confidence
from scones.workflow import Status, StoredImage, inference_id
from scones.workflow.decisions import read_decision

IMAGE = StoredImage("scones-data", "test/a.png")
START = datetime(2024, 10, 16, 9, 37, 2, tzinfo=UTC)


def ended(status, **details):
    return {
        "status": status,
        "executionArn": "arn",
        "startDate": START,
        "stopDate": START + timedelta(milliseconds=120),
        **details,
    }


@pytest.mark.parametrize("name", ["bicycle", "Fahrrad, rot", 'the "big" one', "a \\ b"])
def test_reads_class_and_confidence_from_the_functions_own_error(name):
    classes = [{"name": name, "loading_bay": "A", "order_range": "nearby"}] * 2
    with pytest.raises(filter_confidence.THRESHOLD_CONFIDENCE_NOT_MET) as raised:
        filter_confidence.route_image({"inferences": [0.9299999, 0.07]}, 0.93, classes)
    cause = json.dumps({"errorMessage": str(raised.value)})
    execution = ended("FAILED", error="THRESHOLD_CONFIDENCE_NOT_MET", cause=cause)
    decision = read_decision(IMAGE, execution)
    assert decision.status is Status.BELOW_THRESHOLD
    assert (decision.predicted_class, decision.confidence) == (name, 0.9299999)


@pytest.mark.parametrize(
    ("execution", "reason"),
    [
        (ended("TIMED_OUT"), "TIMED_OUT"),
        (ended("ABORTED", error="Stopped", cause="by hand"), "Stopped: by hand"),
        (ended("FAILED", error="States.Timeout", cause=""), "States.Timeout"),
        (ended("FAILED", error="Lambda.Unknown", cause='{"x": 1}'), 'Lambda.Unknown: {"x": 1}'),
    ],
)
def test_any_other_end_is_a_failure_with_a_reason(execution, reason):
    decision = read_decision(IMAGE, execution)
    assert (decision.status, decision.reason) == (Status.FAILED, reason)


def test_latency_is_step_functions_own():
    decision = read_decision(IMAGE, ended("SUCCEEDED", output='{"confidence": 0.98}'))
    assert decision.latency_seconds == pytest.approx(0.12)


def test_captures_are_joined_to_images_by_the_functions_own_rule():
    assert inference_id("test/a.png") == "test/a.png"
    assert len(inference_id("test/" + 80 * "x")) == 64
