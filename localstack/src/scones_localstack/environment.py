"""The environment LocalStack runs in: safe defaults, and nothing of the caller's.

LocalStack takes its whole configuration from environment variables, a few of which would undo what
this distribution promises (`DEVELOP=1` opens a debugger on all interfaces, `AWS_PROFILE` reaches
for a person's credentials). So the environment is built from nothing, and a caller's variable is
passed on by name only.
"""

import os
import tempfile
from collections.abc import Mapping

from scones_localstack.settings import Settings

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "DEBUG", "LS_LOG", "PYTHONWARNINGS")
PASSED_ON_PREFIX = "SCONES_"

_FIXED = {
    # Network: our server, which binds the one address; no DNS server, no call home.
    "GATEWAY_SERVER": "scones",
    "DNS_ADDRESS": "0",
    "DISABLE_EVENTS": "1",
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "SQS_ENDPOINT_STRATEGY": "path",
    "LAMBDA_RUNTIME_EXECUTOR": "scones",
    # Outside a container LocalStack would otherwise guess, and ignore FILESYSTEM_ROOT.
    "OVERRIDE_IN_DOCKER": "0",
    # LocalStack's own clients must never find a person's credentials.
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def localstack_environment(settings: Settings, caller: Mapping[str, str]) -> dict[str, str]:
    """Return the complete environment of the LocalStack process.

    Args:
        settings: what the command line said.
        caller: the environment this process was started with.

    Returns:
        The variables to run LocalStack with, in place of the caller's.
    """
    own = settings.localstack_dir
    passed_on = {
        name: value
        for name, value in caller.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_PREFIX)
    }
    folders = {
        "HOME": str(own / "home"),
        "CONFIG_DIR": str(own / "home" / ".localstack"),
        "FILESYSTEM_ROOT": str(own / "root"),
        # plux caches entry points under a hash too coarse to notice a quick reinstall.
        "XDG_CACHE_HOME": str(settings.temporary_dir / "cache"),
    }
    addresses = {
        "GATEWAY_LISTEN": f"{settings.host}:{settings.port}",
        "LOCALSTACK_HOST": f"localhost:{settings.port}",
    }
    mail = {"SMTP_HOST": settings.smtp} if settings.smtp else {}
    return passed_on | _FIXED | folders | addresses | mail | settings.as_environment()


def enter(settings: Settings) -> None:
    """Replace this process's environment; must happen before LocalStack is imported."""
    environment = localstack_environment(settings, os.environ)
    os.environ.clear()
    os.environ.update(environment)
    # Not TMPDIR: LocalStack takes that for a setting of its own and calls it deprecated.
    tempfile.tempdir = str(settings.temporary_dir)
