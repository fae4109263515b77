"""Takes asynchronous requests from their queues as the endpoints' servers have room for them."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from scones_localstack.sagemaker.aws import Aws
from scones_localstack.sagemaker.errors import ServiceUnavailable
from scones_localstack.sagemaker.hosting.asynchronous.notification import (
    message_of,
    publish,
    topic_of,
)
from scones_localstack.sagemaker.hosting.asynchronous.requests import AsyncRequest, RequestQueue
from scones_localstack.sagemaker.hosting.capture import DEFAULT_CONTENT_TYPE
from scones_localstack.sagemaker.hosting.deployment import Deployment
from scones_localstack.sagemaker.hosting.endpoints import Endpoints
from scones_localstack.sagemaker.hosting.invocation import Arrival, Inference, Invoker
from scones_localstack.sagemaker.hosting.metrics import InvocationMetrics
from scones_localstack.sagemaker.objects import (
    Objects,
    StorageError,
    StorageUnavailableError,
    parse_uri,
)
from scones_localstack.sagemaker.store import now

# Where ClientConfig says nothing: AWS chooses, and does not say how.
DEFAULT_CONCURRENCY = 4
_ATTEMPTS = 3
_TICK_SECONDS = 0.5
_UPLOAD_SECONDS = 600.0
_FROM_MODEL = (
    "ClientError: Received {side} error ({status}) from model. "
    "See the SageMaker Endpoint logs in your account for more information."
)
_log = logging.getLogger(__name__)


class Failure(Exception):  # noqa: N818 - an outcome
    """A request has failed; the message is AWS's failureReason.

    Attributes:
        answer: what the model server said, if anything.
    """

    def __init__(self, reason: str, answer: Inference | None = None) -> None:
        super().__init__(reason)
        self.answer = answer


class AsyncWorker:
    """All queues of this service, and what works on them."""

    def __init__(
        self,
        folder: Path,
        endpoints: Endpoints,
        invoker: Invoker,
        aws: Aws,
        metrics: InvocationMetrics,
    ) -> None:
        """Work on the queues in a folder.

        Args:
            folder: for the queues' files.
            endpoints: whose requests they hold.
            invoker: sends them to model servers.
            aws: S3 and SNS.
            metrics: where backlogs are counted.
        """
        self._folder = folder
        self._endpoints = endpoints
        self._invoker = invoker
        self._aws = aws
        self._metrics = metrics
        self._queues: dict[Deployment, RequestQueue] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()

    def queue(self, deployment: Deployment) -> RequestQueue:
        """Return the queue of an endpoint."""
        if deployment not in self._queues:
            self._queues[deployment] = RequestQueue(self._folder_of(deployment))
        return self._queues[deployment]

    def wake(self) -> None:
        """There is something new to do."""
        self._news.set()

    def start(self) -> None:
        """Work until stopped, on what an earlier service has left too.

        To be called when the endpoints have been recovered.
        """
        for deployment in self._endpoints.present():
            if self._folder_of(deployment).exists():
                self.queue(deployment)
        kept = {self._folder_of(deployment) for deployment in self._queues}
        for folder in self._folder.glob("*/*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        self._tasks.add(asyncio.create_task(self._run(), name="asynchronous"))

    async def stop(self) -> None:
        """Leave what is under way to the next service."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _TICK_SECONDS)
            self._news.clear()
            for deployment, queue in list(self._queues.items()):
                try:
                    self._dispatch(deployment, queue)
                except Exception:
                    _log.exception("the queue of %s; the next attempt follows", deployment.name)

    def _dispatch(self, deployment: Deployment, queue: RequestQueue) -> None:
        """Begin as many requests as there is room for."""
        if deployment not in self._endpoints.present():
            queue.remove()
            del self._queues[deployment]
            return
        while queue.waiting:
            room = deployment.serves and queue.active < _concurrency(deployment)
            if not room and not queue.waiting[0].expired(now()):
                return
            task = asyncio.create_task(self._work(deployment, queue, queue.take()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(
        self, deployment: Deployment, queue: RequestQueue, request: AsyncRequest
    ) -> None:
        answer, reason = None, ""
        try:
            answer = await self._infer(deployment, request)
        except Failure as failure:
            answer, reason = failure.answer, str(failure)
        except ServiceUnavailable as error:
            request.attempts += 1
            if request.attempts < _ATTEMPTS:
                # Not woken for: the server that broke it off needs a moment.
                queue.put_back(request)
                return
            _log.warning("%s: %s", request.inference_id, error)
            reason = _FROM_MODEL.format(side="server", status=0)
        except Exception:
            _log.exception("asynchronous request %s", request.inference_id)
            reason = "InternalServerError: a fault of this service; its log has the traceback."
        reason = await self._deliver(deployment, request, answer, reason)
        self._count(deployment, queue, failed=bool(reason))
        queue.finish(request)
        self.wake()

    async def _infer(self, deployment: Deployment, request: AsyncRequest) -> Inference:
        """Return the model server's good answer.

        Raises:
            Failure: there is none.
            ServiceUnavailable: the server has broken off, or none answers.
        """
        if request.expired(now()):
            raise Failure(f"Request expired after {request.ttl_seconds} seconds in the queue.")
        objects = Objects(self._aws, deployment.region)
        place = parse_uri(request.input)
        left = max(1.0, request.received + request.ttl_seconds - now())
        try:
            body = await _patiently(lambda: objects.read(place), left)
        except StorageError as error:
            raise Failure(f"ClientError: Could not download the input: {error}") from error
        route = self._invoker.route(deployment, None)
        try:
            answer = await self._invoker.send(
                route, request.headers(), body, Arrival.now(), request.timeout_seconds
            )
        except TimeoutError:
            raise Failure(_FROM_MODEL.format(side="server", status=0)) from None
        if not answer.good:
            side = "client" if 400 <= answer.status < 500 else "server"
            raise Failure(_FROM_MODEL.format(side=side, status=answer.status), answer)
        return answer

    async def _deliver(
        self, deployment: Deployment, request: AsyncRequest, answer: Inference | None, reason: str
    ) -> str:
        """Put an answer where it belongs and tell who is to know; return why it failed, if so."""
        place = request.failure if reason else request.output
        if answer is not None and place:
            objects = Objects(self._aws, deployment.region)
            body, content_type = answer.body, answer.content_type or DEFAULT_CONTENT_TYPE
            uri = parse_uri(place)
            try:
                await _patiently(lambda: objects.put(body, uri, content_type), _UPLOAD_SECONDS)
            except StorageError as error:
                reason = reason or f"ClientError: Could not upload the output: {error}"
        if topic := topic_of(request, reason):
            message = message_of(request, deployment.region, deployment.name, answer, reason, now())
            await publish(self._aws, topic, message)
        return reason

    def _count(self, deployment: Deployment, queue: RequestQueue, *, failed: bool) -> None:
        counts = self._metrics.of(deployment.region, deployment.name)
        counts.add("InvocationsProcessed", 1)
        counts.add("InvocationFailures", failed)
        counts.add("ApproximateBacklogSize", queue.size - 1)

    def _folder_of(self, deployment: Deployment) -> Path:
        created = int(deployment.created * 1000)
        return self._folder / deployment.region / f"{deployment.name}-{created}"


def _concurrency(deployment: Deployment) -> int:
    """Return how many requests an endpoint's servers work on at once."""
    config = (deployment.plan.get("async") or {}).get("ClientConfig", {})
    each = config.get("MaxConcurrentInvocationsPerInstance", DEFAULT_CONCURRENCY)
    instances = sum(len(variant.live) for variant in deployment.fleet.variants.values())
    return int(each) * max(1, instances)


async def _patiently[T](action: Callable[[], T], seconds: float) -> T:
    """Do something that needs S3, in a thread, again and again while S3 does not answer.

    Between two attempts no thread is held: others need them.

    Raises:
        StorageError: S3 refuses, or has not answered for so many seconds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            return await asyncio.to_thread(action)
        except StorageUnavailableError:
            if loop.time() > deadline:
                raise
        await asyncio.sleep(_TICK_SECONDS)
