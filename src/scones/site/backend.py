"""What a site must be told of the stack behind it: the API, its key, and where photos go."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from scones.aws import Aws
from scones.deploy.operation import describe
from scones.errors import DeployError
from scones.profiles import LOOPBACK_HOST, Profile


@dataclass(frozen=True, slots=True)
class Backend:
    """The system that a site shows.

    Attributes:
        api_url: The REST API, up to its stage.
        api_key: The value of the site's key.
        storage_origins: Where browsers send photos to and load them from.
        storage_url: Where the site's server reaches all of them, if by another name.
    """

    api_url: str
    api_key: str = field(repr=False)
    storage_origins: tuple[str, ...]
    storage_url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The site's environment variables that say so."""
        return {
            "SCONES_API_URL": self.api_url,
            "SCONES_API_KEY": self.api_key,
            "SCONES_WEB_STORAGE_ORIGINS": ",".join(self.storage_origins),
            "SCONES_WEB_STORAGE_URL": self.storage_url,
        }


def find(aws: Aws, stack_name: str, target: Profile) -> Backend:
    """Return the backend that is deployed.

    Args:
        aws: The session.
        stack_name: The project's stack.
        target: The profile.

    Raises:
        DeployError: The stack or its API is not there, or the API's key is gone.
    """
    found = describe(aws.client("cloudformation"), stack_name) or {}
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", [])}
    if missing := {"ApiUrl", "ApiKeyId", "UploadsBucketName"} - set(outputs):
        raise DeployError(
            f"stack '{stack_name}' has no {', '.join(sorted(missing))}: run `scones deploy`"
        )
    client = aws.client("apigateway")
    try:
        key = client.get_api_key(apiKey=outputs["ApiKeyId"], includeValue=True)["value"]
    except client.exceptions.NotFoundException as error:
        raise DeployError(
            f"the API key {outputs['ApiKeyId']} is gone: run `scones deploy`"
        ) from error
    origins = storage_origins(outputs["UploadsBucketName"], aws.region, target.localstack_url)
    return Backend(
        target.reached(outputs["ApiUrl"]).rstrip("/"),
        str(key),
        origins,
        storage_url=target.localstack_url or "",
    )


def storage_origins(bucket: str, region: str, localstack_url: str | None) -> tuple[str, ...]:
    """Return the origins of a bucket's signed links and forms.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    if localstack_url is None:
        return (
            f"https://{bucket}.s3.{region}.amazonaws.com",
            f"https://{bucket}.s3.amazonaws.com",
        )
    port = urlsplit(localstack_url).port
    here = (f"http://{LOOPBACK_HOST}:{port}", f"http://localhost:{port}")
    return tuple(dict.fromkeys((localstack_url, *here)))
