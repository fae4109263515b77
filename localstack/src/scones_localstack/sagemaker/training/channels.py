"""The input channels of a job: downloaded into its hosts' folders, or piped while it trains.

`FastFile` mode is `File` mode here: the data is copied before the start, and what a program sees is
the same.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.contract import ContainerRoot
from scones_localstack.sagemaker.jobs.inputs import fetch, listed
from scones_localstack.sagemaker.objects import Objects
from scones_localstack.sagemaker.training.pipes import PipedChannel
from scones_localstack.sagemaker.training.streams import ChannelStream

PIPE_MODE = "Pipe"


class InputChannels:
    """All channels of a job."""

    def __init__(
        self, objects: Objects, job: Mapping[str, Any], roots: Sequence[ContainerRoot]
    ) -> None:
        """Prepare; nothing moves yet.

        Args:
            objects: S3 in the job's region.
            job: its description.
            roots: of its hosts.
        """
        self._objects = objects
        self._channels: Sequence[dict[str, Any]] = job.get("InputDataConfig", ())
        self._default_mode: str = job["AlgorithmSpecification"]["TrainingInputMode"]
        self._roots = roots
        self._pipes: list[PipedChannel] = []

    def bring(self, cancelled: threading.Event) -> None:
        """Download what is a file, and make the first pipe of what is not. Blocks.

        Raises:
            DownloadError: the data is not there, cannot be fetched or does not fit on the disk.
            DownloadCancelled: `cancelled` was set.
        """
        for channel in self._channels:
            name = channel["ChannelName"]
            folders = [root.channel(name) for root in self._roots]
            if channel.get("InputMode", self._default_mode) == PIPE_MODE:
                stream = ChannelStream(self._objects, channel)
                self._pipes += [PipedChannel(path.parent, name, stream.epoch) for path in folders]
            else:
                download(self._objects, channel, folders, cancelled)

    def start(self) -> None:
        """Fill the pipes as they are opened."""
        for pipe in self._pipes:
            pipe.start()

    def close(self) -> str:
        """End the pipes; return why one was cut off, if any was. Blocks."""
        for pipe in self._pipes:
            pipe.close()
        return next((pipe.error for pipe in self._pipes if pipe.error), "")


def download(
    objects: Objects,
    channel: dict[str, Any],
    folders: Sequence[Path],
    cancelled: threading.Event,
) -> int:
    """Download one channel; blocks.

    Each host gets everything, or with ShardedByS3Key every nth object in the order of their keys.

    Args:
        objects: S3 in the job's region.
        channel: an entry of InputDataConfig.
        folders: of the job's hosts, where the files go.
        cancelled: set it to give up.

    Returns:
        How many files there are.

    Raises:
        DownloadError: the data is not there, cannot be fetched or does not fit on the disk.
        DownloadCancelled: `cancelled` was set.
    """
    source = channel["DataSource"]["S3DataSource"]
    files = listed(objects, source)
    sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
    for number, folder in enumerate(folders):
        share = files[number :: len(folders)] if sharded else files
        fetch(objects, [(uri, folder / path) for uri, path in share], folder, cancelled)
    return len(files)
