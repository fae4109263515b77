"""Makes confidences mean what they say: one temperature, fitted on the validation channel.

Label smoothing and mixup teach a network to be modest: it is right more often than its
probabilities claim. Dividing its logits by one number mends that without changing any decision.

Source: Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.preprocess import Floats

LOWEST, HIGHEST, STEPS = 0.1, 10.0, 401
REPORTED_CONFIDENCE: Final = 0.93  # the workflow's usual threshold

Labels = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


def softmax(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Turn logits of (n, classes) into probabilities."""
    scaled = logits.astype(np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    probabilities: npt.NDArray[np.float64] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def as_pairs(logits: Floats, labels: Labels) -> tuple[Floats, Labels]:
    """Turn (n, classes) of a multi-label job into n * classes questions of yes or no."""
    flat = logits.reshape(-1, 1)
    return np.concatenate([np.zeros_like(flat), flat], axis=1), labels.reshape(-1)


def pulled(probabilities: Doubles, share: Doubles | None) -> Doubles:
    """Pull probabilities of (n, classes) towards 1/K, but for a share (n,) of each."""
    if share is None:
        return probabilities
    kept = share[:, None]
    found: Doubles = probabilities * kept + (1 - kept) / probabilities.shape[1]
    return found


def fit_temperature(logits: Floats, labels: Labels, share: Doubles | None = None) -> float:
    """Find the temperature under which the labels are likeliest.

    A label counts for a little less than certain, the less the fewer there are (as Platt did), so
    that a network without a mistake on few images does not come out as infallible.

    Args:
        logits: (n, classes) of validation images.
        labels: (n,) their classes.
        share: (n,) of each image's probabilities, from which they are pulled towards 1/K.

    Returns:
        Below 1 where the network was too modest, above 1 where it was too sure.
    """
    count, classes = logits.shape
    doubt = 1.0 / (count + 2)
    targets = np.full((count, classes), doubt / classes)
    targets[np.arange(count), labels] += 1.0 - doubt

    def loss(temperature: float) -> float:
        likely = pulled(softmax(logits, temperature), share)
        return float(-(targets * np.log(likely + 1e-30)).sum(axis=1).mean())

    candidates = np.geomspace(LOWEST, HIGHEST, STEPS)
    return float(min(candidates, key=loss))


def calibration_error(
    confidences: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int = 10
) -> float:
    """Tell how far accuracy and confidence are apart, in bins of equal width.

    Source: Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    places = np.minimum((confidences * bins).astype(np.int64), bins - 1)
    surplus = np.bincount(places, weights=right - confidences, minlength=bins)
    return float(np.abs(surplus).sum()) / len(right)


def confidence_report(
    logits: Floats, labels: Labels, temperature: float, share: Doubles | None = None
) -> dict[str, float]:
    """Tell how accuracy and confidence go together on validation images.

    Returns:
        accuracy; mean_confidence, which should come near it; calibration_error, how near it comes;
        log_loss of the right classes; share_confident, how many images reach a confidence of 0.93;
        accuracy_confident, how many of those are right.
    """
    probabilities = pulled(softmax(logits, temperature), share)
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    likelihoods = probabilities[np.arange(len(labels)), labels]
    confident = confidences >= REPORTED_CONFIDENCE
    return {
        "accuracy": round(float(right.mean()), 6),
        "mean_confidence": round(float(confidences.mean()), 6),
        "calibration_error": round(calibration_error(confidences, right), 6),
        "log_loss": round(float(-np.log(likelihoods + 1e-30).mean()), 6),
        "share_confident": round(float(confident.mean()), 6),
        "accuracy_confident": round(float(right[confident].mean()) if confident.any() else 0.0, 6),
    }
