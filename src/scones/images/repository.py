"""ECR's side of a push: the repository as it is to be, its login, and what lies in it."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import DENIED_CODES
from scones.errors import ImageError
from scones.images.engine import Login
from scones.progress import SILENT, Reporter
from scones.tags import as_list

KEPT_IMAGES = 20
KEPT_UNTAGGED_DAYS = 7
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "What no tag names",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": KEPT_UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": "The oldest of many",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": KEPT_IMAGES,
            },
            "action": {"type": "expire"},
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository in ECR.

    Attributes:
        name: Such as scones-unlimited/image-classification.
        uri: The same with the registry's host before it.
    """

    name: str
    uri: str


def repository_name(project: str, image: str) -> str:
    """Return where a project keeps an image: its name in a folder of the project's."""
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return f"{project}/{last}"


@contextmanager
def asking_ecr(what: str) -> Iterator[None]:
    """Say in one line what ECR refused.

    Raises:
        ImageError: It did; the message says what is missing.
    """
    try:
        yield
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] in DENIED_CODES:
            raise ImageError(
                f"these credentials may not {what} ({details['Message']}): they need the actions "
                "that docs/17-aws.md lists at `scones image push`"
            ) from error
        raise ImageError(f"ECR refuses to {what}: {details['Message']}") from error


def ensure_repository(
    ecr: Any,
    name: str,
    tags: Mapping[str, str],
    *,
    kms_key_arn: str = "",
    reporter: Reporter = SILENT,
) -> Repository:
    """Make the repository unless it is there, and see that it is as it should be.

    Args:
        ecr: The client.
        name: The repository's.
        tags: Of a new one.
        kms_key_arn: Key of a new one; ECR's own where it is empty. Neither can be changed later.
        reporter: Told what was made or changed.

    Raises:
        ImageError: ECR refuses.
    """
    with asking_ecr(f"make the repository '{name}'"):
        found = describe_repository(ecr, name)
        if found is None:
            found = ecr.create_repository(
                repositoryName=name,
                imageTagMutability="IMMUTABLE",
                imageScanningConfiguration={"scanOnPush": True},
                encryptionConfiguration=_encryption(kms_key_arn),
                tags=as_list(tags),
            )["repository"]
            reporter.note(f"made the repository {name}")
        _settle(ecr, found, reporter)
    return Repository(name, found["repositoryUri"])


def describe_repository(ecr: Any, name: str) -> dict[str, Any] | None:
    """Return a repository as ECR describes it; None where there is none."""
    try:
        found = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    except ecr.exceptions.RepositoryNotFoundException:
        return None
    return dict(found[0])


def login(ecr: Any) -> Login:
    """Return what the registry takes for the caller, for twelve hours.

    Raises:
        ImageError: ECR refuses.
    """
    with asking_ecr("log in to ECR"):
        data = ecr.get_authorization_token()["authorizationData"][0]
    username, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return Login(username, password)


def digest_of(ecr: Any, repository: Repository, tag: str) -> str | None:
    """Return the digest of the image with a tag; None where there is none.

    Raises:
        ImageError: ECR refuses.
    """
    with asking_ecr(f"look into '{repository.name}'"):
        try:
            found = ecr.describe_images(
                repositoryName=repository.name, imageIds=[{"imageTag": tag}]
            )
        except ecr.exceptions.ImageNotFoundException:
            return None
    return str(found["imageDetails"][0]["imageDigest"])


def _encryption(kms_key_arn: str) -> dict[str, str]:
    if kms_key_arn:
        return {"encryptionType": "KMS", "kmsKey": kms_key_arn}
    return {"encryptionType": "AES256"}


def _settle(ecr: Any, found: Mapping[str, Any], reporter: Reporter) -> None:
    """Bring in order one that was made by half, or changed by hand."""
    name = found["repositoryName"]
    if not found["imageScanningConfiguration"]["scanOnPush"]:
        ecr.put_image_scanning_configuration(
            repositoryName=name, imageScanningConfiguration={"scanOnPush": True}
        )
        reporter.note(f"{name}: images are scanned when they are pushed")
    if found["imageTagMutability"] != "IMMUTABLE":
        ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")
        reporter.note(f"{name}: a tag keeps its image")
    if _lifecycle(ecr, name) != LIFECYCLE:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(LIFECYCLE))
        reporter.note(f"{name}: the last {KEPT_IMAGES} images are kept")


def _lifecycle(ecr: Any, name: str) -> Any:
    try:
        return json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"])
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return None
