"""Which test sees drift in a model's embeddings best, at which rate of false alarms.

    .tox/tools/bin/python benchmarks/drift_embeddings.py FOLDER [--rounds 300]

FOLDER is what `drift_captures.py` writes. Rounds, baselines and windows are those of
`drift_detection.py`. An alarm is a p-value below 0.01 of the embedding's test alone. Prints one
JSON document: share of rounds with an alarm, by test, kind of drift and size of the window.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from drift_detection import BASELINE, SIZES, kinds_of, vectors_of
from scipy.spatial.distance import cdist
from scipy.stats import cramervonmises_2samp, false_discovery_control

from scones.monitor.baseline import separation

LEVEL = 0.01
RESAMPLES = 499
COMPONENTS = 8
NEIGHBOURS = 5


def permuted(kernel: np.ndarray, count: int, rng: np.random.Generator) -> float:
    """p-value of a quadratic two-sample statistic, its pairwise terms in `kernel`."""
    total = len(kernel)
    marks = np.zeros((total, RESAMPLES + 1), dtype=np.float32)
    for column in range(RESAMPLES + 1):
        order = rng.permutation(total) if column else np.arange(total)
        marks[order[:count], column] = 1
    toward = kernel @ marks
    inside = (marks * toward).sum(axis=0)
    outside = kernel.sum() - 2 * toward.sum(axis=0) + inside
    across = toward.sum(axis=0) - inside
    rest = total - count
    values = 2 * across / (count * rest) - inside / count**2 - outside / rest**2
    return float((values >= values[0] - 1e-9).mean())


def energy(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    both = np.concatenate([one, other])
    return permuted(cdist(both, both).astype(np.float32), len(one), rng)


def mmd(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    both = np.concatenate([one, other])
    squares = cdist(both, both, "sqeuclidean")
    kernel = -np.exp(-squares / np.median(squares[squares > 0]))
    return permuted(kernel.astype(np.float32), len(one), rng)


def components(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    middle = one.mean(axis=0)
    axes = np.linalg.svd(one - middle, full_matrices=False)[2][:COMPONENTS]
    pairs = zip(((one - middle) @ axes.T).T, ((other - middle) @ axes.T).T, strict=True)
    values = [cramervonmises_2samp(*pair, method="asymptotic").pvalue for pair in pairs]
    return float(false_discovery_control(values, method="bh").min())


def neighbours(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    """Distance to the nearest of one half of the baseline: the other half's, and the window's."""
    order = rng.permutation(len(one))
    known, held = one[order[: len(one) // 2]], one[order[len(one) // 2 :]]
    near = [
        np.sort(cdist(rows, known), axis=1)[:, :NEIGHBOURS].mean(axis=1) for rows in (held, other)
    ]
    return float(cramervonmises_2samp(*near, method="asymptotic").pvalue)


def classifier(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    found = separation.separation(one, other)
    return 1.0 if found is None else found[1]


TESTS = {test.__name__: test for test in (energy, mmd, components, neighbours, classifier)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    arguments = parser.parse_args()
    separation.RESAMPLES = RESAMPLES  # enough for an adjustment of one
    rng = np.random.default_rng(0)
    kinds = kinds_of(arguments.folder, rng)
    plain = np.load(arguments.folder / "as_it_is" / "embeddings.npy")
    counts, seconds = {}, dict.fromkeys(arguments.tests, 0.0)
    for _ in range(arguments.rounds):
        order = rng.permutation(len(plain))
        baseline = plain[order[:BASELINE]]
        for kind, window in kinds.items():
            for size in SIZES:
                seen = vectors_of(window(order[BASELINE:], size))
                for name in arguments.tests:
                    begun = time.process_time()
                    alarm = TESTS[name](baseline, seen, rng) < LEVEL
                    seconds[name] += time.process_time() - begun
                    counts[name, kind, size] = counts.get((name, kind, size), 0) + alarm
    table = {
        name: {
            kind: [round(100 * counts[name, kind, n] / arguments.rounds, 2) for n in SIZES]
            for kind in kinds
        }
        for name in arguments.tests
    }
    each = {
        name: round(1000 * spent / (arguments.rounds * len(kinds) * len(SIZES)), 1)
        for name, spent in seconds.items()
    }
    print(json.dumps({"rounds": arguments.rounds, "cpu_ms_each": each, "alarms": table}))


if __name__ == "__main__":
    main()
