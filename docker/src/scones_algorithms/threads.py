"""How many cores the process may use; to be decided before MXNet is imported."""

import os
from collections.abc import MutableMapping
from pathlib import Path

OMP_THREADS_ENV = "OMP_NUM_THREADS"
CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def limit_threads(environ: MutableMapping[str, str] = os.environ) -> int:
    """Set `OMP_NUM_THREADS` unless it is set, and return it.

    One core is left to others, because OpenMP's threads wait for one another in a busy loop: two
    threads on two cores of which one is busy run ten times slower than one thread.

    Args:
        environ: the environment to read and to complete.

    Returns:
        The number of threads that MXNet will use, at least 1.
    """
    given = environ.get(OMP_THREADS_ENV, "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    threads = max(1, available_cores() - 1)
    environ[OMP_THREADS_ENV] = str(threads)
    return threads


def available_cores(cpu_limit: Path = CGROUP_CPU_LIMIT) -> int:
    """Count the cores open to this process, by its affinity and its container's CPU limit."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_limit.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no such file, or "max": no limit
        return cores
