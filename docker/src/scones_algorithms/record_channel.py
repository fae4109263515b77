"""The records of a channel in RecordIO form, from its files or its pipe."""

from collections.abc import Iterator
from pathlib import Path

from scones_algorithms.container import Channel
from scones_algorithms.errors import CustomerError
from scones_algorithms.recordio import read_records


def records_of(channel: Channel) -> Iterator[tuple[str, bytes]]:
    """Yield each record with what to call it, such as "train.rec record 3".

    Raises:
        CustomerError: the channel holds no .rec file.
        ValueError: a file is not RecordIO, or it is cut off.
    """
    for path in _sources(channel):
        with path.open("rb") as file:
            for number, record in enumerate(read_records(file)):
                yield f"{path.name} record {number}", record


def _sources(channel: Channel) -> list[Path]:
    if channel.input_mode == "Pipe":
        return [channel.pipe(0)]
    found = sorted(channel.directory.rglob("*.rec"))
    if not found:
        raise CustomerError(
            f"channel {channel.name} holds no .rec file: give its S3 key, or another ContentType"
        )
    return found
