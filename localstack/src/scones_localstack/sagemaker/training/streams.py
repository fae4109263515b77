"""What flows through a channel in Pipe mode: its objects, one after the other.

Source: "Channel" and "Augmented manifest files" in the SageMaker documentation. All of this blocks.
"""

import gzip
import json
import random
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from scones_localstack.sagemaker.jobs.inputs import DownloadError, listed
from scones_localstack.sagemaker.objects import (
    Objects,
    S3Uri,
    StorageError,
    parse_uri,
    patiently,
)
from scones_localstack.sagemaker.recordio import framed

AUGMENTED = "AugmentedManifestFile"
_REFERENCE = "-ref"
_CHUNK_BYTES = 256 * 1024


class ChannelStream:
    """One channel, to be streamed once for each epoch."""

    def __init__(self, objects: Objects, channel: dict[str, Any]) -> None:
        """List what there is to stream.

        Args:
            objects: S3 in the job's region.
            channel: an entry of InputDataConfig.

        Raises:
            DownloadError: there is nothing, or it cannot be listed.
        """
        self._objects = objects
        self._source: dict[str, Any] = channel["DataSource"]["S3DataSource"]
        self._seed = channel.get("ShuffleConfig", {}).get("Seed")
        self._wrapped = channel.get("RecordWrapperType", "None") == "RecordIO"
        self._compressed = channel.get("CompressionType", "None") == "Gzip"
        self._entries: list[S3Uri | str] = self._listed()

    def epoch(self, number: int) -> Iterator[bytes]:
        """Yield one epoch's bytes, in parts.

        Raises:
            DownloadError: an object cannot be had.
        """
        entries = list(self._entries)
        if self._seed is not None:
            random.Random(f"{self._seed}/{number}").shuffle(entries)  # noqa: S311 - no secret
        try:
            for entry in entries:
                if isinstance(entry, S3Uri):
                    yield from self._object(entry)
                else:
                    yield from self._line(entry)
        except (StorageError, OSError, EOFError) as error:
            raise DownloadError(str(error)) from error

    def _listed(self) -> list[S3Uri | str]:
        if self._source["S3DataType"] != AUGMENTED:
            return [uri for uri, _ in listed(self._objects, self._source)]
        uri = parse_uri(self._source["S3Uri"])
        try:
            text = patiently(lambda: self._objects.read(uri)).decode()
        except (StorageError, UnicodeDecodeError) as error:
            raise DownloadError(f"the augmented manifest {uri}: {error}") from error
        return [line for line in text.splitlines() if line.strip()]

    def _object(self, uri: S3Uri) -> Iterator[bytes]:
        """Yield an object's content; as one record if that is asked for."""
        body = patiently(lambda: self._objects.open(uri))
        with closing(body):
            file = gzip.GzipFile(fileobj=body) if self._compressed else body
            if self._wrapped:
                yield framed(file.read())
                return
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _line(self, line: str) -> Iterator[bytes]:
        """Yield the attributes that AttributeNames asks of a line of an augmented manifest."""
        try:
            document = json.loads(line)
            for name in self._source.get("AttributeNames", ()):
                if name.endswith(_REFERENCE):
                    yield from self._object(parse_uri(document[name]))
                else:
                    content = _text(document[name]).encode()
                    yield framed(content) if self._wrapped else content
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DownloadError(
                f"the augmented manifest {self._source['S3Uri']}: no attribute {error} in {line}"
            ) from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
