"""What the hosts of a job leave behind, as model.tar.gz and output.tar.gz in S3.

SageMaker puts the model folders of all hosts into one archive. Where several hosts have left a
file of the same name, the one of the first host is kept: algo-1's before algo-2's.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from scones_localstack.sagemaker import archives
from scones_localstack.sagemaker.contract import ContainerRoot
from scones_localstack.sagemaker.objects import Objects, S3Uri, patiently

_ARCHIVES: dict[str, Callable[[ContainerRoot], Path]] = {
    "model.tar.gz": lambda root: root.model,
    "output.tar.gz": lambda root: root.output_data,
}


def upload(objects: Objects, roots: Sequence[ContainerRoot], work: Path, target: S3Uri) -> None:
    """Pack what there is and upload it; blocks.

    Args:
        objects: S3 in the job's region.
        roots: of the hosts, the first host's first.
        work: the folder where the archives are made.
        target: where they go.

    Raises:
        StorageError: S3 does not take them.
    """
    for name, folder_of in _ARCHIVES.items():
        folders = [folder_of(root) for root in roots]
        filled = [folder for folder in folders if not archives.is_empty(folder)]
        if filled:
            archive = work / name
            archives.pack_all(filled, archive)
            _send(objects, archive, target.below(name))


def _send(objects: Objects, archive: Path, target: S3Uri) -> None:
    patiently(lambda: objects.upload(archive, target))
