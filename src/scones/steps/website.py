"""The web site in front of a project's REST API."""

import os
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from scones.deploy.operation import Condition, condition_of, describe
from scones.deploy.preview import PlannedChange
from scones.errors import ConfigError, SconesError, UsageError
from scones.profiles import LOOPBACK_HOST
from scones.project import Project
from scones.site import bundle, deployment
from scones.site.backend import Backend, find
from scones.site.deployment import DeployedSite, SiteSettings
from scones.site.serving import Site

API_URL_ENV = "SCONES_API_URL"
API_KEY_ENV = "SCONES_API_KEY"
LOOK_SECONDS = 10.0
"""How often `serve` looks whether the API behind the site is still the same."""
ORIGINS_ENV = "SCONES_WEB_STORAGE_ORIGINS"


def backend(project: Project) -> Backend:
    """Return what the site is to show: what the environment names, else what is deployed.

    Raises:
        ConfigError: The environment names an API, but not its key or its storage.
        DeployError: Nothing is deployed.
    """
    url = os.environ.get(API_URL_ENV)
    if url is None:
        return find(project.aws, project.deploy_settings.stack_name, project.settings.target)
    missing = [name for name in (API_KEY_ENV, ORIGINS_ENV) if not os.environ.get(name)]
    if missing:
        raise ConfigError(
            f"{API_URL_ENV} is set, and {' and '.join(missing)} is not: set all three"
        )
    return Backend(url, os.environ[API_KEY_ENV], tuple(os.environ[ORIGINS_ENV].split(",")))


def serve(project: Project, port: int, host: str = LOOPBACK_HOST) -> Site:
    """Start the site.

    Raises:
        StackError: The services do not run, or the site cannot be prepared.
        DeployError: Nothing is deployed.
    """
    if API_URL_ENV not in os.environ:
        project.require_services()
    variables = backend(project).environment
    reports = {"SCONES_WEB_REPORTS_DIR": str(project.reports_dir)}
    return Site(project.state_dir / "web", port, reports | variables, host=host)


def keep(project: Project, site: Site) -> None:
    """Return when the site has ended; begin it anew when the API behind it is another.

    LocalStack forgets the API when it stops, and the next `scones up` makes another one.
    """
    while not site.ended(LOOK_SECONDS):
        try:
            found = backend(project)
        except (SconesError, ClientError, BotoCoreError):
            continue  # the stack is away; the site says so itself
        if not site.was_told(found.environment):
            project.reporter.note(f"the API is at {found.api_url} now")
            site.restart(found.environment)


def write_bundle(file: Path) -> str:
    """Write the site's source bundle, and return its release: the first digits of its hash.

    Raises:
        DeployError: A source is missing.
    """
    packed = bundle.build()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(packed.body)
    return packed.release


def require_elastic_beanstalk(project: Project) -> None:
    """Return only if the profile's target has Elastic Beanstalk.

    Raises:
        UsageError: It has none.
    """
    target = project.settings.target
    if target.emulated:
        raise UsageError(
            f"profile '{target.name}' has no Elastic Beanstalk: use `scones web serve` there, "
            "or `scones --profile aws web deploy`"
        )


def preview(project: Project) -> list[PlannedChange]:
    """Return what `deploy` would change.

    Raises:
        UsageError: The profile's target has no Elastic Beanstalk.
        DeployError: The core stack is not deployed, or CloudFormation refuses.
    """
    require_elastic_beanstalk(project)
    site = _site_settings(project)
    return deployment.preview(project.aws, project.deploy_settings, site, backend(project))


def preview_if_deployed(project: Project) -> list[PlannedChange] | None:
    """Return what `deploy` would change of a site that is there; None where there is none.

    Raises:
        DeployError: CloudFormation refuses.
    """
    if project.settings.target.emulated:
        return None
    name = project.deploy_settings.site_stack_name
    found = describe(project.aws.client("cloudformation"), name)
    if found is None or condition_of(found["StackStatus"]) is Condition.ABSENT:
        return None
    return preview(project)


def deploy(project: Project) -> DeployedSite:
    """Bring the site on Elastic Beanstalk up to date.

    Raises:
        UsageError: The profile's target has no Elastic Beanstalk.
        DeployError: The core stack is not deployed, or CloudFormation refuses or fails.
    """
    require_elastic_beanstalk(project)
    return deployment.deploy(
        *(project.aws, project.deploy_settings, _site_settings(project), backend(project)),
        reporter=project.reporter,
    )


def _site_settings(project: Project) -> SiteSettings:
    target = project.settings.target
    return SiteSettings(
        instance_type=target.site_instance_type,
        most_instances=target.site_most_instances,
        certificate_arn=target.site_certificate_arn,
        hosts=target.site_hosts,
        database_secret_arn=target.site_database_secret_arn,
    )
