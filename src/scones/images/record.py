"""Where it is written down which image was pushed last: an SSM parameter of the project."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from scones.aws import Aws
from scones.errors import ImageError
from scones.images.repository import asking_ecr, repository_name
from scones.tags import as_list


def parameter_name(repository: str) -> str:
    """Return the parameter that has the URI of a repository's current image."""
    project, _, name = repository.partition("/")
    return f"/{project}/images/{name}"


def pushed_uri(aws: Aws, project: str, image: str) -> str:
    """Return the URI of an image in ECR.

    Args:
        aws: The session.
        project: Whose image.
        image: Its name on the machine that pushed it.

    Raises:
        ImageError: It was not pushed.
    """
    uri = _read(aws.client("ssm"), parameter_name(repository_name(project, image)))
    if uri is None:
        raise ImageError(
            f"image '{image}' is not in ECR: run `scones image push {image}` with the same profile"
        )
    return uri


def write_uri(ssm: Any, repository: str, uri: str, tags: Mapping[str, str]) -> None:
    """Write down the URI of a repository's current image.

    Raises:
        ImageError: SSM refuses.
    """
    name = parameter_name(repository)
    with asking_ecr(f"write the parameter '{name}'"):
        found = _read(ssm, name)
        if found is None:
            ssm.put_parameter(Name=name, Value=uri, Type="String", Tags=as_list(tags))
        elif found != uri:
            ssm.put_parameter(Name=name, Value=uri, Type="String", Overwrite=True)


def _read(ssm: Any, name: str) -> str | None:
    try:
        return str(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
