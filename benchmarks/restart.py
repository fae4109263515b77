"""From `scones up` to the first prediction, the model kept.

Run it on a stack that `scones demo --keep` has left: `python benchmarks/restart.py --runs 5`.
Each run stops the services, then measures `scones up` and one `scones classify`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path


def scones(*arguments: str) -> None:
    """Run a command and make sure that it succeeded."""
    command = [sys.executable, "-m", "scones.cli", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--state-dir", type=Path, default=Path(".scones"))
    arguments = parser.parse_args()
    image = str(next((arguments.state_dir / "data").glob("*/test/*.png")))
    measured = []
    for _ in range(arguments.runs):
        scones("down")
        started = time.monotonic()
        scones("up")
        up = time.monotonic() - started
        scones("classify", image)
        measured.append({"up": round(up, 2), "total": round(time.monotonic() - started, 2)})
    totals = [run["total"] for run in measured]
    summary = {"runs": measured, "median_seconds": statistics.median(totals), "max": max(totals)}
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
