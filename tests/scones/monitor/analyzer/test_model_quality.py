"""Predictions against the truth: AWS's own sample figures, suggestions, violations, merging."""

import json

import numpy as np
import pytest

from scones.monitor.analyzer.model_quality import ENOUGH, Problem, judge, measure
from scones.monitor.analyzer.predictions import Prediction
from scones.monitor.analyzer.scores import Binary, area_under_curve, curves

from .conftest import Container


def predictions(confusion: dict[tuple[int, int], int]) -> list[Prediction]:
    return [
        Prediction(str(actual), str(predicted), None)
        for (actual, predicted), count in confusion.items()
        for _ in range(count)
    ]


def test_the_binary_sample_of_awss_guide() -> None:
    quality = measure(predictions({(0, 0): 1, (0, 1): 2, (1, 1): 1}), Problem.BINARY, 0.5)
    assert quality.shapes["confusion_matrix"] == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    expected = {
        "recall": 1.0,
        "precision": 0.3333333333333333,
        "accuracy": 0.5,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.25,
        "true_positive_rate": 1.0,
        "true_negative_rate": 0.33333333333333337,
        "false_positive_rate": 0.6666666666666666,
        "false_negative_rate": 0.0,
        "f0_5": 0.3846153846153846,
        "f1": 0.5,
        "f2": 0.7142857142857143,
        "f0_5_best_constant_classifier": 0.29411764705882354,
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
    }
    assert quality.scores == pytest.approx(expected)
    metrics = quality.as_json()["binary_classification_metrics"]
    assert metrics["f1"] == {"value": pytest.approx(0.5), "standard_deviation": "NaN"}


def test_the_multiclass_sample_of_awss_guide() -> None:
    found = predictions({(0, 0): 1180, (0, 1): 510, (1, 0): 268, (1, 1): 138})
    quality = measure(found, Problem.MULTICLASS, 0.5)
    expected = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947317178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
    }
    assert {name: quality.scores[name] for name in expected} == pytest.approx(expected)
    assert quality.scores["accuracy_best_constant_classifier"] == pytest.approx(1690 / 2096)
    assert quality.shapes["confusion_matrix"]["1"] == {"0": 268, "1": 138}
    assert 0 < quality.deviations["accuracy"] < 0.02


def test_a_regression() -> None:
    pairs = [(1.0, 2.0), (2.0, 2.0), (3.0, 2.0), (4.0, 6.0)]
    found = [Prediction(str(actual), str(said), None) for actual, said in pairs]
    quality = measure(found, Problem.REGRESSION, 0.5)
    assert quality.scores == pytest.approx({"mae": 1.0, "mse": 1.5, "rmse": 1.5**0.5, "r2": -0.2})
    constraints = quality.constraints()["regression_constraints"]
    assert constraints["r2"] == {
        "threshold": pytest.approx(-0.2),
        "comparison_operator": "LessThanThreshold",
    }
    assert constraints["mae"]["comparison_operator"] == "GreaterThanThreshold"


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    generator = np.random.default_rng(1)
    actual = generator.random(60) < 0.4
    chance = np.round(generator.random(60) + 0.3 * actual, 1)
    pairs = [(a, b) for a in chance[actual] for b in chance[~actual]]
    share = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
    assert area_under_curve(actual, chance) == pytest.approx(share)


def test_curves_run_from_nothing_to_everything() -> None:
    generator = np.random.default_rng(1)
    found = [
        Prediction(str(int(generator.random() < 0.5)), None, float(generator.random()))
        for _ in range(1000)
    ]
    roc = curves(Binary.of(found, 0.5))["receiver_operating_characteristic_curve"]
    for rates in roc.values():
        assert (rates[0], rates[-1]) == (0.0, 1.0)
        assert rates == sorted(rates)
        assert len(rates) <= 102


def test_a_standard_deviation_is_given_from_so_many_records_on() -> None:
    few = predictions({(0, 0): 100, (1, 1): 50, (1, 0): 49})
    assert not measure(few, Problem.BINARY, 0.5).deviations
    assert len(few) == ENOUGH - 1
    enough = measure([*few, few[0]], Problem.BINARY, 0.5)
    assert enough.deviations["recall"] > 0


def test_what_is_worse_than_its_threshold_is_a_violation() -> None:
    quality = measure(predictions({(0, 0): 1, (0, 1): 2, (1, 1): 1}), Problem.BINARY, 0.5)
    own = quality.constraints()["binary_classification_constraints"]
    assert list(judge(quality, own)) == []
    stricter = own | {
        "f1": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"},
        "false_positive_rate": {"threshold": 0.5, "comparison_operator": "GreaterThanThreshold"},
    }
    found = list(judge(quality, stricter))
    assert [(item["metric_name"], item["constraint_check_type"]) for item in found] == [
        ("f1", "LessThanThreshold"),
        ("false_positive_rate", "GreaterThanThreshold"),
    ]
    assert found[0]["description"] == "Metric f1 with 0.5 +/- NaN was LessThanThreshold '0.9'"


BASELINE = {
    "analysis_type": "MODEL_QUALITY",
    "dataset_format": '{"csv": {"header": true}}',
    "problem_type": "BinaryClassification",
    "probability_attribute": "probability",
    "ground_truth_attribute": "label",
    "probability_threshold_attribute": "0.8",
}


