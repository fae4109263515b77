"""Calibration says by how much confidences are off."""

import numpy as np
import pytest

from scones.shares import Share, calibration


def test_the_expected_error_is_the_weighted_distance() -> None:
    confidences = np.array([0.95] * 8 + [0.65] * 2)
    right = np.array([True] * 6 + [False] * 2 + [True, False])
    found = calibration(confidences, right)
    assert [(step.low, step.high) for step in found.bins] == [(0.6, 0.7), (0.9, 1.0)]
    assert [step.right for step in found.bins] == [Share(1, 2), Share(6, 8)]
    assert found.expected_error == pytest.approx(0.8 * 0.2 + 0.2 * 0.15)


def test_confidences_that_are_what_they_say_have_no_error() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.uniform(0.5, 1, 100_000)
    right = rng.random(100_000) < confidences
    assert calibration(confidences, right).expected_error < 0.01
    assert calibration(confidences**3, right).expected_error > 0.2


def test_every_confidence_falls_into_one_bin_the_ends_included() -> None:
    found = calibration(np.array([0.0, 0.1, 0.3, 0.7, 1.0]), np.ones(5, dtype=bool))
    assert [step.low for step in found.bins] == [0.0, 0.1, 0.3, 0.7, 0.9]
    assert sum(step.right.total for step in found.bins) == 5
