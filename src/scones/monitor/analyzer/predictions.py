"""Predictions beside the truth: from a baseline dataset's columns, or captures and their labels."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scones.errors import ConfigError, DataError
from scones.monitor.analyzer.dataset import captures_of, output_cells, report_broken, rows
from scones.monitor.analyzer.job import Job
from scones.monitor.capture import Capture
from scones.monitor.features import Features, Value
from scones.monitor.reading import lines_of
from scones.monitor.truth import parse_truth

_CHUNK_BYTES = 1 << 20
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction and what is true.

    Attributes:
        actual: The label, or the value of a regression.
        predicted: The same; None where only a probability is known.
        probability: That of the positive class, where it is known.
    """

    actual: str
    predicted: str | None
    probability: float | None


def predictions(job: Job) -> list[Prediction]:
    """Return a job's predictions for which the truth is known.

    Raises:
        ConfigError: It is not said where prediction or label are.
        DataError: There are none, or a record lacks one.
    """
    found = list(_of_captures(job) if job.on_captures else _of_rows(job))
    if not found:
        raise DataError(
            "there is no capture with ground truth in the time that the job is to look at: "
            "the eventId of a label is the inference id, or the capture's eventId"
        )
    return found


def _of_rows(job: Job) -> Iterator[Prediction]:
    if "ground_truth" not in job.attributes:
        raise ConfigError("the variable ground_truth_attribute is missing: it names the label")
    if not {"inference", "probability"} & set(job.attributes):
        raise ConfigError(
            "neither inference_attribute nor probability_attribute is given: one names the column "
            "of the prediction"
        )
    for number, row in enumerate(rows(job), start=1):
        actual = _at(row, job.attributes["ground_truth"])
        if actual is None:
            raise DataError(f"record {number} has no {job.attributes['ground_truth']}")
        yield Prediction(_indexed(label(actual), job), *_answer(row, job))


def _of_captures(job: Job) -> Iterator[Prediction]:
    if job.ground_truth is None:
        raise ConfigError("the variable ground_truth_source is missing: it names the labels")
    truth = _labels(job.ground_truth)
    captures = captures_of(job)
    for capture in captures:
        actual = truth.get(capture.inference_id or capture.event_id)
        if actual is not None:
            yield Prediction(_indexed(actual, job), *_captured(capture, job))
    report_broken(captures)


def _labels(folder: Path) -> dict[str, str]:
    """Read labels by id; of one given twice the later file's."""
    labels, broken = {}, 0
    for path in sorted(folder.rglob("*.jsonl")):
        for line in lines_of([path.read_bytes()]):
            if line is not None and not line.strip():
                continue
            try:
                event_id, text = parse_truth(line or b"")
                labels[event_id] = text
            except ValueError:
                broken += 1
    if broken:
        print(f"{broken} lines of ground truth are no labels")
    return labels


def _captured(capture: Capture, job: Job) -> tuple[str | None, float | None]:
    """Return prediction and probability of an answer."""
    if {"inference", "probability"} & set(job.attributes):
        try:
            cells = output_cells(capture.output or b"")
        except (ValueError, csv.Error) as error:
            raise DataError(f"{capture.where}: the answer is neither JSON nor CSV") from error
        return _answer(dict(cells), job)
    if capture.probabilities is not None:
        predicted, found = str(capture.predicted), capture.probabilities
        return predicted, found[1] if len(found) == 2 else None
    try:
        [(_, value)] = output_cells(capture.output or b"")
    except (ValueError, csv.Error):
        raise DataError(
            f"{capture.where}: where the prediction is in the answer is not known: "
            "give inference_attribute or probability_attribute"
        ) from None
    if job.problem_type == "BinaryClassification" and isinstance(value, float):
        return None, value
    return label(value), None


def _answer(row: Features, job: Job) -> tuple[str | None, float | None]:
    inference = job.attributes.get("inference")
    probability = job.attributes.get("probability")
    predicted = _at(row, inference) if inference else None
    score = _at(row, probability) if probability else None
    if predicted is None and score is None:
        raise DataError(f"a record has no {inference or probability}: it has {', '.join(row)}")
    known = isinstance(score, int | float)
    return (
        None if predicted is None else _indexed(label(predicted), job),
        float(score) if known and score is not None else None,
    )


def _at(row: Features, attribute: str) -> Value:
    """Return the value that a name, a number or a JSONPath stands for."""
    if attribute in row:
        return row[attribute]
    if attribute.isdecimal():
        values = list(row.values())
        return values[int(attribute)] if int(attribute) < len(values) else None
    plain = _INDEX.sub(r"._c\1", attribute.removeprefix("$")).removeprefix(".")
    return row.get(plain)


def label(value: Value) -> str:
    """Return a label as text; 1.0 and 1 are the same."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _indexed(text: str, job: Job) -> str:
    """Return the index of a class for its name, and one spelling for each number."""
    if text in job.classes:
        return str(job.classes.index(text))
    try:
        return label(float(text))
    except ValueError:
        return text
