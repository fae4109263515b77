"""Warm latency of the three-function state machine, from StartExecution to its end.

Run it on a stack that `scones demo --keep` has left: `python benchmarks/executions.py`.
The latency is the execution's own, stopDate minus startDate as Step Functions gives them; beside it
stands what a caller sees who polls DescribeExecution every 5 ms.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from scones.config import load
from scones.project import Project

POLL_SECONDS = 0.005


def execute(states: Any, machine: str, document: dict[str, str]) -> tuple[float, float, str]:
    """Run one execution; return its own and the caller's milliseconds, and its status."""
    started = time.monotonic()
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(document))[
        "executionArn"
    ]
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(POLL_SECONDS)
    seen = time.monotonic() - started
    own = (found["stopDate"] - found["startDate"]).total_seconds()
    return own * 1000, seen * 1000, found["status"]


def percentiles(values: list[float]) -> dict[str, float]:
    """Return p50, p90 and p99 in milliseconds."""
    cuts = statistics.quantiles(values, n=100)
    return {name: round(cuts[n - 1], 1) for name, n in (("p50", 50), ("p90", 90), ("p99", 99))}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--state-dir", type=Path)
    arguments = parser.parse_args()
    project = Project(load(state_dir=arguments.state_dir))
    project.require_services()
    entry = project.dataset().entries("test")[0]
    outputs = project.outputs
    document = {"s3_bucket": outputs.data_bucket, "s3_key": f"test/{entry.path}"}
    states = project.aws.client("stepfunctions")
    machine = outputs.classify_state_machine_arn
    for _ in range(arguments.warm_up):
        execute(states, machine, document)
    runs = [execute(states, machine, document) for _ in range(arguments.executions)]
    ended = {status: sum(run[2] == status for run in runs) for status in {run[2] for run in runs}}
    print(
        json.dumps(
            {
                "executions": ended,
                "own_milliseconds": percentiles([run[0] for run in runs]),
                "caller_milliseconds": percentiles([run[1] for run in runs]),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
