"""The stages of a push in order: find, make the repository, log in, push, scan, write down."""

from collections.abc import Mapping
from dataclasses import dataclass

from scones.aws import Aws
from scones.errors import ImageError
from scones.images.engine import LocalImage, running_engine
from scones.images.record import write_uri
from scones.images.repository import (
    Repository,
    digest_of,
    ensure_repository,
    login,
    repository_name,
)
from scones.images.scanning import Scan, wait_for_scan
from scones.progress import SILENT, Reporter


@dataclass(frozen=True, slots=True)
class PushedImage:
    """An image in ECR.

    Attributes:
        repository: Its repository.
        tag: Stands for its content.
        uri: What jobs and endpoints are told; ends in the digest.
        pushed: Whether it was pushed just now; False where it was there.
        scan: What ECR found in it.
    """

    repository: str
    tag: str
    uri: str
    pushed: bool
    scan: Scan


def push(
    aws: Aws,
    project: str,
    name: str,
    tags: Mapping[str, str],
    *,
    kms_key_arn: str = "",
    reporter: Reporter = SILENT,
) -> PushedImage:
    """Bring an image of this machine to ECR; one that is there is not pushed again.

    Args:
        aws: The session.
        project: Whose image it becomes.
        name: Of the image here, such as scones/image-classification:latest.
        tags: Of all that is made.
        kms_key_arn: Encrypts a new repository; ECR's own key where it is empty.
        reporter: Told each stage and the progress.

    Raises:
        ImageError: There is no Docker, no such image, or ECR refuses.
    """
    ecr = aws.client("ecr")
    with running_engine() as engine:
        image = engine.find(name)
        repository = ensure_repository(
            ecr, repository_name(project, name), tags, kms_key_arn=kms_key_arn, reporter=reporter
        )
        digest = digest_of(ecr, repository, image.tag)
        pushed = digest is None
        if pushed:
            reporter.note(f"pushing {name} as {repository.uri}:{image.tag}")
            engine.push(image, repository.uri, login(ecr), reporter=reporter)
            digest = digest_of(ecr, repository, image.tag)
        else:
            reporter.note(f"{repository.name}:{image.tag} is there already")
    if digest is None:
        raise _lost(repository, image)
    uri = f"{repository.uri}@{digest}"
    write_uri(aws.client("ssm"), repository.name, uri, tags)
    scan = wait_for_scan(ecr, repository, digest, reporter=reporter)
    return PushedImage(repository.name, image.tag, uri, pushed, scan)


def _lost(repository: Repository, image: LocalImage) -> ImageError:
    return ImageError(
        f"{repository.uri}:{image.tag} was pushed, and ECR does not know it: run the same command"
    )
