"""Remove everything that carries the project's name, and check that nothing is left.

What writes goes first, so that nothing comes back: schedules, endpoints and jobs, then the stacks
with their functions, then what carries the project's tag, images included, then the buckets, then
the logs.
"""

from functools import partial

from scones.aws import Aws
from scones.deploy import remains, stack
from scones.deploy.artifacts import bucket_exists
from scones.deploy.buckets import remove_bucket
from scones.deploy.operation import describe
from scones.deploy.remains import Ownership
from scones.deploy.repositories import repositories
from scones.deploy.settings import DeploySettings
from scones.deploy.strays import strays
from scones.deploy.tagged import tagged
from scones.errors import DeployError
from scones.progress import SILENT, Reporter


def destroy(aws: Aws, settings: DeploySettings, *, reporter: Reporter = SILENT) -> list[str]:
    """Remove all of a project; do nothing where it is gone already.

    Args:
        aws: The session.
        settings: Which project.
        reporter: Told each thing that is removed.

    Returns:
        What was removed, in that order.

    Raises:
        DeployError: Something cannot be removed; the message names it.
    """
    is_ours = remains.ownership(aws, settings)
    removed = [
        label
        for find in (remains.monitoring, remains.jobs, remains.hosting)
        for label in remains.remove_all(partial(find, aws, is_ours), reporter=reporter)
    ]
    cloudformation = aws.client("cloudformation")
    for name in _stacks(settings):
        stack.settled(cloudformation, name, reporter=reporter)
        if stack.delete(cloudformation, name, reporter=reporter):
            removed.append(f"stack {name}")
    for find in (strays, repositories, tagged):
        removed += remains.remove_all(partial(find, aws, settings), reporter=reporter)
    for bucket in _buckets(aws, settings):
        if remove_bucket(aws.client("s3"), bucket, reporter=reporter):
            removed.append(f"bucket {bucket}")
    removed += remains.remove_all(partial(remains.logs, aws, is_ours), reporter=reporter)
    if left := _left(aws, settings, is_ours):
        raise DeployError(f"still there: {', '.join(left)}: run `scones destroy` again")
    return removed


def _left(aws: Aws, settings: DeploySettings, is_ours: Ownership) -> list[str]:
    cloudformation = aws.client("cloudformation")
    stacks = [
        f"stack {name}" for name in _stacks(settings) if describe(cloudformation, name) is not None
    ]
    buckets = [
        f"bucket {bucket}"
        for bucket in _buckets(aws, settings)
        if bucket_exists(aws.client("s3"), bucket)
    ]
    outside = [
        remainder.label
        for find in (remains.monitoring, remains.jobs, remains.hosting, remains.logs)
        for remainder in find(aws, is_ours)
    ]
    found = [
        *strays(aws, settings),
        *repositories(aws, settings),
        *tagged(aws, settings),
    ]
    return stacks + buckets + outside + [remainder.label for remainder in found]


def _stacks(settings: DeploySettings) -> tuple[str, ...]:
    """Return the stacks, the one that builds on the other first."""
    return settings.site_stack_name, settings.operations_stack_name, settings.stack_name


def _buckets(aws: Aws, settings: DeploySettings) -> tuple[str, ...]:
    return (
        settings.uploads_bucket(aws.account, aws.region),
        settings.data_bucket(aws.account, aws.region),
        settings.artifacts_bucket(aws.account, aws.region),
    )
