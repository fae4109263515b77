"""Confidences that mean what they say."""

import numpy as np
import pytest

from scones_algorithms.image_classification.calibration import (
    calibration_error,
    confidence_report,
    fit_temperature,
    softmax,
)


def test_the_calibration_error_is_the_gap_in_each_bin_by_its_images() -> None:
    confidences = np.array([0.95, 0.95, 0.65, 0.65, 1.0])
    right = np.array([True, False, True, True, True])
    gaps = [abs(2 - 2 * 0.65), abs((1 - 0.95) + (0 - 0.95) + (1 - 1.0))]
    assert calibration_error(confidences, right) == pytest.approx(sum(gaps) / 5)


def honest_logits(count: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose probabilities are true once they are divided by `temperature`."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, 3))
    labels = np.array([rng.choice(3, p=p) for p in softmax(logits)])
    return (logits * temperature).astype(np.float32), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_spoiled_the_logits_is_found(temperature: float) -> None:
    logits, labels = honest_logits(5000, temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)


def test_a_network_without_a_mistake_on_few_images_is_not_called_infallible() -> None:
    logits = np.array([[2.0, -2.0], [-2.0, 2.0]] * 10, dtype=np.float32)
    labels = np.array([0, 1] * 10)
    confidence = softmax(logits, fit_temperature(logits, labels)).max()
    assert 0.93 < confidence < 0.99


def test_calibration_brings_confidence_near_accuracy_without_changing_decisions() -> None:
    logits, labels = honest_logits(2000, 0.3)
    before = confidence_report(logits, labels, 1.0)
    after = confidence_report(logits, labels, fit_temperature(logits, labels))
    assert after["accuracy"] == before["accuracy"]
    assert abs(after["mean_confidence"] - after["accuracy"]) < 0.03
    assert abs(before["mean_confidence"] - before["accuracy"]) > 0.1
    assert after["accuracy_confident"] > 0.93


def test_nobody_confident_is_reported_without_dividing_by_nothing() -> None:
    report = confidence_report(np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1]), 1.0)
    assert (report["share_confident"], report["accuracy_confident"]) == (0, 0)
