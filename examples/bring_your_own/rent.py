"""A SageMaker container in one file of standard library: `rent.py train` and `rent.py serve`.

It learns a monthly rent from a flat's area: a straight line through the rows `area,rent`.
"""

import csv
import json
import os
import statistics
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

ROOT = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
LINE = ROOT / "model" / "line.json"


def train() -> None:
    """Fit the line to every CSV file of the channel `train`."""
    rows: list[tuple[float, float]] = []
    for path in sorted((ROOT / "input/data/train").rglob("*.csv")):
        with path.open(newline="") as file:
            rows += [(float(area), float(rent)) for area, rent in csv.reader(file)]
    line = statistics.linear_regression(*zip(*rows, strict=True))
    LINE.write_text(json.dumps({"slope": line.slope, "intercept": line.intercept}))
    print(f"rows={len(rows)} slope={line.slope:.2f} intercept={line.intercept:.2f}")


class Rents(BaseHTTPRequestHandler):
    """SageMaker's two routes: `/ping`, and `/invocations` with one area as text/csv."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that the model is there."""
        self._answer(200 if LINE.exists() else 503, "")

    def do_POST(self) -> None:
        """Answer an area with its rent."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        line = json.loads(LINE.read_text())
        try:
            self._answer(200, f"{line['slope'] * float(body) + line['intercept']:.2f}")
        except ValueError:
            self._answer(400, f"{body!r} is not an area in square metres")

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train()
    else:
        host = os.environ.get("SCONES_BIND_HOST", "0.0.0.0")  # noqa: S104 - SageMaker's contract
        HTTPServer(
            (host, int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))), Rents
        ).serve_forever()
