"""The site on Elastic Beanstalk: one stack of AWS's only, from the bundle and a backend.

bundle ─▶ artifacts bucket ─┐
backend ─▶ parameters ──────┼▶ cloudformation/site.yaml by change set ─▶ address
newest Python platform ─────┘
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones.aws import Aws
from scones.deploy import stack
from scones.deploy.artifacts import ensure_bucket, upload_missing
from scones.deploy.large_template import placed
from scones.deploy.operation import describe
from scones.deploy.package import Artifact
from scones.deploy.pipeline import make_way
from scones.deploy.planning import PlannedResource
from scones.deploy.preview import PlannedChange, of_stack
from scones.deploy.settings import DeploySettings
from scones.deploy.stack import StackChange
from scones.deploy.template import declared, read_template
from scones.errors import DeployError
from scones.progress import SILENT, Reporter
from scones.site import bundle
from scones.site.backend import Backend

BUNDLE_PARAMETER = "SiteBundleKey"
_PLATFORM = re.compile(r"64bit Amazon Linux 2023 v([\d.]+) running Python 3\.13")


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What a site on AWS is made from, beside its backend.

    Attributes:
        instance_type: Of its instances.
        most_instances: More than 1 needs a certificate and a database.
        certificate_arn: ACM certificate for HTTPS; empty for one instance without.
        hosts: Host names of its own.
        database_secret_arn: Secret with DATABASE_URL; empty for SQLite on the instance.
    """

    instance_type: str
    most_instances: int
    certificate_arn: str
    hosts: tuple[str, ...]
    database_secret_arn: str

    @property
    def parameters(self) -> dict[str, str]:
        """The template's parameters that stand for these."""
        return {
            "InstanceType": self.instance_type,
            "MaxInstances": str(self.most_instances),
            "CertificateArn": self.certificate_arn,
            "Hosts": ",".join(self.hosts),
            "DatabaseUrlSecretArn": self.database_secret_arn,
        }


@dataclass(frozen=True, slots=True)
class DeployedSite:
    """A site that is deployed.

    Attributes:
        url: Its address.
        release: The first digits of its bundle's hash.
        password_arn: The secret that holds the password of its first person, "admin".
    """

    url: str
    release: str
    password_arn: str


def deploy(
    aws: Aws,
    settings: DeploySettings,
    site: SiteSettings,
    backend: Backend,
    *,
    reporter: Reporter = SILENT,
) -> DeployedSite:
    """Bring application, version and environment up to date; without a change, do nothing.

    Args:
        aws: The session.
        settings: The project's.
        site: The site's.
        backend: The API that it shows.
        reporter: Told each stage and each resource.

    Raises:
        DeployError: A source is missing, there is no platform, or CloudFormation refuses or fails.
    """
    wanted = _wanted(aws, settings, site, backend)
    s3, bucket = aws.client("s3"), settings.artifacts_bucket(aws.account, aws.region)
    ensure_bucket(
        *(s3, bucket, aws.region),
        tags=settings.all_tags,
        kms_key_arn=settings.kms_key_arn,
        reporter=reporter,
    )
    upload_missing(s3, bucket, [wanted.artifact], reporter=reporter)
    cloudformation, name = aws.client("cloudformation"), settings.site_stack_name
    exists = make_way(aws, name, settings, reporter)
    change = placed(s3, wanted.change)
    changed = stack.apply(cloudformation, change, exists=exists, reporter=reporter)
    reporter.note(f"{name} is {'deployed' if changed else 'up to date'}")
    outputs = _outputs(describe(cloudformation, name) or {})
    return DeployedSite(outputs["SiteUrl"], wanted.release, outputs["FirstPersonSecretArn"])


def preview(
    aws: Aws, settings: DeploySettings, site: SiteSettings, backend: Backend
) -> list[PlannedChange]:
    """Return what `deploy` would change, by a change set that is deleted again.

    Raises:
        DeployError: A source is missing, there is no platform, or CloudFormation refuses.
    """
    wanted = _wanted(aws, settings, site, backend)
    name = settings.site_stack_name
    planned = [
        PlannedResource(logical_id, resource["Type"], "", name)
        for logical_id, resource in wanted.resources.items()
    ]
    return list(of_stack(aws, wanted.change, planned))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The stack as it is to be: its change, its bundle, its template's resources."""

    change: StackChange
    artifact: Artifact
    release: str
    resources: Mapping[str, Any]


def _wanted(aws: Aws, settings: DeploySettings, site: SiteSettings, backend: Backend) -> _Wanted:
    text, document = read_template(settings.source_root / "cloudformation" / "site.yaml")
    bucket = settings.artifacts_bucket(aws.account, aws.region)
    packed = bundle.build(settings.source_root)
    artifact = Artifact(BUNDLE_PARAMETER, f"site/{packed.release}.zip", packed.body)
    values = {
        **site.parameters,
        "Project": settings.project,
        "Email": settings.email,
        "ArtifactsBucket": bucket,
        BUNDLE_PARAMETER: artifact.key,
        "PlatformName": newest_platform(aws.client("elasticbeanstalk")),
        "ApiUrl": backend.api_url,
        "ApiKeyValue": backend.api_key,
        "StorageOrigins": ",".join(backend.storage_origins),
    }
    name, given = settings.site_stack_name, declared(document, values)
    change = StackChange(name, text, given, settings.all_tags, bucket)
    return _Wanted(change, artifact, packed.release, document["Resources"])


def newest_platform(elastic_beanstalk: Any) -> str:
    """Return the newest version of the Python platform.

    Raises:
        DeployError: This region has none.
    """
    names = elastic_beanstalk.list_available_solution_stacks()["SolutionStacks"]
    found = [(match[1], name) for name in names if (match := _PLATFORM.fullmatch(name))]
    if not found:
        raise DeployError(
            "Elastic Beanstalk has no Python 3.13 on Amazon Linux 2023 in this region: "
            "choose another region in scones.toml"
        )
    return str(max(found, key=lambda pair: [int(part) for part in pair[0].split(".")])[1])


def _outputs(found: Mapping[str, Any]) -> dict[str, str]:
    return {entry["OutputKey"]: str(entry["OutputValue"]) for entry in found.get("Outputs", [])}
