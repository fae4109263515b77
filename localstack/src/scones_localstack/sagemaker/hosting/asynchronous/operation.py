"""InvokeEndpointAsync: a request checked, given a place for its answer, and kept."""

import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scones_localstack.sagemaker.errors import ValidationError
from scones_localstack.sagemaker.hosting.asynchronous.requests import AsyncRequest
from scones_localstack.sagemaker.hosting.asynchronous.worker import AsyncWorker
from scones_localstack.sagemaker.hosting.deployment import Deployment
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.objects import parse_uri
from scones_localstack.sagemaker.store import now

DEFAULT_TTL_SECONDS = 21_600
DEFAULT_TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class Accepted:
    """AWS's answer: under which id, and where what will be found."""

    inference_id: str
    output: str
    failure: str


class AsyncInvoker:
    """Accepts asynchronous invocations."""

    def __init__(self, endpoints: Endpoints, worker: AsyncWorker) -> None:
        self._endpoints = endpoints
        self._worker = worker

    def accept(self, region: str, asked: dict[str, Any]) -> Accepted:
        """Keep a request for the worker.

        Args:
            region: of the endpoint.
            asked: InvokeEndpointAsync's request.

        Raises:
            ValidationError: there is no such endpoint, it is not asynchronous, or the input's
                place is not in S3.
        """
        deployment = self._endpoints.serving(region, asked["EndpointName"])
        config = deployment.plan.get("async")
        if not config:
            raise ValidationError(
                f"Endpoint {deployment.name} is not asynchronous: its configuration has no "
                "AsyncInferenceConfig."
            )
        try:
            parse_uri(asked["InputLocation"])
        except ValueError as error:
            raise ValidationError(f"InputLocation: {error}.") from error
        output, failure = _places(config["OutputConfig"], asked)
        request = AsyncRequest(
            inference_id=asked.get("InferenceId") or str(uuid.uuid4()),
            input=asked["InputLocation"],
            output=output,
            failure=failure,
            notification=config["OutputConfig"].get("NotificationConfig", {}),
            received=now(),
            ttl_seconds=asked.get("RequestTTLSeconds", DEFAULT_TTL_SECONDS),
            timeout_seconds=asked.get("InvocationTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS),
            content_type=asked.get("ContentType", ""),
            accept=asked.get("Accept", ""),
            custom_attributes=asked.get("CustomAttributes", ""),
        )
        self._keep(deployment, request)
        return Accepted(request.inference_id, output, failure)

    def _keep(self, deployment: Deployment, request: AsyncRequest) -> None:
        self._worker.queue(deployment).add(request)
        self._worker.wake()


def _places(config: dict[str, Any], asked: dict[str, Any]) -> tuple[str, str]:
    """Return the URIs for an answer and for a failure; empty where the configuration has none."""
    name = PurePosixPath(asked.get("Filename") or f"{uuid.uuid4()}.out")
    names = {"S3OutputPath": str(name), "S3FailurePath": f"{name.stem}-error{name.suffix}"}
    extension = asked.get("S3OutputPathExtension", "").strip("/")
    places = []
    for member, file in names.items():
        below = f"{extension}/{file}" if extension and member == "S3OutputPath" else file
        places.append(str(parse_uri(config[member]).below(below)) if member in config else "")
    return places[0], places[1]
