"""The stages of a deployment in order: check, package, upload, bring the stack up to date."""

from scones.aws import Aws
from scones.deploy import stack
from scones.deploy.artifacts import ensure_bucket, upload_missing
from scones.deploy.package import build
from scones.deploy.settings import DeploySettings, StackOutputs
from scones.deploy.stack import Condition, StackChange
from scones.deploy.template import read_template, substitution_names
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
    text, document = read_template(settings.template_path)
    artifacts = build(settings.source_root, substitution_names(document))
    bucket = settings.artifacts_bucket(aws.account, aws.region)
    keys = {artifact.parameter: artifact.key for artifact in artifacts}
    change = StackChange(
        stack_name=settings.stack_name,
        template_body=text,
        parameters=settings.parameters(bucket, keys),
        project=settings.project,
    )
    ensure_bucket(aws.client("s3"), bucket, aws.region, reporter=reporter)
    upload_missing(aws.client("s3"), bucket, artifacts, reporter=reporter)
    changed = _bring_up_to_date(aws, change, settings, reporter)
    reporter.note(f"{settings.stack_name} is {'deployed' if changed else 'up to date'}")
    return outputs(aws, settings)


def outputs(aws: Aws, settings: DeploySettings) -> StackOutputs:
    """Return names and ARNs of what is deployed.

    Raises:
        DeployError: Nothing is.
    """
    found = stack.describe(aws.client("cloudformation"), settings.stack_name)
    if found is None or not found.get("Outputs"):
        raise DeployError(
            f"there is no stack '{settings.stack_name}' in {aws.region}: run `scones deploy`"
        )
    return StackOutputs.from_stack(found)


def _bring_up_to_date(
    aws: Aws, change: StackChange, settings: DeploySettings, reporter: Reporter
) -> bool:
    cloudformation = aws.client("cloudformation")
    exists = _make_way(aws, change.stack_name, settings, reporter)
    try:
        return stack.apply(cloudformation, change, exists=exists, reporter=reporter)
    except DeployError as error:
        if not (exists and settings.redeploy_on_failure):
            raise
        reporter.note(f"{error}; deploying it anew")
    stack.delete(cloudformation, change.stack_name, reporter=reporter)
    return stack.apply(cloudformation, change, exists=False, reporter=reporter)


def _make_way(aws: Aws, stack_name: str, settings: DeploySettings, reporter: Reporter) -> bool:
    """Leave a stack that can be updated, or none; return whether there is one.

    Raises:
        DeployError: It needs a person's decision.
    """
    cloudformation = aws.client("cloudformation")
    found, condition = stack.settled(cloudformation, stack_name, reporter=reporter)
    if found is None or condition in (Condition.ABSENT, Condition.READY):
        return condition is Condition.READY
    status = found["StackStatus"]
    if condition is Condition.STUCK and not settings.redeploy_on_failure:
        raise DeployError(
            f"stack '{stack_name}' is {status}: run `aws cloudformation continue-update-rollback "
            f"--stack-name {stack_name}`, then deploy again"
        )
    reporter.note(f"{stack_name} is {status} from a deployment that failed: deploying it anew")
    stack.delete(cloudformation, stack_name, reporter=reporter)
    return False
