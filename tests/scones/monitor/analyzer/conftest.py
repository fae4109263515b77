"""The monitoring container as a processing job runs it: folders, variables, exit code."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from scones.monitor.analyzer.__main__ import main

START = datetime(2026, 1, 5, 11, tzinfo=UTC)
CAPTURES = json.dumps(
    {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
)


@dataclass
class Container:
    """A container's /opt/ml, and how it is run."""

    root: Path

    def __post_init__(self) -> None:
        for folder in (self.source, self.output, self.truth, self.baseline):
            folder.mkdir(parents=True)

    @property
    def source(self) -> Path:
        return self.root / "processing" / "input"

    @property
    def output(self) -> Path:
        return self.root / "processing" / "output"

    @property
    def truth(self) -> Path:
        return self.root / "processing" / "groundtruth"

    @property
    def baseline(self) -> Path:
        return self.root / "processing" / "baseline"

    def run(self, **variables: str) -> int:
        """Run the program with these variables and those that every job has."""
        told = {
            "SAGEMAKER_BASE_DIR": str(self.root),
            "dataset_source": str(self.source),
            "output_path": str(self.output),
            "publish_cloudwatch_metrics": "Disabled",
            **variables,
        }
        with patch.dict(os.environ, told, clear=True):
            return main()

    def monitor(self, **variables: str) -> int:
        """Run it as a schedule does, over captures."""
        told = {
            "dataset_format": CAPTURES,
            "start_time": "2026-01-05T11:00:00Z",
            "end_time": "2026-01-05T12:00:00Z",
            "metric_time": "2026-01-05T11:00:00Z",
            "sagemaker_endpoint_name": "cats",
            "sagemaker_monitoring_schedule_name": "hourly",
            "publish_cloudwatch_metrics": "Enabled",
        }
        return self.run(**(told | variables))

    def json(self, name: str) -> Any:
        return json.loads((self.output / name).read_text())

    def message(self) -> str:
        return (self.root / "output" / "message").read_text()

    def metrics(self) -> list[dict[str, Any]]:
        path = self.root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def capture(
        self,
        exchanges: Iterable[tuple[str, str]],
        *,
        content_type: str = "text/csv",
        first: datetime = START,
        inference_id: Callable[[int], str] = "i-{}".format,
    ) -> None:
        """Write request and answer of some inferences, a second apart, into an hour's file."""
        folder = self.source / "cats" / "AllTraffic" / f"{first:%Y/%m/%d/%H}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for number, (asked, answered) in enumerate(exchanges):
            sides = {
                "endpointInput": {
                    "observedContentType": content_type,
                    "mode": "INPUT",
                    "data": asked,
                    "encoding": "CSV",
                },
                "endpointOutput": {
                    "observedContentType": "text/csv",
                    "mode": "OUTPUT",
                    "data": answered,
                    "encoding": "CSV",
                },
            }
            event = {
                "eventId": f"e-{number}",
                "inferenceId": inference_id(number),
                "inferenceTime": f"{first + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
            }
            document = {"captureData": sides, "eventMetadata": event, "eventVersion": "0"}
            lines.append(json.dumps(document))
        (folder / f"{len(list(folder.iterdir())):02}-00-000-a.jsonl").write_text("\n".join(lines))

    def label(self, labels: Iterable[object]) -> None:
        """Write ground truth for the inferences in their order."""
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": str(label), "encoding": "CSV"},
                    "eventMetadata": {"eventId": f"i-{number}"},
                    "eventVersion": "0",
                }
            )
            for number, label in enumerate(labels)
        ]
        folder = self.truth / f"{START:%Y/%m/%d/%H}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "labels.jsonl").write_text("\n".join(lines))


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "ml")
