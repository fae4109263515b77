"""SageMaker local mode as a session whose S3 is LocalStack's.

All data move between S3 and folders in this process, so LocalStack stays on loopback: a container
of local mode is given files and asked over HTTP. What local mode cannot do is said when a script
asks for it (data capture), or raised (a second endpoint, an update).
"""

import socket
import warnings
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sagemaker.local import LocalSession
from sagemaker.local.local_session import LocalSagemakerClient, LocalSagemakerRuntimeClient

from scones.sagemaker_sdk import compose, container, folders
from scones.sagemaker_sdk.api import TELEMETRY_OFF
from scones.sagemaker_sdk.target import Target

LABELS = {"scones.local-mode": "true"}
POLL_SECONDS = 0.1


class LocalModeWarning(UserWarning):
    """Local mode ignores something that a script has asked for."""


def session(target: Target) -> "LocalModeSession":
    """Return a session of local mode.

    Raises:
        StackError: Docker or Compose is not there.
    """
    compose.compose_command()
    compose.require_engine()
    container.install()
    return LocalModeSession(target, folders.session_folder(target.project.state_dir / "local-mode"))


class LocalModeSession(LocalSession):  # type: ignore[misc]  # the SDK has no strict types
    """The SDK's local session, with its target, our clients and a folder of its own.

    Args:
        target: Where S3 is.
        folder: Where jobs get their folders; `scones.sagemaker_sdk.folders` looks after it.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self.folder = folder
        super().__init__(
            boto_session=target.project.aws.boto_session,
            s3_endpoint_url=target.project.settings.target.localstack_url,
            default_bucket=target.bucket,
            sagemaker_config=TELEMETRY_OFF,
        )
        self.sagemaker_client = LocalClient(self)
        self.sagemaker_runtime_client = LocalRuntimeClient()
        self.config = {
            "local": {
                "container_root": str(folder),
                "serving_port": _free_port(),
                "container_config": {"labels": LABELS},
            }
        }

    def wait_for_endpoint(self, endpoint: str, poll: float = 0, live_logging: bool = False) -> Any:
        """Return at once: CreateEndpoint has waited."""
        return super().wait_for_endpoint(endpoint, POLL_SECONDS, live_logging)


class LocalClient(LocalSagemakerClient):  # type: ignore[misc]
    """The SDK's imitation of the SageMaker API, which says what it ignores."""

    def create_endpoint_config(
        self, EndpointConfigName: str, ProductionVariants: Any, Tags: Any = None, **ignored: Any
    ) -> None:
        """Create an endpoint configuration; the SDK's client fails on all other fields."""
        if ignored:
            effect = "no data are captured" if "DataCaptureConfig" in ignored else "no effect"
            warnings.warn(
                f"SageMaker local mode ignores {', '.join(sorted(ignored))}: {effect}; "
                "use the target `local` or `docker`, which do as SageMaker does",
                LocalModeWarning,
                stacklevel=2,
            )
        super().create_endpoint_config(EndpointConfigName, ProductionVariants, Tags)

    def create_endpoint(self, EndpointName: str, EndpointConfigName: str, Tags: Any = None) -> None:
        """Start the model server; it answers when this returns.

        Raises:
            ClientError: The session serves an endpoint already: local mode has one port.
        """
        served = [
            name
            for name, endpoint in self._endpoints.items()
            if endpoint.local_session is self.sagemaker_session
        ]
        if served:
            raise _error(
                "CreateEndpoint",
                "ResourceLimitExceeded",
                f"SageMaker local mode serves one endpoint, and '{served[0]}' is it: delete that, "
                "or use the target `local` or `docker`",
            )
        try:
            super().create_endpoint(EndpointName, EndpointConfigName, Tags)
        except BaseException:
            self._endpoints.pop(EndpointName, None)
            raise

    def delete_endpoint(self, EndpointName: str) -> None:
        """Stop the model server and forget the endpoint."""
        super().delete_endpoint(EndpointName)
        self._endpoints.pop(EndpointName, None)


class LocalRuntimeClient(LocalSagemakerRuntimeClient):  # type: ignore[misc]
    """Asks the model server; the SDK's asks `docker` for its address, on each call, too."""

    def invoke_endpoint(
        self,
        Body: bytes | str,
        EndpointName: str,
        ContentType: str | None = None,
        Accept: str | None = None,
        **more: str,
    ) -> dict[str, Any]:
        """Invoke the endpoint.

        Raises:
            ClientError: ModelError, where the container answers with an error.
        """
        names = {"ContentType": "Content-Type", "Accept": "Accept"} | {
            name: f"X-Amzn-SageMaker-{dashed}" for name, dashed in _HEADERS.items()
        }
        given = {"ContentType": ContentType, "Accept": Accept} | more
        response = self.http.request(
            "POST",
            f"http://127.0.0.1:{self.serving_port}/invocations",
            body=Body.encode() if isinstance(Body, str) else Body,
            headers={names[name]: value for name, value in given.items() if value is not None},
            preload_content=False,
        )
        if response.status >= 400:
            said = response.read().decode(errors="replace")[:1024]
            message = (
                f"Received client error ({response.status}) from primary with message {said!r}"
            )
            raise _error("InvokeEndpoint", "ModelError", message)
        return {"Body": response, "ContentType": response.headers.get("Content-Type", Accept)}


_HEADERS = {
    "CustomAttributes": "Custom-Attributes",
    "TargetModel": "Target-Model",
    "TargetVariant": "Target-Variant",
    "InferenceId": "Inference-Id",
}


def _error(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
