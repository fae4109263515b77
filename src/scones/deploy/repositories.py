"""Repositories in ECR that carry the project's tag; deleted with all their images.

AWS's tagging API lags behind, and ECR itself can say what is tagged, so ECR is asked.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from scones.aws import Aws
from scones.deploy.remains import Remainder
from scones.deploy.settings import PROJECT_TAG, DeploySettings


def repositories(aws: Aws, settings: DeploySettings) -> Iterator[Remainder]:
    """Yield the project's repositories; none where the target has no ECR."""
    if settings.image_repositories is None:
        return
    ecr = aws.client("ecr")
    pages = ecr.get_paginator("describe_repositories").paginate()
    for found in [repository for page in pages for repository in page["repositories"]]:
        if _project(ecr, found["repositoryArn"]) == settings.project:
            name = found["repositoryName"]
            yield Remainder(f"repository {name}", partial(_delete, ecr, name))


def _project(ecr: Any, arn: str) -> str | None:
    try:
        tags = ecr.list_tags_for_resource(resourceArn=arn)["tags"]
    except ecr.exceptions.RepositoryNotFoundException:
        return None  # it has gone since it was listed
    return next((str(tag["Value"]) for tag in tags if tag["Key"] == PROJECT_TAG), None)


def _delete(ecr: Any, name: str) -> None:
    try:
        ecr.delete_repository(repositoryName=name, force=True)
    except ecr.exceptions.RepositoryNotFoundException:
        return
