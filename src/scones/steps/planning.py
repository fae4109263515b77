"""The plan: what `deploy` would do, as far as anybody can be asked."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scones.cost import AccountQuota, account_quotas, quotas
from scones.deploy import PlannedChange, PlannedResource, plan, preview
from scones.errors import ConfigError, DeployError, StackError
from scones.project import Project
from scones.steps import website


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment is made of, and what it would change.

    Attributes:
        resources: All that there would be.
        changes: What would change; None where nobody could be asked.
        quotas: What the account allows; None likewise, and where nothing costs.
        unanswered: Why something is None; one reason each.
        site_changes: What `scones web deploy` would change; None where there is no web site.
    """

    resources: list[PlannedResource]
    changes: list[PlannedChange] | None
    quotas: list[AccountQuota] | None
    unanswered: tuple[str, ...]
    site_changes: list[PlannedChange] | None = None


def make_plan(project: Project, *, offline: bool = False) -> Plan:
    """Work the plan out; ask the target unless it cannot answer.

    Args:
        project: The project.
        offline: Ask nobody.

    Raises:
        DeployError: A source is not well formed, or CloudFormation refuses the change.
    """
    settings = project.deploy_settings
    hindrance = "--offline is given" if offline else _hindrance(project)
    if hindrance:
        return Plan(plan(settings), None, None, (hindrance,))
    reasons: list[str] = []
    aws = project.aws
    changes = _answered(lambda: preview(aws, settings), "changes", reasons)
    site = _answered(
        lambda: website.preview_if_deployed(project), "the web site", reasons, or_refused=True
    )
    allowed = None
    if project.settings.target.costs:
        needed = quotas(project.settings.target)
        allowed = _answered(lambda: account_quotas(aws, needed), "quotas", reasons)
    resources = plan(settings, account=aws.account, region=aws.region)
    return Plan(resources, changes, allowed, tuple(reasons), site)


def _hindrance(project: Project) -> str:
    """Say why the target cannot be asked; nothing where it can."""
    try:
        project.require_services()
        if not project.settings.target.emulated:
            _ = project.aws.identity
    except (ConfigError, StackError) as error:
        return str(error)
    return ""


def _answered[T](
    ask: Callable[[], T], what: str, reasons: list[str], *, or_refused: bool = False
) -> T | None:
    """Return an answer; None where there is none, its reason added to the others.

    Args:
        ask: Asks the target.
        what: Is asked for.
        reasons: Why something is not answered.
        or_refused: Take a refusal of the change for such a reason, and not for the plan's end.
    """
    try:
        return ask()
    except DeployError as error:
        if not or_refused:
            raise
        reasons.append(f"{what}: {error}")
    except ClientError as error:
        details = error.response["Error"]
        reasons.append(f"{what}: {error.operation_name}: {details['Code']}: {details['Message']}")
    except BotoCoreError as error:
        reasons.append(f"{what}: {error}")
    return None
