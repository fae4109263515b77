"""Whether a classifier can tell two samples of vectors apart: a drift test for embeddings.

A ridge regression is taught which sample a vector is from, and scores vectors that it has not seen
(five-fold). Its scores are linear in what it was taught, so it is taught anew for thousands of
shuffled origins at the price of one product of matrices, and the p-value is exact. Sources:
D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", 2017; I. Kim and others,
"Classification accuracy as a proxy for two-sample testing", 2021.
"""

import numpy as np
import numpy.typing as npt

LEAST_VECTORS = 20
"""Of each sample; with fewer nothing can be learnt."""
FOLDS = 5
PENALTY = 1.0  # of the regression, per vector; features have a deviation of 1
RESAMPLES = 4_999
_BATCH = 1_000

Vectors = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int_]


def separation(one: Vectors, other: Vectors) -> tuple[float, float] | None:
    """Test whether two samples can be told apart.

    Args:
        one: (n, features).
        other: (m, features).

    Returns:
        The distance, 0 where the samples cannot be told apart and 1 where they always can (twice
        the area under the ROC curve, less one), and the p-value. None where there are fewer than
        LEAST_VECTORS of one of them.
    """
    from scipy.stats import permutation_test

    if min(len(one), len(other)) < LEAST_VECTORS:
        return None
    scores = _smoother(np.concatenate([one, other]))

    def agreement(_first: Numbers, second: Numbers, axis: int) -> Vectors:
        """How much higher each teaching scores those that it says are of the second sample."""
        share = second.shape[-1] / len(scores)
        taught = np.full((*second.shape[:-1], len(scores)), -share, dtype=np.float32)
        np.put_along_axis(taught, second, np.float32(1 - share), axis=axis)
        found: Vectors = ((taught @ scores.T) * taught).sum(axis=axis)
        return found

    result = permutation_test(
        (np.arange(len(one)), np.arange(len(one), len(scores))),
        agreement,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        alternative="greater",
        rng=np.random.default_rng(0),
    )
    return _distance(scores, len(one)), float(result.pvalue)


def _smoother(vectors: Vectors) -> Vectors:
    """The matrix that makes of what is taught the scores of vectors that were not taught."""
    from scipy.linalg import solve

    spread = vectors.std(axis=0)
    rows = ((vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float64)
    kernel = rows @ rows.T
    fold = np.random.default_rng(0).permutation(len(rows)) % FOLDS
    scores = np.zeros(kernel.shape)
    for number in range(FOLDS):
        unseen, seen = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        penalised = kernel[np.ix_(seen, seen)] + PENALTY * len(seen) * np.eye(len(seen))
        weights = solve(penalised, kernel[np.ix_(seen, unseen)], assume_a="pos").T
        weights -= weights.mean(axis=1, keepdims=True)  # its mean is taken off what is taught
        scores[np.ix_(unseen, seen)] = weights
    return scores.astype(np.float32)


def _distance(scores: Vectors, count: int) -> float:
    from scipy.stats import mannwhitneyu

    found = scores @ (np.arange(len(scores)) >= count).astype(np.float32)
    larger = mannwhitneyu(found[count:], found[:count], method="asymptotic").statistic
    return max(0.0, 2 * float(larger) / (count * (len(found) - count)) - 1)
