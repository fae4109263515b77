"""On which terms a container runs: limits, rights, variables, names and labels."""

import os
from dataclasses import dataclass
from typing import Any

from docker.types import LogConfig

from scones_localstack.sagemaker.aws import ACCESS_KEY, SECRET_KEY
from scones_localstack.sagemaker.backends import SERVE, ContainerSpec
from scones_localstack.sagemaker.backends.docker.engine import NAME_LABEL, STATE_LABEL
from scones_localstack.sagemaker.backends.docker.instances import Share, fitted, share_of
from scones_localstack.sagemaker.backends.docker.networks import as_name
from scones_localstack.sagemaker.settings import HOST

SERVER_PORT = 8080

# A fork bomb ends here; the thread pools of a large machine do not.
_PROCESSES = 4096
# What a program may need that begins as root: change user, own files, listen. Not among them are
# raw sockets, device nodes, other roots and the capabilities of files.
_CAPABILITIES = [
    *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL"),
    *("NET_BIND_SERVICE", "SETGID", "SETUID"),
]
# The log file is what counts; the engine's own copy is for `docker logs`.
_LOG_OPTIONS = {"max-size": "10m", "max-file": "2"}


@dataclass(frozen=True)
class Limits:
    """What a container may use, and what its log says about that.

    Attributes:
        instance_type: whose limits these are; empty for none.
        share: None for whatever the machine has.
        notice: a line; empty if the container gets what its instance type has.
    """

    instance_type: str
    share: Share | None
    notice: str = ""


def limits_of(instance_type: str, machine: Share) -> Limits:
    """Return the limits of an instance type on a machine that may be smaller."""
    asked = share_of(instance_type)
    if asked is None:
        why = f"nothing is known about {instance_type}" if instance_type else "no instance type"
        return Limits(instance_type, None, f"scones: {why}: the whole machine may be used")
    share = fitted(asked, machine)
    if share == asked:
        return Limits(instance_type, share)
    notice = f"scones: {instance_type} has {asked}; this machine is smaller and gives {share}"
    return Limits(instance_type, share, notice)


def rights(share: Share | None) -> dict[str, Any]:
    """Return what the machine grants, in the words of the SDK's `create_host_config`."""
    granted: dict[str, Any] = {
        # Else the program is process 1, on which SIGTERM has no effect unless it says otherwise.
        "init": True,
        "cap_drop": ["ALL"],
        "cap_add": _CAPABILITIES,
        "security_opt": ["no-new-privileges"],
        "pids_limit": _PROCESSES,
        "log_config": LogConfig(type=LogConfig.types.JSON, config=_LOG_OPTIONS),
    }
    if share is not None:
        granted |= {
            "nano_cpus": share.cpus * 1_000_000_000,
            "mem_limit": share.memory_bytes,
            "memswap_limit": share.memory_bytes,
            # Data loaders pass batches through shared memory; Docker's 64 MiB are too few.
            "shm_size": share.memory_bytes // 2,
        }
    return granted


def identity(spec: ContainerSpec, state: str) -> dict[str, Any]:
    """Return names and labels, in the words of the SDK's `create_container`."""
    name = spec.name if spec.argument == SERVE else f"{spec.name}/{spec.host}"
    return {
        "name": f"scones-{state[:8]}-{as_name(name)}-{os.urandom(3).hex()}",
        "hostname": spec.host,
        "labels": {STATE_LABEL: state, NAME_LABEL: name},
    }


def published(spec: ContainerSpec) -> dict[str, Any]:
    """Return how a model server is reached on loopback: on a port that the engine chooses."""
    return {"port_bindings": {SERVER_PORT: (HOST, None)}} if spec.argument == SERVE else {}


def environment(aws_endpoint_url: str) -> dict[str, str]:
    """Return the variables of every container: nothing of the caller's.

    Args:
        aws_endpoint_url: S3 and the rest, as a container reaches them; empty if it cannot: then
            there are no credentials either, that could go to AWS.
    """
    variables = {"AWS_EC2_METADATA_DISABLED": "true"}
    if aws_endpoint_url:
        variables |= {
            "AWS_ENDPOINT_URL": aws_endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
    return variables
