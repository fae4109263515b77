"""The program of the container: `scones-monitor-analyzer`, or `python -m`."""

import os
import sys

from scones.errors import SconesError
from scones.monitor.analyzer import data_quality, model_quality
from scones.monitor.analyzer.job import Job, read_job, root_of
from scones.monitor.analyzer.results import leave_message, tell


def main() -> int:
    """Do the job that the variables ask for; return the exit code."""
    try:
        job = read_job(os.environ)
        print(_run(job))
    except SconesError as error:
        print(f"error: {error}", file=sys.stderr)
        leave_message(root_of(os.environ), f"Error: {error}")
        return error.exit_code
    return 0


def _run(job: Job) -> str:
    found = model_quality.analyze(job) if job.problem_type else data_quality.analyze(job)
    if found is None:
        return f"statistics.json and constraints.json are in {job.output}"
    return tell(job, found)


if __name__ == "__main__":
    sys.exit(main())
