"""Which test sees drift in a model's embeddings best, at which rate of false alarms.

    .tox/tools/bin/python benchmarks/drift_embeddings.py FOLDER [--rounds 300]

FOLDER is what `drift_captures.py` writes. Rounds, baselines and windows are those of
`drift_detection.py`. An alarm is a p-value below 0.01 of the embedding's test alone. Prints one
JSON document: share of rounds with an alarm, by test, kind of drift and size of the window.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from drift_detection import BASELINE, MOTORCYCLE_SHARES, NEW_SHARES, SIZES, rows_of
from scipy.spatial.distance import cdist
from scipy.stats import cramervonmises_2samp, false_discovery_control, mannwhitneyu

LEVEL = 0.01
RESAMPLES = 499
COMPONENTS = 8
FOLDS = 5
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
    near = [np.sort(cdist(rows, known), axis=1)[:, :NEIGHBOURS].mean(axis=1) for rows in (held, other)]
    return float(cramervonmises_2samp(*near, method="asymptotic").pvalue)


def classifier(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> float:
    """A ridge regression told the two apart: are its scores of rows that it has not seen higher?"""
    rows = np.concatenate([one, other])
    truth = np.repeat([0.0, 1.0], [len(one), len(other)])
    rows = np.column_stack([(rows - rows.mean(0)) / (rows.std(0) + 1e-9), np.ones(len(rows))])
    fold, scores = rng.permutation(len(rows)) % FOLDS, np.empty(len(rows))
    for number in range(FOLDS):
        mine, others = fold == number, fold != number
        x, y = rows[others], truth[others] - truth[others].mean()
        weight = np.linalg.solve(x.T @ x + len(x) * np.eye(x.shape[1]), x.T @ y)
        scores[mine] = rows[mine] @ weight
    return float(mannwhitneyu(scores[truth == 1], scores[truth == 0], alternative="greater").pvalue)


TESTS = {test.__name__: test for test in (energy, mmd, components, neighbours, classifier)}


def kinds_of(folder: Path, rng: np.random.Generator) -> dict[str, Callable[..., np.ndarray]]:
    """What makes a window out of the numbers of images that are not in the baseline."""
    found = {path.name: np.load(path / "embeddings.npy") for path in sorted(folder.iterdir())}
    plain, new = found["as_it_is"], found["new_class"]
    labels = np.array([label for label, _ in rows_of(folder / "as_it_is")])

    def changed(name: str) -> Callable[..., np.ndarray]:
        return lambda others, size: found[name][rng.choice(others, size, False)]

    def with_new(share: float) -> Callable[..., np.ndarray]:
        def window(others: np.ndarray, size: int) -> np.ndarray:
            many = round(share * size)
            old = plain[rng.choice(others, size - many, False)]
            return np.concatenate([old, new[rng.choice(len(new), many, False)]])

        return window

    def with_motorcycles(share: float) -> Callable[..., np.ndarray]:
        def window(others: np.ndarray, size: int) -> np.ndarray:
            many, mine = round(share * size), labels[others]
            picked = [
                *rng.choice(others[mine == 1], many, False),
                *rng.choice(others[mine == 0], size - many, False),
            ]
            return plain[picked]

        return window

    kinds = {"no drift": changed("as_it_is")}
    kinds |= {name: changed(name) for name in found if name not in ("as_it_is", "new_class")}
    kinds |= {f"{share:.0%} of a new class": with_new(share) for share in NEW_SHARES}
    return kinds | {f"{s:.0%} motorcycles": with_motorcycles(s) for s in MOTORCYCLE_SHARES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    kinds = kinds_of(arguments.folder, rng)
    plain = np.load(arguments.folder / "as_it_is" / "embeddings.npy")
    counts, seconds = {}, dict.fromkeys(arguments.tests, 0.0)
    for _ in range(arguments.rounds):
        order = rng.permutation(len(plain))
        baseline = plain[order[:BASELINE]]
        for kind, window in kinds.items():
            for size in SIZES:
                seen = window(order[BASELINE:], size)
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
