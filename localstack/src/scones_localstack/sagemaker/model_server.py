"""A model server's first moments, the same for an endpoint and for a batch transform job."""

import asyncio
from pathlib import Path

import aiohttp

from scones_localstack.sagemaker.backends import Container

PING_SECONDS = 2.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1


async def trouble_at_start(
    container: Container, http: aiohttp.ClientSession, startup_seconds: float, log_path: Path
) -> str:
    """Wait until a model server answers a ping; return what is wrong, if anything.

    Args:
        container: the server, just started.
        http: to ping it with.
        startup_seconds: how long it may take; one that takes longer is stopped.
        log_path: where its output goes; the last line belongs to what is wrong.
    """
    ended = asyncio.create_task(container.wait())
    pinged = asyncio.create_task(_until_pinged(http, container.address))
    try:
        await asyncio.wait(
            [ended, pinged], timeout=startup_seconds, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        ended.cancel()
        pinged.cancel()
    if ended.done():
        return f"The model server ended with {ended.result()}.{said(log_path)}"
    if not pinged.done():
        await container.stop(STOP_SECONDS)
        return f"There was no answer within {startup_seconds:.0f} s.{said(log_path)}"
    return ""


def said(log_path: Path) -> str:
    """Return the last line of a log as a sentence; nothing if there is none."""
    line = _last_line(log_path)
    return f" Its last log line: {line}" if line else ""


async def _until_pinged(http: aiohttp.ClientSession, address: str) -> None:
    timeout = aiohttp.ClientTimeout(total=PING_SECONDS)
    while True:
        try:
            async with http.get(f"{address}/ping", timeout=timeout, allow_redirects=False) as reply:
                if reply.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(_POLL_SECONDS)


def _last_line(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
