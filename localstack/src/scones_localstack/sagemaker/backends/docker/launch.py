"""From a spec to a running container, or to nothing at all. It blocks."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from scones_localstack.sagemaker.backends import SERVE, ContainerSpec, ContainerStartError
from scones_localstack.sagemaker.backends.docker.engine import Engine, EngineError
from scones_localstack.sagemaker.backends.docker.files import packed
from scones_localstack.sagemaker.backends.docker.instances import Share
from scones_localstack.sagemaker.backends.docker.networks import Networks
from scones_localstack.sagemaker.backends.docker.removal import Removal
from scones_localstack.sagemaker.backends.docker.terms import (
    SERVER_PORT,
    Limits,
    environment,
    identity,
    limits_of,
    published,
    rights,
)
from scones_localstack.sagemaker.settings import HOST


@dataclass(frozen=True)
class Launched:
    """A container that runs.

    Attributes:
        container: its id.
        limits: what it may use.
        output: all that it prints, until its end.
        address: where it answers HTTP, if it serves.
        removal: its end.
    """

    container: str
    limits: Limits
    output: Iterator[bytes]
    address: str
    removal: Removal


class Launcher:
    """Starts containers for one service."""

    def __init__(self, engine: Engine, state: str, network: str, aws_endpoint_url: str) -> None:
        """Prepare to start.

        Args:
            engine: where.
            state: the id of the state folder.
            network: the id of a network that all containers join; empty for none.
            aws_endpoint_url: S3 and the rest, as they are reached on that network.
        """
        self._engine = engine
        self._state = state
        self._network = network
        self._networks = Networks(engine, state)
        self._machine = Share(engine.cpus, engine.memory_bytes)
        # Without a network in common, a container does not reach what is on this host's loopback.
        self._environment = environment(aws_endpoint_url if network else "")

    def launch(self, spec: ContainerSpec, image: str, variables: dict[str, str]) -> Launched:
        """Start a container.

        Args:
            spec: what to run.
            image: the name of its image in the engine.
            variables: the image's own.

        Raises:
            ContainerStartError: it could not be started; nothing of it is left.
        """
        limits = limits_of(spec.instance_type, self._machine)
        try:
            networks, leave = self._enter(spec)
        except EngineError as error:
            raise ContainerStartError(str(error)) from error
        try:
            first = next(iter(networks))
            container = self._create(spec, image, variables, limits, (first, networks[first]))
        except EngineError as error:
            # Where the engine is away, the sweep at the next start takes the network.
            with contextlib.suppress(EngineError):
                leave()
            raise ContainerStartError(str(error)) from error
        removal = Removal(self._engine, container, leave)
        try:
            for network in list(networks)[1:]:
                self._engine.connect(container, network)
            output = self._start(spec, container, limits)
            address = self._address(container) if spec.argument == SERVE else ""
        except (EngineError, OSError) as error:
            removal.in_background()
            raise ContainerStartError(str(error)) from error
        return Launched(container, limits, output, address, removal)

    def _enter(self, spec: ContainerSpec) -> tuple[dict[str, list[str]], Callable[[], None]]:
        """Return a container's names in each network, its eth0 first, and how it leaves them."""
        if spec.argument == SERVE:
            return {self._network or self._networks.servers(): []}, lambda: None
        job = spec.job or spec.name
        networks = {self._networks.enter_job(job): [spec.host]}
        if self._network:
            networks[self._network] = []
        return networks, lambda: self._networks.leave_job(job)

    def _create(
        self,
        spec: ContainerSpec,
        image: str,
        variables: dict[str, str],
        limits: Limits,
        network: tuple[str, list[str]],
    ) -> str:
        host: dict[str, Any] = rights(limits.share)
        if not self._network:
            host |= published(spec)
        return self._engine.create(
            image,
            spec.words,
            host,
            network,
            entrypoint=list(spec.entrypoint) or None,
            environment={**self._environment, **variables, **spec.environment},
            ports=[SERVER_PORT] if spec.argument == SERVE else [],
            # An image's own check is not SageMaker's: a server is pinged, a job has no health.
            healthcheck={"test": ["NONE"]},
            **identity(spec, self._state),
        )

    def _start(self, spec: ContainerSpec, container: str, limits: Limits) -> Iterator[bytes]:
        """Fill /opt/ml, begin the log and start; return what will be printed."""
        self._engine.put(container, "/", packed(spec.root))
        spec.log_path.parent.mkdir(parents=True, exist_ok=True)
        with spec.log_path.open("a", encoding="utf-8") as log:
            if limits.notice:
                log.write(f"{limits.notice}\n")
        output = self._engine.attach(container)
        self._engine.start(container)
        return output

    def _address(self, container: str) -> str:
        """Return where a server answers; a port where nobody does, if it has ended already."""
        settings = self._engine.inspect(container)["NetworkSettings"]
        if self._network:
            for network in settings["Networks"].values():
                if network["NetworkID"] == self._network and network["IPAddress"]:
                    return f"http://{network['IPAddress']}:{SERVER_PORT}"
            return f"http://{HOST}:0"
        bindings = settings["Ports"].get(f"{SERVER_PORT}/tcp") or [{"HostPort": "0"}]
        return f"http://{HOST}:{bindings[0]['HostPort']}"
