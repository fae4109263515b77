"""The stages of a deployment in order: check, package, upload, bring the stack up to date."""

from functools import partial

from scones.aws import Aws
from scones.deploy import stack
from scones.deploy.artifacts import ensure_bucket, upload_missing
from scones.deploy.definitions import require_valid
from scones.deploy.intended import artifacts_of, core_change, operations_change
from scones.deploy.large_template import placed
from scones.deploy.operation import Condition, condition_of, describe
from scones.deploy.package import DEFINITIONS
from scones.deploy.remains import remove_all
from scones.deploy.settings import DeploySettings, OperationsSettings, StackOutputs
from scones.deploy.stack import StackChange
from scones.deploy.strays import strays
from scones.errors import DeployError
from scones.progress import SILENT, Reporter


def deploy(aws: Aws, settings: DeploySettings, *, reporter: Reporter = SILENT) -> StackOutputs:
    """Bring the stack up to date; without a change, do nothing.

    Args:
        aws: The session.
        settings: What the stack is made from.
        reporter: Told each stage and each resource.

    Raises:
        DeployError: A source is not well formed, or CloudFormation refuses or fails.
        UsageError: The project's name is too long for a bucket's.
    """
    artifacts = artifacts_of(aws, settings)
    for artifact in artifacts:
        if artifact.parameter in DEFINITIONS:
            name = DEFINITIONS[artifact.parameter]
            require_valid(aws.client("stepfunctions"), name, artifact.body.decode())
    change = core_change(aws, settings, artifacts)
    bucket = settings.artifacts_bucket(aws.account, aws.region)
    ensure_bucket(
        aws.client("s3"),
        bucket,
        aws.region,
        tags=settings.all_tags,
        kms_key_arn=settings.kms_key_arn,
        reporter=reporter,
    )
    upload_missing(aws.client("s3"), bucket, artifacts, reporter=reporter)
    changed = _bring_up_to_date(aws, placed(aws.client("s3"), change), settings, reporter)
    stack.require_built(aws.client("cloudformation"), settings.stack_name)
    reporter.note(f"{settings.stack_name} is {'deployed' if changed else 'up to date'}")
    if settings.protected:
        stack.protect(aws.client("cloudformation"), settings.stack_name)
    if settings.operations is not None:
        deploy_operations(aws, settings, settings.operations, reporter=reporter)
    return outputs(aws, settings)


def deploy_operations(
    aws: Aws,
    settings: DeploySettings,
    operations: OperationsSettings,
    *,
    scaling: bool = True,
    reporter: Reporter = SILENT,
) -> None:
    """Bring the stack of alarms, cost and hours up to date, from what the core stack names.

    Args:
        aws: The session.
        settings: What the core stack is made from.
        operations: What this one is made from.
        scaling: Whether an endpoint that is there may grow; not while it is replaced.
        reporter: Told each resource.

    Raises:
        DeployError: CloudFormation refuses or fails.
    """
    cloudformation = aws.client("cloudformation")
    name = settings.operations_stack_name
    change = operations_change(
        aws, settings, operations, artifacts_of(aws, settings), scaling=scaling
    )
    exists = make_way(aws, name, settings, reporter)
    change = placed(aws.client("s3"), change)
    changed = stack.apply(cloudformation, change, exists=exists, reporter=reporter)
    reporter.note(f"{name} is {'deployed' if changed else 'up to date'}")


def outputs(aws: Aws, settings: DeploySettings) -> StackOutputs:
    """Return names and ARNs of what is deployed.

    Raises:
        DeployError: Nothing is.
    """
    found = describe(aws.client("cloudformation"), settings.stack_name)
    if found is None or condition_of(found["StackStatus"]) is Condition.ABSENT:
        raise DeployError(
            f"there is no stack '{settings.stack_name}' in {aws.region}: run `scones deploy`"
        )
    if condition_of(found["StackStatus"]) is Condition.VOID:
        raise DeployError(
            f"stack '{settings.stack_name}' is {found['StackStatus']}: run `scones deploy` again"
        )
    return StackOutputs.from_stack(found)


def _bring_up_to_date(
    aws: Aws, change: StackChange, settings: DeploySettings, reporter: Reporter
) -> bool:
    cloudformation = aws.client("cloudformation")
    exists = make_way(aws, change.stack_name, settings, reporter)
    not_updated = stack.UPDATED_IN_NAME_ONLY if settings.redeploy_on_failure else ()
    try:
        return stack.apply(
            cloudformation, change, exists=exists, not_updated=not_updated, reporter=reporter
        )
    except DeployError as error:
        if not (exists and settings.redeploy_on_failure):
            raise
        reporter.note(f"{error}; deploying it anew")
    _clear(aws, change.stack_name, settings, reporter)
    return stack.apply(cloudformation, change, exists=False, reporter=reporter)


def make_way(aws: Aws, stack_name: str, settings: DeploySettings, reporter: Reporter) -> bool:
    """Leave a stack that can be updated, or none; return whether there is one.

    Raises:
        DeployError: It needs a person's decision.
    """
    cloudformation = aws.client("cloudformation")
    status, condition = stack.settled(cloudformation, stack_name, reporter=reporter)
    if condition in (Condition.ABSENT, Condition.READY):
        return condition is Condition.READY
    if condition is Condition.STUCK and not settings.redeploy_on_failure:
        raise DeployError(
            f"stack '{stack_name}' is {status}: run `aws cloudformation continue-update-rollback "
            f"--stack-name {stack_name}`, then deploy again"
        )
    reporter.note(f"{stack_name} is {status} from a deployment that failed: deploying it anew")
    _clear(aws, stack_name, settings, reporter)
    return False


def _clear(aws: Aws, stack_name: str, settings: DeploySettings, reporter: Reporter) -> None:
    """Delete a stack that failed, and what a CloudFormation that cannot roll back loses of it."""
    lossy = settings.redeploy_on_failure
    told = SILENT if lossy else reporter  # its complaints are about what it has lost
    stack.delete(aws.client("cloudformation"), stack_name, reporter=told)
    if lossy:
        remove_all(partial(strays, aws, settings), reporter=told)
