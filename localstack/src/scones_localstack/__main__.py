"""The command line: `python -m scones_localstack --port 4566 --state-dir .scones`."""

import argparse
import os
import sys
from pathlib import Path

from scones_localstack.process import StartError, run
from scones_localstack.settings import LOOPBACK_HOST, Settings


def main() -> None:
    """Run LocalStack in this process until SIGTERM or SIGINT."""
    parser = _parser()
    options = parser.parse_args()
    try:
        settings = Settings(
            port=options.port,
            state_dir=options.state_dir.absolute(),
            sagemaker_url=options.sagemaker_url,
            smtp=options.smtp,
            host=options.host,
            request_log=options.request_log and options.request_log.absolute(),
        )
    except ValueError as error:
        parser.error(str(error))
    try:
        code = run(settings)
    except StartError as error:
        sys.exit(f"scones_localstack: {error}")
    sys.stdout.flush()
    sys.stderr.flush()
    # Thread pools that LocalStack never stops would hold the interpreter back.
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scones_localstack",
        description="LocalStack with S3 on disk and Lambda functions as processes.",
    )
    parser.add_argument("--port", type=int, default=4566, help="TCP port (default 4566)")
    parser.add_argument(
        "--host",
        default=LOOPBACK_HOST,
        help=f"address to listen on (default {LOOPBACK_HOST}); 0.0.0.0 in a container only: "
        "whoever reaches it can run code through Lambda",
    )
    parser.add_argument(
        "--state-dir", type=Path, default=Path(".scones"), help="folder for all files"
    )
    parser.add_argument(
        "--sagemaker-url",
        default="http://127.0.0.1:4567",
        help="where SageMaker calls go (default http://127.0.0.1:4567)",
    )
    parser.add_argument("--smtp", metavar="HOST:PORT", help="server that receives email")
    parser.add_argument(
        "--request-log", type=Path, help="file to which each AWS request is written, with its role"
    )
    return parser


if __name__ == "__main__":
    main()
