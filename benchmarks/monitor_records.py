"""Time and peak memory of a baseline and a report on many captured records.

    .tox/tools/bin/python benchmarks/monitor_records.py [--records 100000] [--side 32]

Writes capture files of random images to a temporary folder, as an endpoint would, then reads them
in processes of their own. Prints one JSON document: seconds, and the process's peak in MiB.
"""

import argparse
import base64
import io
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from scones.monitor import read_folder, stream_folder, write_report
from scones.monitor.baseline import Baseline, suggest
from scones.monitor.capture import Capture
from scones.monitor.keeping import ImageKeeper
from scones.monitor.labelling import IMAGES_MAX
from scones.monitor.survey import profile
from scones.steps.embeddings import SAMPLE, chance_of

CLASSES = ("bicycle", "motorcycle")
THRESHOLD = 0.93
PER_FILE = 1_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def write(folder: Path, records: int, side: int) -> int:
    """Write the files; returns their size in bytes."""
    rng = np.random.default_rng(0)
    size = 0
    for first in range(0, records, PER_FILE):
        time_ = START + timedelta(seconds=first)
        place = folder / f"AllTraffic/{time_:%Y/%m/%d/%H}"
        place.mkdir(parents=True, exist_ok=True)
        numbers = range(first, min(first + PER_FILE, records))
        text = "".join(record(rng, number, side) for number in numbers)
        (place / f"{time_:%M-%S}-000-{first}.jsonl").write_text(text)
        size += len(text)
    return size


def record(rng: np.random.Generator, number: int, side: int) -> str:
    pixels = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=1)
    value = float(rng.beta(8, 1) / 2 + 0.5)
    document = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/png",
                "mode": "INPUT",
                "data": base64.b64encode(content.getvalue()).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": json.dumps([value, 1 - value]),
                "encoding": "JSON",
            },
        },
        "eventMetadata": {
            "eventId": f"event-{number}",
            "inferenceTime": f"{START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(document) + "\n"


def streamed(folder: Path) -> None:
    for _ in stream_folder(folder):
        pass


def into_memory(folder: Path) -> None:
    read_folder(folder)


def baseline(folder: Path) -> None:
    profile(stream_folder(folder), CLASSES, THRESHOLD)


def report(folder: Path) -> None:
    """A report with all there is on it: labels, a baseline and its check."""
    statistics = profile(stream_folder(folder), CLASSES, THRESHOLD)
    labels = {f"event-{number}": number % 2 for number in range(10_000)}
    with tempfile.TemporaryDirectory() as output:
        write_report(
            stream_folder(folder),
            Path(output),
            classes=CLASSES,
            threshold=THRESHOLD,
            labels=labels,
            baseline=Baseline("b", statistics, suggest(statistics)),
        )


def images_chosen(folder: Path) -> None:
    """The images of embeddings and of labelling, chosen in one pass each."""
    for limit, rank in ((SAMPLE, lambda c: chance_of(c.event_id)), (IMAGES_MAX, _unsure)):
        with tempfile.TemporaryDirectory() as place:
            keeper = ImageKeeper(Path(place), limit)
            for capture in stream_folder(folder):
                keeper.offer(rank(capture), capture.input)


def _unsure(capture: Capture) -> float:
    return capture.confidence or 0.0


def measured(work: Callable[[Path], None], folder: Path) -> dict[str, float]:
    """Run in a process of its own, whose peak is its own."""
    parent, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_measure, args=(work, folder, child)
    )
    process.start()
    found: dict[str, float] = parent.recv()
    process.join()
    return found


def _measure(work: Callable[[Path], None], folder: Path, answer: object) -> None:
    def peak() -> float:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    before, started, cpu = peak(), time.perf_counter(), time.process_time()
    work(folder)
    answer.send(  # type: ignore[attr-defined]
        {
            "seconds": round(time.perf_counter() - started, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "peak_mib": round(peak()),
            "mib_before": round(before),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--side", type=int, default=32)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scones-records-") as name:
        folder = Path(name)
        size = write(folder, arguments.records, arguments.side)
        works = (streamed, baseline, report, images_chosen, into_memory)
        found = {work.__name__: measured(work, folder) for work in works}
    head = {"records": arguments.records, "side": arguments.side, "bytes": size}
    print(json.dumps(head | found, indent=2))


if __name__ == "__main__":
    main()
