"""The REST API's document, its names filled in, and the deployment that goes with it."""

import json
import re
from pathlib import Path

from scones.deploy.package import Artifact, artifact
from scones.errors import DeployError

DOCUMENT_PARAMETER = "ApiDocumentKey"
DEPLOYMENT = "ApiDeployment"
"""The deployment's logical id in the template."""

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def document(path: Path, *, project: str, account: str, region: str) -> Artifact:
    """Return `api/openapi.json` with the API's name and its function's URI.

    Args:
        path: The file.
        project: First part of every name.
        account: The account's twelve digits.
        region: The region.

    Raises:
        DeployError: The file is missing, not JSON, or wants an unknown name.
    """
    partition = _partition(region)
    function = f"arn:{partition}:lambda:{region}:{account}:function:{project}-answer-request"
    values = {
        "title": f"{project}-api",
        "answer_request": (
            f"arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}"
            "/invocations"
        ),
    }
    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)
    except OSError as error:
        raise DeployError(
            f"cannot read the API's document {path} ({error.strerror}): deploy from a checkout"
        ) from error
    except json.JSONDecodeError as error:
        raise DeployError(f"{path} is not JSON: {error}") from error
    if unknown := set(_PLACEHOLDER.findall(text)) - set(values):
        raise DeployError(f"{path} wants ${{{sorted(unknown)[0]}}}, which is not substituted")
    filled = _PLACEHOLDER.sub(lambda found: values[found[1]], text)
    return artifact(DOCUMENT_PARAMETER, "api", "openapi", "json", filled.encode())


def with_deployment(template: str, key: str) -> str:
    """Return a template in which the API's deployment is named after the document's key.

    A deployment is a snapshot and never changes; only another resource makes another one.
    """
    digest = key.rpartition("-")[2].partition(".")[0]
    return template.replace(DEPLOYMENT, f"{DEPLOYMENT}{digest}")


def _partition(region: str) -> str:
    """Return the partition of a region: the first part of its ARNs."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
