"""`python -m scones.emulation.inbox`: receive emails and show them until told to stop."""

import argparse
import asyncio
import signal
import sys
import threading
from pathlib import Path

from scones.emulation.inbox import smtp
from scones.emulation.inbox.page import Page

LOOPBACK_HOST = "127.0.0.1"


def main() -> int:
    """Run the server until it is told to stop."""
    arguments = _parser().parse_args()
    host, directory = arguments.host, arguments.directory
    directory.mkdir(parents=True, exist_ok=True)
    port = arguments.http_port
    try:
        with Page(host, port, directory) as page:
            threading.Thread(target=page.serve_forever, name="page", daemon=True).start()
            print(f"inbox shows its emails at http://{host}:{port}/", flush=True)
            port = arguments.port
            asyncio.run(_receive(host, port, directory))
            page.shutdown()
    except OSError as error:
        print(f"inbox cannot listen on port {port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


async def _receive(host: str, port: int, directory: Path) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with await smtp.listen(host, port, directory):
        print(f"inbox listens on {host}:{port} and keeps emails in {directory}", flush=True)
        await stopped.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scones.emulation.inbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="SMTP")
    parser.add_argument("--http-port", type=int, required=True, help="the page")
    parser.add_argument("--host", default=LOOPBACK_HOST, help="[default: 127.0.0.1]")
    parser.add_argument("--directory", type=Path, required=True, help="holds the emails")
    return parser


if __name__ == "__main__":
    sys.exit(main())
