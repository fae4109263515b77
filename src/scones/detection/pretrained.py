"""GluonCV's published detectors, trained on COCO: what a training of ours may begin with.

    <repository>gluon/models/<name>-<first 8 of SHA-1>.zip ──▶ resumed download ──▶ the one .params
        file in it ──▶ SHA-1 ──▶ rename to its final name

Source: gluoncv/model_zoo/model_store.py, which has the names and the SHA-1 of the .params files.
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scones.errors import DataError, UsageError
from scones.etl.archive import Kind, download
from scones.etl.partial import PartialFile
from scones.progress import SILENT, Reporter

REPOSITORY_ENV: Final = "MXNET_GLUON_REPO"  # GluonCV's own name for it
REPOSITORY: Final = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"
ZIP: Final = Kind(".zip", b"PK\x03\x04", "if you have the file, name it with --weights FILE")
MOST_BYTES: Final = 1 << 29  # of weights; VGG-16's have 137 MB


@dataclass(frozen=True, slots=True)
class Published:
    """One detector.

    Attributes:
        name: GluonCV's.
        sha1: Of its .params file.
    """

    name: str
    sha1: str

    @property
    def file_name(self) -> str:
        """Without a suffix."""
        return f"{self.name}-{self.sha1[:8]}"


PUBLISHED: Final[Mapping[str, Published]] = {
    "mobilenet": Published("ssd_512_mobilenet1.0_coco", "da9756faa5b9b4e34dedcf83ee0733d5895796ad"),
    "resnet-50": Published("ssd_512_resnet50_v1_coco", "c48351620d4f0cbc49e4f7a84c8e67ef8fdc6e09"),
    "vgg-16": Published("ssd_300_vgg16_atrous_coco", "b302ad8a8660345c368448141d8acf30b5a3801d"),
}


def published(hyperparameters: Mapping[str, object]) -> Published:
    """Choose the detector that fits a job's network.

    Raises:
        UsageError: There is none for it.
    """
    network = str(hyperparameters.get("base_network") or hyperparameters.get("network") or "wide")
    if network not in PUBLISHED:
        raise UsageError(
            f'there are no published weights for network={network}: set network = "mobilenet" or '
            "base_network in [detector.hyperparameters]"
        )
    return PUBLISHED[network]


def fetch(
    directory: Path,
    wanted: Published,
    *,
    repository: str | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Download published weights unless they are there already.

    Args:
        directory: Where to put them; made if it is not there.
        wanted: Which.
        repository: Base URL; by default MXNET_GLUON_REPO, else GluonCV's own.
        reporter: Receives progress in bytes.

    Returns:
        The .params file, whose SHA-1 is the published one.

    Raises:
        UnreachableError: There is no network, or the server refuses.
        DataError: What came is not what was published, or there is no space for it.
    """
    final = directory / f"{wanted.file_name}.params"
    if final.is_file():
        return final
    base = (repository or os.environ.get(REPOSITORY_ENV) or REPOSITORY).rstrip("/")
    url = f"{base}/gluon/models/{wanted.file_name}.zip"
    packed = download(
        directory,
        url=url,
        kind=ZIP,
        check=lambda file: _check(file, wanted),
        reporter=reporter,
    )
    part = PartialFile(final, url)
    with (
        part.open(resumed=False, validator=None) as target,
        zipfile.ZipFile(packed) as archive,
        archive.open(_only_member(archive, wanted)) as source,
    ):
        shutil.copyfileobj(source, target)
    part.finish()
    packed.unlink()
    return final


def _check(file: Path, wanted: Published) -> None:
    """Compare the SHA-1 of the weights in an archive with the published one."""
    try:
        with zipfile.ZipFile(file) as archive, archive.open(_only_member(archive, wanted)) as found:
            digest = hashlib.sha1(usedforsecurity=False)
            while piece := found.read(1 << 20):
                digest.update(piece)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise DataError(f"{wanted.file_name}.zip is damaged ({error}); try again") from error
    if digest.hexdigest() != wanted.sha1:
        raise DataError(
            f"the weights of {wanted.name} have SHA-1 {digest.hexdigest()}, not {wanted.sha1}; try "
            f"again, or {ZIP.instead}"
        )


def _only_member(archive: zipfile.ZipFile, wanted: Published) -> zipfile.ZipInfo:
    """Find the weights; nothing else of the archive is read."""
    name = f"{wanted.file_name}.params"
    found = [one for one in archive.infolist() if one.filename == name]
    if len(found) != 1 or found[0].file_size > MOST_BYTES:
        raise DataError(f"{wanted.file_name}.zip does not hold {name}; {ZIP.instead}")
    return found[0]
