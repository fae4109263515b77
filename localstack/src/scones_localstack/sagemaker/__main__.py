"""The command line: `python -m scones_localstack.sagemaker`."""

import asyncio
import logging
import os
import signal
import sys

from scones_localstack.sagemaker.errors import StartError
from scones_localstack.sagemaker.service import Service
from scones_localstack.sagemaker.settings import Settings, parse

_log = logging.getLogger("scones_localstack.sagemaker")


def main() -> None:
    """Run the service until SIGTERM or SIGINT."""
    settings = parse(sys.argv[1:])
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        asyncio.run(_serve(settings))
    except StartError as error:
        sys.exit(f"scones_localstack.sagemaker: {error}")


async def _serve(settings: Settings) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    service = Service(settings)
    await service.start()
    _log.info("ready on http://%s:%d", settings.host, settings.port)
    await asked.wait()
    _log.info("stopping")
    await service.stop()
    logging.shutdown()
    # A thread that waits for an S3 that is away would hold the interpreter back for a minute.
    os._exit(0)


if __name__ == "__main__":
    main()
