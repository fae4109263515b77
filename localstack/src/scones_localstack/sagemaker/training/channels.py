"""One input channel: from S3 into the folder that the algorithm reads. `File` mode alone."""

import threading
from pathlib import Path
from typing import Any

from scones_localstack.sagemaker.jobs.inputs import fetch, listed
from scones_localstack.sagemaker.objects import Objects


def download(
    objects: Objects, channel: dict[str, Any], folder: Path, cancelled: threading.Event
) -> int:
    """Download one channel; blocks.

    Args:
        objects: S3 in the job's region.
        channel: an entry of InputDataConfig.
        folder: where the files go.
        cancelled: set it to give up.

    Returns:
        How many files there are.

    Raises:
        DownloadError: the data is not there, cannot be fetched or does not fit on the disk.
        DownloadCancelled: `cancelled` was set.
    """
    wanted = listed(objects, channel["DataSource"]["S3DataSource"])
    fetch(objects, [(uri, folder / path) for uri, path in wanted], folder, cancelled)
    return len(wanted)
