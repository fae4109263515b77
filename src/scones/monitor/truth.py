"""Ground truth: the true class of inferences, in the form in which Model Monitor merges it.

    {"groundTruthData": {"data": "1", "encoding": "CSV"},
     "eventMetadata": {"eventId": "aaaa-bbbb-cccc"}, "eventVersion": "0"}

One JSON document a line, in `*.jsonl` files. `eventId` is the inference id that the caller gave
or, where it gave none, the event id of the capture. `data` is a class's index or its name.
Source: SageMaker's guide, "Ingest ground truth labels and merge them with predictions".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError, UsageError
from scones.monitor.capture import BrokenLine
from scones.monitor.listing import BEGINNING, END, keys_between, places_of
from scones.monitor.payload import content
from scones.monitor.reading import BROKEN_KEPT, LINE_MAX_BYTES, lines_of

_CHUNK_BYTES = 1 << 20


@dataclass(slots=True)
class GroundTruth:
    """True classes.

    Attributes:
        source: Where they were read.
        labels: Class index by inference id or event id; of one given twice, the later file's.
        broken_count: Lines that are not a label of a known class.
        broken: The first of them.
    """

    source: str
    labels: dict[str, int] = field(default_factory=dict)
    broken_count: int = 0
    broken: list[BrokenLine] = field(default_factory=list)

    def add(self, name: str, chunks: Iterable[bytes], classes: Sequence[str]) -> None:
        """Read one file."""
        for number, line in enumerate(lines_of(chunks), start=1):
            if line is not None and not line.strip():
                continue
            try:
                if line is None:
                    raise ValueError(f"longer than {LINE_MAX_BYTES:,} bytes")
                event_id, label = parse_label(line, classes)
                self.labels[event_id] = label
            except ValueError as error:
                self.broken_count += 1
                if len(self.broken) < BROKEN_KEPT:
                    self.broken.append(BrokenLine(f"{name}:{number}", str(error)))


def read_truth(source: str | Path, classes: Sequence[str], s3_client: Any = None) -> GroundTruth:
    """Read the labels in a folder or below an S3 prefix.

    Args:
        source: A folder, or `s3://BUCKET/PREFIX`.
        classes: Class names in index order.
        s3_client: boto3 S3 client, if the source is in S3.

    Raises:
        UsageError: The source is neither.
        DataError: It cannot be read, or holds no label.
    """
    truth = GroundTruth(str(source))
    try:
        if str(source).startswith("s3://"):
            bucket, prefixes = places_of(str(source))
            for key in keys_between(s3_client, bucket, prefixes, BEGINNING, END):
                body = s3_client.get_object(Bucket=bucket, Key=key)["Body"]
                truth.add(key, body.iter_chunks(_CHUNK_BYTES), classes)
        else:
            _read_folder(truth, Path(source), classes)
    except (ClientError, BotoCoreError, OSError) as error:
        raise DataError(f"cannot read ground truth from {source}: {error}") from error
    if not truth.labels:
        first = f" (the first, {truth.broken[0].where}: {truth.broken[0].reason})"
        raise DataError(
            f"no ground truth in {source}: {truth.broken_count} lines could not be read"
            f"{first if truth.broken else ''}; it is JSON Lines (*.jsonl) with groundTruthData"
        )
    return truth


def _read_folder(truth: GroundTruth, folder: Path, classes: Sequence[str]) -> None:
    if not folder.is_dir():
        raise UsageError(f"{folder} is neither a folder nor an S3 URI; give one that holds *.jsonl")
    for file in sorted(folder.rglob("*.jsonl")):
        truth.add(str(file.relative_to(folder)), [file.read_bytes()], classes)


def parse_truth(line: bytes) -> tuple[str, str]:
    """Read one line, whatever it is that is true.

    Returns:
        The id that it belongs to, and the label as it is written.

    Raises:
        ValueError: It is not laid out as ground truth is; the message says why.
    """
    try:
        document = json.loads(line)
        data = document["groundTruthData"]
        event_id = str(document["eventMetadata"]["eventId"])
        body = content(data) if isinstance(data, Mapping) else None
    except KeyError as error:
        raise ValueError(f"no {error.args[0]}") from error
    except (TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not laid out as ground truth is") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error.msg} at character {error.pos})") from error
    if body is None:
        raise ValueError("no data")
    return event_id, body.decode(errors="replace").strip().strip('"')


def parse_label(line: bytes, classes: Sequence[str]) -> tuple[str, int]:
    """Read one line.

    Returns:
        The id that it belongs to, and the class's index.

    Raises:
        ValueError: It is not a label of a known class; the message says why.
    """
    event_id, text = parse_truth(line)
    if text in classes:
        return event_id, classes.index(text)
    try:
        label = float(text)
    except ValueError:
        label = -1.0
    if label not in range(len(classes)):
        raise ValueError(f"{text[:80]!r} is none of the classes {', '.join(classes)}")
    return event_id, int(label)
