"""GluonCV's published weights: what a training of ours may begin with.

    <repository>gluon/models/<name>-<first 8 of SHA-1>.zip ──▶ resumed download ──▶ the one .params
        file in it ──▶ SHA-1 ──▶ rename to its final name ──▶ S3, a channel of the job

Detectors were trained on COCO, ResNets on ImageNet, those of 20, 56 and 110 layers on CIFAR-10.
Source: gluoncv/model_zoo/model_store.py, which has the names and the SHA-1 of the .params files.
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scones.errors import DataError, UsageError
from scones.etl.archive import Kind, download
from scones.etl.mirror import item, mirror
from scones.etl.partial import PartialFile
from scones.progress import SILENT, Reporter

REPOSITORY_ENV: Final = "MXNET_GLUON_REPO"  # GluonCV's own name for it
REPOSITORY: Final = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"
ZIP: Final = Kind(".zip", b"PK\x03\x04", "if you have the file, name it with --weights FILE")
MOST_BYTES: Final = 1 << 29  # of weights; VGG-16's have 137 MB


@dataclass(frozen=True, slots=True)
class Published:
    """One network.

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


CHANNEL: Final = "pretrained"
SMALL_SIDE: Final = 96  # pixels; smaller images have a base network of our own

DETECTORS: Final[Mapping[str, Published]] = {
    "mobilenet": Published("ssd_512_mobilenet1.0_coco", "da9756faa5b9b4e34dedcf83ee0733d5895796ad"),
    "resnet-50": Published("ssd_512_resnet50_v1_coco", "c48351620d4f0cbc49e4f7a84c8e67ef8fdc6e09"),
    "vgg-16": Published("ssd_300_vgg16_atrous_coco", "b302ad8a8660345c368448141d8acf30b5a3801d"),
}

CLASSIFIERS: Final[Mapping[int, Published]] = {
    18: Published("resnet18_v1", "a0666292f0a30ff61f857b0b66efc0228eb6a54b"),
    20: Published("cifar_resnet20_v1", "121e1579d811b091940b3b1fa033e1f0d1dca40f"),
    34: Published("resnet34_v1", "48216ba99a8b1005d75c0f3a0c422301a0473233"),
    50: Published("resnet50_v1", "cc729d95031ca98cf2ff362eb57dee4d9994e4b2"),
    56: Published("cifar_resnet56_v1", "2fb251e60babdceb103e9659b3baa0dea20a14d7"),
    101: Published("resnet101_v1", "d988c13d6159779e907140a638c56f229634cb02"),
    110: Published("cifar_resnet110_v1", "a0e1f860475bf5369f6da07e0c2e03a4ae9cff9c"),
    152: Published("resnet152_v1", "acfd09703b113143af9c33898bad8b6154fd6fb0"),
}
DEFAULT_DEPTH: Final = 18  # of the recipe `modern`
BUILT_IN_DEPTH: Final = 152


def published_classifier(hyperparameters: Mapping[str, object]) -> Published | None:
    """Choose the ResNet that fits a job of image classification.

    Returns:
        None where the job does not ask for one, or not for one that there could be: its base
        network, if it wants one, is in the image.

    Raises:
        UsageError: It asks for one that nobody has published.
    """
    if str(hyperparameters.get("use_pretrained_model", 0)).lower() not in ("1", "true"):
        return None
    depth, network = hyperparameters.get("num_layers"), hyperparameters.get("network")
    sides = str(hyperparameters.get("image_shape", "3,224,224")).split(",")[1:]
    small = any(side.strip().isdecimal() and int(side) < SMALL_SIDE for side in sides)
    if depth is None and (network in ("wide", "small") or (network is None and small)):
        return None
    if depth is not None and not str(depth).isdecimal():
        return None  # the job itself says what is wrong with it
    builtin = hyperparameters.get("recipe") == "builtin"
    layers = int(str(depth)) if depth else BUILT_IN_DEPTH if builtin else DEFAULT_DEPTH
    if layers not in CLASSIFIERS:
        raise UsageError(
            f"there are no published weights for num_layers={layers}: take one of "
            f"{', '.join(map(str, CLASSIFIERS))}, or use_pretrained_model = 0"
        )
    found = CLASSIFIERS[layers]
    if small and not found.name.startswith("cifar"):
        raise UsageError(
            f"the published weights for num_layers={layers} are for images of {SMALL_SIDE} pixels "
            'and more: set image_shape = "3,224,224", take 20, 56 or 110 layers, or '
            "use_pretrained_model = 0"
        )
    return found


def published_detector(hyperparameters: Mapping[str, object]) -> Published:
    """Choose the detector that fits a job's network.

    Raises:
        UsageError: There is none for it.
    """
    network = str(hyperparameters.get("base_network") or hyperparameters.get("network") or "wide")
    if network not in DETECTORS:
        raise UsageError(
            f'there are no published weights for network={network}: set network = "mobilenet" or '
            "base_network in [detector.hyperparameters]"
        )
    return DETECTORS[network]


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


def upload_weights(
    s3_client: Any, weights: Path, bucket: str, place: str, *, reporter: Reporter = SILENT
) -> dict[str, str]:
    """Upload weights to begin with.

    Args:
        s3_client: boto3 S3 client.
        weights: A .params file.
        bucket: Bucket name.
        place: Prefix, which then holds nothing else.
        reporter: Receives progress in objects.

    Returns:
        The S3 URI of their channel.

    Raises:
        DataError: S3 refused, or does not answer.
    """
    prefix = f"{place}{CHANNEL}/"
    objects = [item(prefix + weights.name, weights)]
    mirror(s3_client, bucket, objects, [], [prefix], reporter=reporter)
    return {CHANNEL: f"s3://{bucket}/{prefix}"}
