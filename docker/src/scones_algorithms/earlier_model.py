"""An earlier job's model in channel `model`: its archive unpacked safely, its arrays loaded."""

import contextlib
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scones_algorithms.container import MODEL_CHANNEL, Channel
from scones_algorithms.errors import CustomerError


@contextlib.contextmanager
def unpacked(channel: Channel) -> Iterator[Path]:
    """Give the folder with a model's files, from its model.tar.gz or from the channel itself.

    Nothing in an archive is written outside the folder, and no link or device is made: it comes
    from S3, where others may write.

    Raises:
        CustomerError: there are several archives, or one cannot be unpacked.
    """
    archives = sorted(channel.directory.rglob("*.tar.gz"))
    if not archives:
        yield channel.directory
        return
    if len(archives) > 1:
        raise CustomerError(
            f"channel {MODEL_CHANNEL} holds {len(archives)} archives: give one S3 key"
        )
    with tempfile.TemporaryDirectory(prefix="scones-model-") as folder:
        try:
            with tarfile.open(archives[0]) as archive:
                archive.extractall(folder, filter="data")
        except (tarfile.TarError, OSError, EOFError) as error:
            raise CustomerError(f"{archives[0].name} cannot be unpacked: {error}") from None
        yield Path(folder)


def load_arrays(path: Path) -> dict[str, Any]:
    """Load a file of arrays by name.

    Raises:
        CustomerError: it is not one.
    """
    import mxnet as mx

    try:
        return dict(mx.nd.load(str(path)))
    except mx.base.MXNetError as error:
        reason = str(error).strip().splitlines()[-1]
        raise CustomerError(f"{path.name} cannot be loaded: {reason}") from None
