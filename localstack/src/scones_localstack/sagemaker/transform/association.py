"""DataProcessing: what of a record goes to the model, and what of both comes out.

    record ─InputFilter─▶ model ─▶ answer ─JoinSource─▶ joined ─OutputFilter─▶ output

Source: "Associate Prediction Results with Input Records" in the SageMaker developer guide.
"""

import csv
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.transform.jsonpath import ROOT, PathError, select

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
FORMATS = (CSV, JSON, JSON_LINES)
INPUT_KEY = "SageMakerInput"
OUTPUT_KEY = "SageMakerOutput"
ID_KEY = "SageMakerInferenceId"
TIME_KEY = "SageMakerInferenceTime"


class AssociationError(Exception):
    """A record, or the model's answer to it, cannot be filtered or joined."""


@dataclass(frozen=True)
class Association:
    """A job's DataProcessing.

    Attributes:
        content_type, accept: media types of input and output.
        input_filter, output_filter: JSONPaths; `$` for all.
        join: whether the record is joined with the answer.
        stamp: the time that goes with an inference id into each output; empty for no ids.
    """

    content_type: str = ""
    accept: str = ""
    input_filter: str = ROOT
    output_filter: str = ROOT
    join: bool = False
    stamp: str = ""

    @property
    def filters_input(self) -> bool:
        """Whether the model gets something else than the records."""
        return self.input_filter != ROOT

    @property
    def changes_output(self) -> bool:
        """Whether something else comes out than what the model answers."""
        return self.join or self.output_filter != ROOT or bool(self.stamp)

    def asked(self, record: bytes) -> bytes:
        """Return what of a record goes to the model.

        Raises:
            AssociationError: the record is not what ContentType says, or lacks such a part.
        """
        if not self.filters_input:
            return record
        media_type = media_type_of(self.content_type)
        return _encoded(_selected(self.input_filter, _decoded(record, media_type)), media_type)

    def outputs(self, records: Sequence[bytes], answer: bytes) -> list[bytes]:
        """Return what comes out for the records of one request.

        Raises:
            AssociationError: the answer does not fit the records.
        """
        if not self.changes_output:
            return [answer]
        answers = [answer] if len(records) == 1 else _lines(answer)
        if len(answers) != len(records):
            raise AssociationError(
                f"the model answered {len(records)} records with {len(answers)} lines: answer one "
                "line for each, or use the BatchStrategy SingleRecord"
            )
        return [self._output(*pair) for pair in zip(records, answers, strict=True)]

    def _output(self, record: bytes, answer: bytes) -> bytes:
        media_type = media_type_of(self.accept)
        value = _decoded(answer, media_type)
        if self.join:
            value = _joined(_decoded(record, media_type_of(self.content_type)), value, media_type)
        value = _selected(self.output_filter, value)
        return _encoded(_stamped(value, media_type, self.stamp), media_type)


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.split(b"\n") if line.strip()]


def _selected(path: str, value: Any) -> Any:
    try:
        return select(path, value)
    except PathError as error:
        raise AssociationError(f"{path}: {error}") from error


def _decoded(content: bytes, media_type: str) -> Any:
    try:
        text = content.decode()
        if media_type == CSV:
            rows = list(csv.reader(io.StringIO(text.strip("\r\n")), strict=True))
            if len(rows) != 1:
                raise AssociationError(f"a CSV record is one row, and these are {len(rows)}")
            return rows[0]
        return json.loads(text)
    except (ValueError, csv.Error) as error:
        raise AssociationError(f"it is not {media_type}: {error}") from error


def _encoded(value: Any, media_type: str) -> bytes:
    if media_type != CSV:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(_row(value))
    return text.getvalue().encode()


def _row(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _joined(record: Any, answer: Any, media_type: str) -> Any:
    if media_type == CSV:
        return [*record, *answer]
    if isinstance(record, dict):
        return {**record, OUTPUT_KEY: answer}
    return {INPUT_KEY: record, OUTPUT_KEY: answer}


def _stamped(value: Any, media_type: str, stamp: str) -> Any:
    if not stamp:
        return value
    identifier = str(uuid.uuid4())
    if media_type == CSV:
        return [*_row(value), identifier, stamp]
    value = value if isinstance(value, dict) else {OUTPUT_KEY: value}
    return {**value, ID_KEY: identifier, TIME_KEY: stamp}
