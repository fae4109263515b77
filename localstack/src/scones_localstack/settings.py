"""What the command line said: where LocalStack listens, keeps its files and finds SageMaker."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOOPBACK_HOST = "127.0.0.1"
ALL_HOSTS = "0.0.0.0"  # noqa: S104 - in a container, and by an option of its own
HOST_ENV = "SCONES_LOCALSTACK_HOST"
PORT_ENV = "SCONES_LOCALSTACK_PORT"
STATE_DIR_ENV = "SCONES_STATE_DIR"
SAGEMAKER_URL_ENV = "SCONES_SAGEMAKER_URL"
SMTP_ENV = "SCONES_SMTP"
REQUEST_LOG_ENV = "SCONES_REQUEST_LOG"


@dataclass(frozen=True)
class Settings:
    """The things a LocalStack process of ours is told.

    Attributes:
        port: TCP port of the gateway.
        state_dir: absolute path of the folder that everything written goes to.
        sagemaker_url: where SageMaker calls are forwarded to.
        smtp: ``host:port`` that receives the email SNS and SES send, or None to send none.
        host: address that the gateway listens on: loopback, or in a container all addresses, where
            the engine decides who gets in. Whoever does can run code through Lambda.
        request_log: file to which a line is written for each request, or None to write none.
    """

    port: int
    state_dir: Path
    sagemaker_url: str
    smtp: str | None = None
    host: str = LOOPBACK_HOST
    request_log: Path | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not between 1 and 65535")
        url = urlsplit(self.sagemaker_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(
                f"SageMaker URL {self.sagemaker_url!r} is not like http://127.0.0.1:4567"
            )
        if self.smtp is not None:
            host, _, port = self.smtp.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"SMTP address {self.smtp!r} is not like 127.0.0.1:2525")
        if self.host not in (LOOPBACK_HOST, ALL_HOSTS):
            raise ValueError(
                f"host {self.host} is neither {LOOPBACK_HOST} nor {ALL_HOSTS}; "
                f"LocalStack calls itself at {LOOPBACK_HOST}"
            )

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read back what `as_environment` wrote, for the plugins that LocalStack loads by name."""
        try:
            return cls(
                port=int(os.environ[PORT_ENV]),
                state_dir=Path(os.environ[STATE_DIR_ENV]),
                sagemaker_url=os.environ[SAGEMAKER_URL_ENV],
                smtp=os.environ.get(SMTP_ENV),
                host=os.environ[HOST_ENV],
                request_log=Path(log) if (log := os.environ.get(REQUEST_LOG_ENV)) else None,
            )
        except KeyError as missing:
            raise LookupError(
                f"{missing.args[0]} is not set: start LocalStack with `python -m scones_localstack`"
            ) from None

    def as_environment(self) -> dict[str, str]:
        """Return the settings as environment variables."""
        values = {
            HOST_ENV: self.host,
            PORT_ENV: str(self.port),
            STATE_DIR_ENV: str(self.state_dir),
            SAGEMAKER_URL_ENV: self.sagemaker_url,
        }
        values |= {SMTP_ENV: self.smtp} if self.smtp else {}
        return values | ({REQUEST_LOG_ENV: str(self.request_log)} if self.request_log else {})

    @property
    def endpoint_url(self) -> str:
        """Where this LocalStack answers, from this machine."""
        return f"http://{LOOPBACK_HOST}:{self.port}"

    @property
    def localstack_dir(self) -> Path:
        """LocalStack's own files: its file system root, home and lock."""
        return self.state_dir / "localstack"

    @property
    def temporary_dir(self) -> Path:
        """Emptied at every start; function code is unpacked here, so it is readable by all."""
        return self.localstack_dir / "tmp"

    @property
    def lambda_dir(self) -> Path:
        """What the Lambda executor keeps: running environments, their temporary folders, layers."""
        return self.state_dir / "lambda"

    @property
    def s3_dir(self) -> Path:
        """The S3 journal."""
        return self.state_dir / "s3"
