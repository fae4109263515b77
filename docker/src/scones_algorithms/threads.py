"""How many cores the process may use; for MXNet, to be decided before it is imported."""

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

OMP_THREADS_ENV = "OMP_NUM_THREADS"
CGROUP = Path("/sys/fs/cgroup")


def limit_threads(environ: MutableMapping[str, str] = os.environ) -> int:
    """Set `OMP_NUM_THREADS` unless it is set, and return it.

    One core is left to others, because OpenMP's threads wait for one another in a busy loop: two
    threads on two cores of which one is busy run ten times slower than one thread.

    Args:
        environ: the environment to read and to complete.

    Returns:
        The number of threads that MXNet will use, at least 1.
    """
    threads = _given(environ) or max(1, available_cores() - 1)
    environ[OMP_THREADS_ENV] = str(threads)
    return threads


def serving_threads(environ: Mapping[str, str] = os.environ) -> int:
    """Tell how many threads should predict: as many as `OMP_NUM_THREADS` says, else all cores.

    ONNX Runtime's threads sleep while they wait, so a busy core does not hold up the others.
    """
    return _given(environ) or available_cores()


def available_cores(cgroup: Path = CGROUP) -> int:
    """Count the cores open to this process, by its affinity and its container's CPU limit."""
    cores = len(os.sched_getaffinity(0))
    limit = _cpu_limit(cgroup)
    return max(1, min(cores, int(limit))) if limit else cores


def _given(environ: Mapping[str, str]) -> int | None:
    text = environ.get(OMP_THREADS_ENV, "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def _cpu_limit(cgroup: Path) -> float | None:
    """Read how many cores' time a container may take, from version 2 or 1 of control groups."""
    try:
        try:
            quota, period = (cgroup / "cpu.max").read_text().split()
        except FileNotFoundError:
            quota, period = (
                (cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # no such file, or "max": no limit
        return None
