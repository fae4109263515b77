"""Data quality: statistics of a dataset, and constraints, or violations of the baseline's."""

from dataclasses import replace
from pathlib import Path

from scones.errors import DataError
from scones.monitor.analyzer.dataset import rows
from scones.monitor.analyzer.job import Job
from scones.monitor.baseline import (
    Baseline,
    Compared,
    Constraints,
    Statistics,
    Store,
    check,
    find_drift,
    read_constraints,
    read_statistics,
    suggest,
    write_baseline,
    write_results,
)


def analyze(job: Job) -> Compared | None:
    """Look at a job's dataset, and write the files.

    Returns:
        What differs from the baseline; None for a job that has none, and suggests one.

    Raises:
        SconesError: Dataset or baseline cannot be read.
    """
    statistics = Statistics.of(rows(job))
    if not statistics.item_count:
        raise DataError(f"there are no records in {job.source} that the job is to look at")
    store = Store(str(job.output))
    if job.constraints is None:
        write_baseline(store, statistics, suggest(statistics))
        return None
    constraints = read_constraints(_content(job.constraints), str(job.constraints))
    before = None
    if job.statistics is not None:
        before = read_statistics(_content(job.statistics), str(job.statistics))
    statistics = named_as(statistics, constraints)
    compared = Compared(
        Baseline(str(job.constraints.parent), before or Statistics(0, {}), constraints),
        statistics,
        check(statistics, constraints, before),
        find_drift(before, statistics) if before is not None else (),
    )
    write_results(store, compared)
    return compared


def named_as(statistics: Statistics, constraints: Constraints) -> Statistics:
    """Give columns without names those of the baseline, by position, if they are as many.

    A capture of CSV has no header; the training data that made the baseline had one.
    """
    names = [feature.name for feature in constraints.features]
    found = statistics.features
    unnamed = all(name == f"_c{number}" for number, name in enumerate(found))
    if not unnamed or len(names) != len(found):
        return statistics
    renamed = {
        name: replace(feature, name=name)
        for name, feature in zip(names, found.values(), strict=True)
    }
    return replace(statistics, features=renamed)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the baseline {path}: {error.strerror}") from error
