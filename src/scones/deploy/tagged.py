"""What carries the project's tag, wherever it was made: found by tag, deleted by its kind.

Stacks tag all that is in them; a person may tag what belongs to the project too. The tagging API
lags behind: it names some things for a while after they are gone, so each is looked for itself.
"""

from collections.abc import Iterator
from functools import partial

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.deploy import arns
from scones.deploy.kinds import kind_of
from scones.deploy.remains import Remainder
from scones.deploy.settings import PROJECT_TAG, DeploySettings
from scones.errors import DeployError

# AWS keeps the record of a job for ever, tag included; it costs nothing.
KEPT_BY_AWS = (":training-job/", ":processing-job/", ":transform-job/")


def tagged(aws: Aws, settings: DeploySettings) -> Iterator[Remainder]:
    """Yield what carries the project's tag and is still there."""
    pages = aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    filters = [{"Key": PROJECT_TAG, "Values": [settings.project]}]
    for page in pages.paginate(TagFilters=filters):
        for entry in page["ResourceTagMappingList"]:
            arn = entry["ResourceARN"]
            if not any(kind in arn for kind in KEPT_BY_AWS) and is_there(aws, arn):
                yield Remainder(f"tagged {arn}", partial(remove, aws, arn))


def is_there(aws: Aws, arn: str) -> bool:
    """Return whether a resource answers; one of an unknown kind is taken to."""
    named = arns.read(arn)
    kind = kind_of(named)
    if kind is None:
        return True
    try:
        return kind.is_there(aws.client(kind.service), named)
    except ClientError as error:
        if _says_absent(error, kind.service):
            return False
        raise


_ABSENT = {
    "404",
    "NoSuchBucket",
    "NoSuchEntity",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ParameterNotFound",
}
_ABSENT_ENDINGS = ("NotFound", "NotFoundException", "DoesNotExist")


def _says_absent(error: ClientError, service: str) -> bool:
    code = error.response["Error"]["Code"]
    if service == "sagemaker" and code == "ValidationException":
        return True  # its word for what is not there
    return code in _ABSENT or code.endswith(_ABSENT_ENDINGS)


def remove(aws: Aws, arn: str) -> None:
    """Delete a resource by its kind.

    Raises:
        DeployError: It is of a kind that scones does not delete.
    """
    named = arns.read(arn)
    kind = kind_of(named)
    if kind is None or kind.delete is None:
        raise DeployError(
            f"{arn} carries the tag {PROJECT_TAG} and is of a kind that scones does not delete: "
            "delete it, or take the tag from it, then run `scones destroy` again"
        )
    kind.delete(aws.client(kind.service), named)
