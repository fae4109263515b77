"""The figures are right, and their uncertainty is told with them."""

import json

import pytest

from scones.errors import DataError, UsageError
from scones.monitor.capture import BrokenLine, CaptureLog
from scones.monitor.figures import Figures
from scones.shares import Share
from tests.scones.monitor.records import capture, log

CLASSES = ["bicycle", "motorcycle"]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [  # R. G. Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    assert Share(count, total).interval == pytest.approx((low, high), abs=5.1e-5)


def test_a_confidence_at_the_threshold_passes() -> None:
    figures = Figures.of(
        log([capture(1, 0.93, 0.07), capture(2, 0.9299, 0.0701)]), CLASSES, 0.93, None
    )
    assert (figures.pass_rate.count, figures.pass_rate.total) == (1, 2)


def test_counts_and_means_are_per_predicted_class() -> None:
    captures = [capture(1, 0.9, 0.1), capture(2, 0.7, 0.3), capture(3, 0.02, 0.98)]
    summary = Figures.of(log(captures), [*CLASSES], 0.8, None).as_json()
    assert summary["classes"] == {
        "bicycle": {"predicted": 2, "passed": 1, "mean_confidence": pytest.approx(0.8)},
        "motorcycle": {"predicted": 1, "passed": 1, "mean_confidence": pytest.approx(0.98)},
    }
    assert summary["median_confidence"] == 0.9
    assert summary["below_threshold"] == 1


def test_accuracy_is_that_of_labelled_images_and_of_those_that_passed() -> None:
    captures = [
        capture(1, 0.95, 0.05, inference_id="a"),  # right
        capture(2, 0.6, 0.4, inference_id="b"),  # wrong, below
        capture(3, 0.1, 0.9, inference_id="c"),  # right
        capture(4, 0.99, 0.01, inference_id="d"),  # wrong, sure of it
        capture(5, 0.99, 0.01, inference_id="unlabelled"),
        capture(6, 0.99, 0.01),
    ]
    labels = {"a": 0, "b": 1, "c": 1, "d": 1, "never captured": 0}
    figures = Figures.of(log(captures), CLASSES, 0.9, labels)
    assert figures.accuracy == Share(2, 4)
    assert figures.labelled_pass_rate == Share(3, 4)
    assert figures.accuracy_of_passed == Share(2, 3)
    assert figures.confusion() == [[1, 0], [2, 1]]
    assert figures.pass_rate == Share(5, 6)


def test_of_an_image_captured_twice_the_newest_answer_counts() -> None:
    captures = [
        capture(1, 0.9, 0.1, inference_id="a"),
        capture(2, 0.2, 0.8, inference_id="a"),
    ]
    figures = Figures.of(log(captures), CLASSES, 0.5, {"a": 1})
    assert figures.accuracy == Share(1, 1)


def test_without_labels_nothing_is_said_about_accuracy() -> None:
    summary = Figures.of(log([capture(1, 0.9, 0.1)]), CLASSES, 0.5, None).as_json()
    assert summary["accuracy"] is None
    assert summary["confusion"] is None
    assert summary["labelled"] == 0


def test_the_lowest_are_the_lowest() -> None:
    captures = [capture(n, 0.5 + n / 100, 0.5 - n / 100) for n in (9, 3, 7, 1, 5)]
    lowest = Figures.of(log(captures), CLASSES, 0.5, None).as_json()["lowest"]
    assert [item["event_id"][-1] for item in lowest] == ["1", "3", "5", "7", "9"]


def test_captures_of_another_model_and_without_answers_are_left_out_and_counted() -> None:
    captures = [capture(1, 0.9, 0.1), capture(2, 0.2, 0.2, 0.6), capture(3)]
    summary = Figures.of(log(captures), CLASSES, 0.5, None).as_json()
    assert (summary["records"], summary["other_models"], summary["unreadable_answers"]) == (3, 1, 1)
    assert summary["pass_rate"]["total"] == 1


def test_the_figures_are_ready_for_json() -> None:
    figures = Figures.of(log([capture(1, 0.9, 0.1, inference_id="a")]), CLASSES, 0.5, {"a": 0})
    assert json.loads(json.dumps(figures.as_json(), allow_nan=False)) == figures.as_json()


@pytest.mark.parametrize("threshold", [-0.01, 1.01, float("nan")])
def test_a_threshold_out_of_range_is_named(threshold: float) -> None:
    with pytest.raises(UsageError, match=rf"threshold {threshold} is not between 0 and 1"):
        Figures.of(log([capture(1, 0.9, 0.1)]), CLASSES, threshold, None)


def test_a_label_out_of_range_is_named() -> None:
    with pytest.raises(UsageError, match="label 2 of 'a' is none of the 2 classes"):
        Figures.of(log([capture(1, 0.9, 0.1)]), CLASSES, 0.5, {"a": 2})


def test_nothing_captured_says_what_to_do() -> None:
    empty = CaptureLog("s3://bucket/c", 1, (), (BrokenLine("a:1", "not JSON"),))
    with pytest.raises(DataError, match=r"no captures in s3://bucket/c \(1 lines.*invoke an"):
        Figures.of(empty, CLASSES, 0.5, None)


def test_no_answers_captured_says_what_to_do() -> None:
    with pytest.raises(DataError, match="capture the output too"):
        Figures.of(log([capture(1)]), CLASSES, 0.5, None)


def test_only_another_number_of_classes_says_what_to_do() -> None:
    with pytest.raises(UsageError, match=r"3 probabilities each, but 2 classes .*bicycle"):
        Figures.of(log([capture(1, 0.2, 0.2, 0.6)]), CLASSES, 0.5, None)
