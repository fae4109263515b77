"""model.tar.gz from S3 into the folder that the model server sees as /opt/ml.

The archive stays beside the folder, so that an endpoint can be started again while S3 is away or
has forgotten it. All of this blocks and is called in threads.
"""

import logging
from pathlib import Path

from scones_localstack.sagemaker.archives import ArchiveError, unpack
from scones_localstack.sagemaker.contract import ContainerRoot
from scones_localstack.sagemaker.objects import (
    BucketMissingError,
    ObjectMissingError,
    Objects,
    StorageError,
    StorageUnavailableError,
    parse_uri,
    patiently,
)

_PUT_BACK_SECONDS = 600.0
_log = logging.getLogger(__name__)


class ModelDataError(Exception):
    """The model cannot be put in place; the message is fit for a FailureReason."""


class ModelArtifact:
    """The model of one variant: in S3, as an archive on disk, and unpacked.

    Attributes:
        root: what the model server sees as /opt/ml.
    """

    def __init__(self, objects: Objects, url: str, folder: Path) -> None:
        self.root = ContainerRoot(folder / "ml")
        self._objects = objects
        self._url = url
        self._archive = folder / "model.tar.gz"
        self._done = folder / "installed"

    def install(self) -> None:
        """Put the model in place, if an earlier service has not done so already.

        Raises:
            ModelDataError: it is not there, or not an archive, or does not fit on the disk.
        """
        if self._done.exists():
            return
        self.root.create()
        try:
            if self._url:
                self._fetch()
                unpack(self._archive, self.root.model)
        except ArchiveError as error:
            raise ModelDataError(
                f'Failed to extract model data archive from URL "{self._url}". Please ensure that '
                f"the object located at the URL is a valid tar.gz archive. ({error})"
            ) from error
        except ObjectMissingError as error:
            raise ModelDataError(f"Could not find model data at {self._url}.") from error
        except (StorageError, OSError) as error:
            raise ModelDataError(
                f'Failed to download model data from URL "{self._url}": {error}'
            ) from error
        self._done.touch()

    def put_back(self) -> None:
        """Upload the archive if S3 has forgotten it; gives up quietly where it cannot."""
        if not self._url or not self._archive.exists():
            return
        uri = parse_uri(self._url)
        try:
            if not patiently(lambda: self._objects.exists(uri), _PUT_BACK_SECONDS):
                self._objects.upload(self._archive, uri)
                _log.info("put back %s, which S3 had forgotten", uri)
        except BucketMissingError:
            _log.warning("cannot put back %s: its bucket is not there", uri)
        except StorageUnavailableError:
            _log.warning("cannot put back %s: S3 does not answer", uri)
        except (StorageError, OSError) as error:
            _log.warning("cannot put back %s: %s", uri, error)

    def _fetch(self) -> None:
        if not self._archive.exists():
            uri = parse_uri(self._url)
            patiently(lambda: self._objects.download(uri, self._archive))
