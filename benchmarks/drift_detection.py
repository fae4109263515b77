"""How often the drift tests raise a false alarm, and how often they see drift that is there.

    .tox/tools/bin/python benchmarks/drift_detection.py FOLDER [--rounds 300] [--test cvm|ks]

FOLDER holds the captures that `drift_captures.py` makes of real images. In each round the baseline
is 400 of the undrifted captures, taken at random, and the window 50, 100 or 200 of the others; for
drift, the same images blurred or darkened, or with new vehicles among them, or with more
motorcycles than usual. Prints one JSON document: share of rounds with an alarm, by kind and size.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp

from scones.monitor import read_folder
from scones.monitor.baseline import Statistics, check, drift, find_drift, separation, suggest
from scones.monitor.baseline.constraints import (
    Comparison,
    DistributionConstraints,
    MonitoringConfig,
)
from scones.monitor.baseline.distribution import Distribution
from scones.monitor.features import Features, features

CLASSES = ("bicycle", "motorcycle")
BASELINE = 400
SIZES = (50, 100, 200)
NEW_SHARES = (0.1, 0.3)
MOTORCYCLE_SHARES = (0.65, 0.8)
METHODS = ("Simple", "Robust")
RESAMPLES = 499  # of the embeddings' test


class Row(NamedTuple):
    """One capture: its true class, its features, and the model's embedding of its image."""

    label: int
    features: Features
    vector: np.ndarray


def rows_of(folder: Path) -> list[Row]:
    """What there is of each capture, in the captures' order."""
    captures = read_folder(folder).captures
    vectors = np.load(folder / "embeddings.npy")
    return [
        Row(int((c.inference_id or "").split("/")[0]), features(c, CLASSES, 0.93), vector)
        for c, vector in zip(captures, vectors, strict=True)
    ]


def kinds_of(folder: Path, rng: np.random.Generator) -> dict[str, Callable[..., list[Row]]]:
    """What makes a window out of the numbers of images that are not in the baseline."""
    rows = {path.name: rows_of(path) for path in sorted(folder.iterdir())}
    plain, unknown = rows["as_it_is"], rows["new_class"]

    def changed(name: str) -> Callable[..., list[Row]]:
        return lambda others, size: [rows[name][n] for n in rng.choice(others, size, False)]

    def with_new(share: float) -> Callable[..., list[Row]]:
        def window(others: np.ndarray, size: int) -> list[Row]:
            new = round(share * size)
            old = [plain[n] for n in rng.choice(others, size - new, False)]
            return old + [unknown[n] for n in rng.choice(len(unknown), new, False)]

        return window

    def with_motorcycles(share: float) -> Callable[..., list[Row]]:
        def window(others: np.ndarray, size: int) -> list[Row]:
            labels = np.array([plain[n].label for n in others])
            many = round(share * size)
            picked = [
                *rng.choice(others[labels == 1], many, False),
                *rng.choice(others[labels == 0], size - many, False),
            ]
            return [plain[n] for n in picked]

        return window

    names = [name for name in rows if name not in ("as_it_is", "new_class")]
    kinds = {"no drift": changed("as_it_is")} | {name: changed(name) for name in names}
    kinds |= {f"{share:.0%} of a new class": with_new(share) for share in NEW_SHARES}
    return kinds | {
        f"{share:.0%} motorcycles": with_motorcycles(share) for share in MOTORCYCLE_SHARES
    }


def kolmogorov_smirnov(one: Distribution, other: Distribution) -> float:
    pair = (one.sample(drift.SAMPLE_MAX), other.sample(drift.SAMPLE_MAX))
    return float(ks_2samp(*pair, method="exact").pvalue)


def statistics_of(rows: Sequence[Row]) -> Statistics:
    return Statistics.of(row.features for row in rows)


def vectors_of(rows: Sequence[Row]) -> np.ndarray:
    return np.stack([row.vector for row in rows])


def alarms(baseline: Statistics, usual: Sequence[Row], window: Sequence[Row]) -> dict[str, bool]:
    """Which tests find something: ours without embeddings and with, Model Monitor's two."""
    statistics = statistics_of(window)
    pair = (vectors_of(usual), vectors_of(window))
    found = {
        "features": any(item.drifted for item in find_drift(baseline, statistics)),
        "with embeddings": any(
            item.drifted for item in find_drift(baseline, statistics, embeddings=pair)
        ),
    }
    for method in METHODS:
        config = MonitoringConfig(
            distribution_constraints=DistributionConstraints(comparison_method=Comparison(method))
        )
        checked = check(statistics, suggest(baseline, config), baseline)
        kinds = {item.constraint_check_type for item in checked.violations}
        found[method] = "baseline_drift_check" in kinds
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--test", choices=("cvm", "ks"), default="cvm")
    arguments = parser.parse_args()
    if arguments.test == "ks":  # in the place of the test that is shipped
        drift.cramer_von_mises = kolmogorov_smirnov
    rng = np.random.default_rng(0)
    kinds = kinds_of(arguments.folder, rng)
    separation.RESAMPLES = RESAMPLES
    plain = rows_of(arguments.folder / "as_it_is")
    started, counts = time.perf_counter(), {}
    for _ in range(arguments.rounds):
        order = rng.permutation(len(plain))
        usual = [plain[n] for n in order[:BASELINE]]
        baseline = statistics_of(usual)
        for kind, window in kinds.items():
            for size in SIZES:
                seen = alarms(baseline, usual, window(order[BASELINE:], size))
                for method, alarm in seen.items():
                    key = (method, kind, size)
                    counts[key] = counts.get(key, 0) + alarm
    table = {
        method: {
            kind: {str(n): round(counts[method, kind, n] / arguments.rounds, 4) for n in SIZES}
            for kind in kinds
        }
        for method in ("features", "with embeddings", *METHODS)
    }
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"test": arguments.test, "rounds": arguments.rounds,
                      "seconds": seconds, "alarms": table}, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
