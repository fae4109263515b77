"""A short training on real photographs, where they are at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DATA = os.environ.get("SCONES_TEST_DATA")
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "train_accuracy.py"


@pytest.mark.skipif(not DATA, reason="SCONES_TEST_DATA names no folder with real images")
def test_bicycles_and_motorcycles_are_told_apart_after_a_few_epochs() -> None:
    archive = Path(str(DATA)) / "cifar-100-python-vehicles.tar.gz"
    process = subprocess.run(
        [sys.executable, BENCHMARK, archive, "--seeds", "0", "--set", "epochs=8"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    result = json.loads(process.stdout)
    assert result["runs"][0]["test"]["accuracy"] > 0.7