def baseline(container: Container, rows: str, **variables: str) -> dict[str, str]:
    """Suggest constraints; return the variables by which a schedule's job finds them."""
    path = container.source / "validation.csv"
    path.write_text(rows)
    assert container.run(**(BASELINE | variables)) == 0
    path.unlink()
    kept = container.baseline / "constraints.json"
    (container.output / "constraints.json").rename(kept)
    return {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": variables.get("problem_type", "BinaryClassification"),
        "baseline_constraints": str(kept),
        "ground_truth_source": str(container.truth),
    }


ROWS = "probability,label\n0.9,1\n0.85,1\n0.7,0\n0.1,0\n"


def test_captures_are_merged_with_labels_by_inference_id(container: Container) -> None:
    told = baseline(container, ROWS)
    assert container.json("statistics.json")["binary_classification_metrics"]["f1"]["value"] == 1
    container.capture([("5", "0.9"), ("6", "0.95"), ("7", "0.2"), ("8", "0.1"), ("9", "0.3")])
    container.label([1, 0, 1, 0])

    code = container.monitor(**told, inference_attribute="", probability_threshold_attribute="0.8")

    assert code == 0
    assert container.json("statistics.json")["dataset"]["item_count"] == 4, "one has no label"
    violated = container.json("constraint_violations.json")["violations"]
    assert {"f1", "recall", "precision"} <= {item["metric_name"] for item in violated}
    assert container.message().startswith("CompletedWithViolations: Job completed successfully")
    values = {metric["MetricName"]: metric["Value"] for metric in container.metrics()}
    assert values["accuracy"] == 0.5


def test_predictions_as_good_as_the_baseline_have_no_violations(container: Container) -> None:
    told = baseline(container, ROWS)
    container.capture([("5", "0.9"), ("6", "0.1")], inference_id=lambda number: f"i-{number}")
    container.label(["1", "0.0"])
    assert container.monitor(**told) == 0
    assert container.message() == "Completed: Job completed successfully with no violations."


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("$.predictions[0].label", '{"predictions": [{"label": 2, "score": 0.4}]}'),
        ("predictions[0].label", '{"predictions": [{"label": 2, "score": 0.4}]}'),
        ("prediction", '{"prediction": "2"}'),
        ("1", "0.4,2"),
        ("", "[0.1, 0.2, 0.7]"),
        ("", "2"),
    ],
)
def test_where_a_prediction_is_in_an_answer(
    container: Container, attribute: str, answer: str
) -> None:
    rows = "prediction,label\n0,0\n1,1\n2,2\n"
    told = baseline(
        container,
        rows,
        problem_type="MulticlassClassification",
        inference_attribute="prediction",
        probability_attribute="",
    )
    container.capture([("5", answer)])
    container.label([2])
    assert container.monitor(**told, inference_attribute=attribute) == 0
    matrix = container.json("statistics.json")["multiclass_classification_metrics"]
    assert matrix["confusion_matrix"] == {"2": {"2": 1}}


def test_names_of_classes_are_labels_too(container: Container) -> None:
    container.capture([("5", "[0.2, 0.8]"), ("6", "[0.9, 0.1]")])
    container.label(["motorcycle", "1"])
    told = {
        "analysis_type": "MODEL_QUALITY",
        "problem_type": "BinaryClassification",
        "ground_truth_source": str(container.truth),
        "SCONES_CLASSES": json.dumps(["bicycle", "motorcycle"]),
    }
    assert container.monitor(**told) == 0
    metrics = container.json("statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"]["1"] == {"0": 1, "1": 1}
    assert "binary_classification_constraints" in container.json("constraints.json")


@pytest.mark.parametrize(
    ("rows", "variables", "said"),
    [
        (ROWS, {"problem_type": "Ranking"}, "is none of BinaryClassification"),
        (ROWS, {"problem_type": ""}, "problem_type is missing"),
        (ROWS, {"ground_truth_attribute": ""}, "ground_truth_attribute is missing"),
        (ROWS, {"probability_attribute": ""}, "neither inference_attribute"),
        (ROWS, {"probability_attribute": "score"}, "has no score"),
        ("probability,label\n0.9,a\n0.1,b\n0.1,c\n", {}, "two labels, not 3"),
        (
            "probability,label\n0.9,a\n",
            {"problem_type": "Regression"},
            "predicted label is missing",
        ),
    ],
)
def test_what_is_wrong_is_said(
    container: Container, rows: str, variables: dict[str, str], said: str
) -> None:
    (container.source / "validation.csv").write_text(rows)
    assert container.run(**(BASELINE | variables)) in (1, 2)
    assert said in container.message()


def test_constraints_of_another_problem_are_an_error(container: Container) -> None:
    told = baseline(container, ROWS)
    container.capture([("5", "1")])
    container.label([1])
    assert container.monitor(**(told | {"problem_type": "MulticlassClassification"})) == 1
    assert "no 'multiclass_classification_constraints'" in container.message()


def test_captures_without_labels_are_an_error(container: Container) -> None:
    told = baseline(container, ROWS)
    container.capture([("5", "0.9")])
    assert container.monitor(**told) == 1
    assert "no capture with ground truth" in container.message()


def test_a_topic_that_cannot_be_told_does_not_spoil_the_results(container: Container) -> None:
    told = baseline(container, ROWS)
    container.capture([("5", "0.9"), ("6", "0.1")])
    container.label([0, 0])
    topic = "arn:aws:sns:us-east-1:000000000000:nowhere"
    nowhere = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert container.monitor(**told, **nowhere, SCONES_TOPIC_ARN=topic) == 0
    assert container.message().startswith("CompletedWithViolations: ")
    assert f"could not be told to {topic}" in container.message()
