"""A dataset's records as rows of named values, in the forms that DatasetFormat has.

    csv, with a header or without        names, or _c0, _c1, ...
    json, a document a line or a list    the document's own names, nested ones with dots
    sagemakerCaptureJson                 what endpoints capture

Of a capture that is a row of a table the answer's columns come first, then the request's, as AWS's
analyzer has it. Any other capture, such as a picture, becomes the features of `scones monitor`;
so does every capture where SCONES_CLASSES names the classes.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scones.errors import ConfigError, DataError
from scones.monitor.analyzer.job import Job
from scones.monitor.capture import Capture
from scones.monitor.features import Features, Value, cell, features, flat
from scones.monitor.reading import CaptureStream, stream_folder

_TABLES = ("text/csv", "application/json", "application/jsonlines")
_COLUMNS_MAX = 1_000


def rows(job: Job) -> Iterator[Features]:
    """Yield a job's records, the columns left out that are excluded.

    Raises:
        ConfigError: The dataset's format is none that there is.
        DataError: A record is not what the format says.
    """
    for row in _rows(job):
        yield {
            name: value
            for number, (name, value) in enumerate(row.items())
            if name not in job.excluded and str(number) not in job.excluded
        }


def _rows(job: Job) -> Iterator[Features]:
    if job.on_captures:
        captures = captures_of(job)
        yield from (_captured(capture, job) for capture in captures)
        report_broken(captures)
        return
    known = {"csv": _csv, "json": _json}
    [(name, options)] = job.dataset_format.items() or [("", {})]
    if name not in known:
        raise ConfigError(
            f"dataset_format {name!r} is not supported by this analyzer: use csv, json or "
            "sagemakerCaptureJson"
        )
    for path in sorted(path for path in job.source.rglob("*") if path.is_file()):
        try:
            yield from known[name](path, options or {})
        except (ValueError, csv.Error) as error:
            raise DataError(f"{path.name} cannot be read as {name}: {error}") from error


def captures_of(job: Job) -> CaptureStream:
    """Return the captures of a job's window."""
    return stream_folder(job.source, since=job.begin, until=job.end)


def report_broken(captures: CaptureStream) -> None:
    """Say in the log which lines were no captures."""
    if captures.broken_count:
        first = captures.broken[0]
        print(f"{captures.broken_count} broken lines, the first {first.where}: {first.reason}")


def _csv(path: Path, options: dict[str, Any]) -> Iterator[Features]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])] if _is_on(options, "header") else None
        for fields in reader:
            if not fields:
                continue
            if header is not None and len(fields) != len(header):
                raise ValueError(
                    f"line {reader.line_num} has {len(fields)} fields, the header {len(header)}"
                )
            names = header or [f"_c{number}" for number in range(len(fields))]
            yield dict(zip(names, map(cell, fields), strict=True))


def _json(path: Path, options: dict[str, Any]) -> Iterator[Features]:
    with path.open(encoding="utf-8") as file:
        if _is_on(options, "lines") or _is_on(options, "line"):
            documents: Any = (json.loads(line) for line in file if line.strip())
        else:
            whole = json.load(file)
            documents = whole if isinstance(whole, list) else [whole]
        for document in documents:
            yield dict(flat(document, ""))


def _is_on(options: dict[str, Any], name: str) -> bool:
    return str(options.get(name, False)).lower() == "true"


def _captured(capture: Capture, job: Job) -> Features:
    row = None if job.classes else table_row(capture)
    if row is not None:
        return row
    found = capture.probabilities or ()
    classes = job.classes or tuple(str(number) for number in range(len(found)))
    row = features(capture, classes, job.threshold or 0.0)
    if job.threshold is None:
        row.pop("passed", None)
    return row


def table_row(capture: Capture) -> Features | None:
    """Return answer and request as columns; None for a request that is no row of a table."""
    kind = (capture.content_type or "").partition(";")[0].strip().lower()
    if capture.input is not None and kind not in _TABLES:
        return None
    try:
        cells = [
            *output_cells(capture.output or b""),
            *_cells(capture.input or b"", is_csv=kind == "text/csv"),
        ]
    except (ValueError, RecursionError, csv.Error):
        return None
    row: Features = {}
    for number, (name, value) in enumerate(cells[:_COLUMNS_MAX]):
        own = not name.startswith("_c") and name not in row
        row[name if own else f"_c{number}"] = value
    return row


def output_cells(body: bytes) -> list[tuple[str, Value]]:
    """Return an answer's values, each with its name, or `_c` and a number where it has none.

    Raises:
        ValueError: It is neither JSON nor CSV.
    """
    try:
        return _cells(body, is_csv=False)
    except ValueError:
        return _cells(body, is_csv=True)


def _cells(body: bytes, *, is_csv: bool) -> list[tuple[str, Value]]:
    text = body.decode().strip()
    if not text:
        return []
    if is_csv:
        fields = next(csv.reader([text.splitlines()[0]]), [])
        return [(f"_c{number}", cell(field)) for number, field in enumerate(fields)]
    return list(flat(json.loads(text), ""))
