"""One input channel: from S3 into the folder that the algorithm reads. `File` mode alone."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.jobs.inputs import fetch, listed
from scones_localstack.sagemaker.objects import Objects


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
