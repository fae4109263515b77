"""Requests to the model server of a batch transform job."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from scones_localstack.sagemaker.transform.plan import SendingPlan

_PARAMETERS_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_CHUNK_BYTES = 64 * 1024
_TOO_MANY = 429


class RefusedError(Exception):
    """The model server does not answer a request with an inference.

    Attributes:
        lines: what the job's log says, as AWS writes it there.
        clients: whether the request, and not the algorithm, is at fault.
    """

    def __init__(self, lines: list[str], *, clients: bool = False) -> None:
        super().__init__(lines[0])
        self.lines = lines
        self.clients = clients


async def execution_parameters(http: aiohttp.ClientSession, address: str) -> dict[str, Any]:
    """Return what the container asks for; nothing where it has no such answer."""
    timeout = aiohttp.ClientTimeout(total=_PARAMETERS_SECONDS)
    try:
        async with http.get(f"{address}/execution-parameters", timeout=timeout) as reply:
            document = await reply.json(content_type=None) if reply.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


class ModelClient:
    """Sends what a job has to send, so many requests at once."""

    def __init__(
        self, http: aiohttp.ClientSession, address: str, plan: SendingPlan, headers: dict[str, str]
    ) -> None:
        self._http = http
        self._url = f"{address}/invocations"
        self._plan = plan
        self._headers = headers
        self._free = asyncio.Semaphore(plan.concurrent)

    async def send(self, body: bytes) -> bytes:
        """Return the answer to one request, after some attempts if need be.

        Raises:
            RefusedError: there is none.
        """
        async with self._free:
            pause = _FIRST_PAUSE_SECONDS
            for left in range(self._plan.retries, -1, -1):
                try:
                    return await self._attempt(body)
                except RefusedError as error:
                    if error.clients or not left:
                        raise
                await asyncio.sleep(pause)
                pause *= 2
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, body: bytes) -> bytes:
        timeout = aiohttp.ClientTimeout(total=self._plan.timeout_seconds)
        data = body if self._plan.max_bytes else _chunks(body)
        try:
            async with self._http.post(
                self._url, data=data, headers=self._headers, timeout=timeout, allow_redirects=False
            ) as reply:
                content = await reply.read()
        except TimeoutError as error:
            seconds = self._plan.timeout_seconds
            raise RefusedError([f"Model server did not respond within {seconds} s"]) from error
        except aiohttp.ClientError as error:
            raise RefusedError([f"Unable to get response from algorithm: {error}"]) from error
        if 200 <= reply.status < 300:
            return content
        said = content.decode(errors="replace").splitlines()
        clients = 400 <= reply.status < 500 and reply.status != _TOO_MANY
        status = f"ClientError: {reply.status}" if clients else _bad(reply.status)
        raise RefusedError([status, "", "Message:", *said], clients=clients)


def _bad(status: int) -> str:
    return f"Bad HTTP status received from algorithm: {status}"


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body in parts, which HTTP then carries without saying its length."""
    for start in range(0, len(body), _CHUNK_BYTES):
        yield body[start : start + _CHUNK_BYTES]
