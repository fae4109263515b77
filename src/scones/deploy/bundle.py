"""All that a deployment uploads: code, layers, definitions and the API's document."""

from scones.deploy.api import document
from scones.deploy.package import Artifact, build
from scones.deploy.settings import DeploySettings
from scones.deploy.template import all_substitutions


def bundle(settings: DeploySettings, account: str, region: str) -> list[Artifact]:
    """Return all artifacts of a project in an account and a region.

    Raises:
        DeployError: A source is missing or not well formed.
    """
    described = document(
        settings.api_document_path, project=settings.project, account=account, region=region
    )
    return [*build(settings.source_root, all_substitutions(settings)), described]
