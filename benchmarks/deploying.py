"""Both stacks on the emulator: deployed, redeployed, planned, changed and destroyed, in seconds.

Run it as `python -m benchmarks.deploying --rounds 3`. It starts an emulator of its own; the first
round pays LocalStack's own start of each service.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.scones.stack_fixtures.fixtures import stack_settings
from tests.scones.stack_fixtures.services import running_services

from scones.aws import Session
from scones.deploy import OperationsSettings, deploy, destroy, preview
from scones.profiles import Profile

OPERATIONS = OperationsSettings(50, 1, 1, 600, "", "", "UTC")
SETTINGS = stack_settings("measured", operations=OPERATIONS)
CHANGED = replace(SETTINGS, threshold=0.5)


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    started = time.monotonic()
    work()
    return round(time.monotonic() - started, 1)


def measure(aws: Session) -> dict[str, float]:
    """Measure one round, from nothing to nothing."""
    return {
        "deploy": seconds(lambda: deploy(aws, SETTINGS)),
        "redeploy without a change": seconds(lambda: deploy(aws, SETTINGS)),
        "plan of a change": seconds(lambda: preview(aws, CHANGED)),
        "change of the threshold": seconds(lambda: deploy(aws, CHANGED)),
        "destroy, its proof included": seconds(lambda: destroy(aws, CHANGED)),
    }


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_services(Path(folder)) as services,
    ):
        aws = Session(
            Profile(
                name="local",
                localstack_port=services.localstack_port,
                sagemaker_port=services.sagemaker_port,
            )
        )
        print(json.dumps([measure(aws) for _ in range(arguments.rounds)], indent=2))


if __name__ == "__main__":
    main()
