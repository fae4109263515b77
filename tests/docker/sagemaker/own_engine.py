"""A Docker engine of a test's own, which may be killed: its data, sockets and networks apart.

It makes no firewall rules, so that it cannot disturb the engine of this machine: published ports
still work, by the engine's own proxy. containerd, which survives the engine, is its own as well.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil

from tests.emulator.running import wait_until

SECONDS = 60
NEEDS = ("dockerd", "containerd", "docker-init", "docker-proxy", "ip", "runc")


def why_not() -> str:
    """Say why no engine can be started here, or nothing if one can."""
    if os.geteuid() != 0:
        return "an engine of its own needs root"
    missing = [name for name in NEEDS if shutil.which(name) is None]
    return f"an engine of its own needs {', '.join(missing)}" if missing else ""


@dataclass
class OwnEngine:
    """dockerd and its containerd, as child processes.

    Attributes:
        folder: holds all that they have; short, for sockets are in it.
        options: of dockerd.
    """

    folder: Path
    options: tuple[str, ...] = ()
    containerd: subprocess.Popen[bytes] | None = None
    dockerd: subprocess.Popen[bytes] | None = None

    @property
    def bridge(self) -> str:
        """The default bridge of this engine, which no container of the tests uses."""
        return f"scones-{os.getpid()}"

    @property
    def host(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.host)

    def start(self) -> None:
        """Start it, or start it again after a kill."""
        if self.containerd is None:
            config = self.folder / "containerd.toml"
            config.write_text(
                f'version = 2\nroot = "{self.folder}/c-root"\nstate = "{self.folder}/c-state"\n'
                f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'[grpc]\naddress = "{self.folder}/c.sock"\n'
            )
            self.containerd = self._run("containerd", "--config", str(config))
            wait_until((self.folder / "c.sock").exists, SECONDS, "containerd's socket")
            subprocess.run(["ip", "link", "add", self.bridge, "type", "bridge"], check=True)
        (self.folder / "daemon.json").write_text(json.dumps({}))
        self.dockerd = self._run(
            *("dockerd", "--config-file", f"{self.folder}/daemon.json"),
            *("--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"),
            *("--host", self.host, "--pidfile", f"{self.folder}/docker.pid"),
            *("--containerd", f"{self.folder}/c.sock"),
            # Neither --bridge=none nor --default-address-pool: with the first at any start, with
            # the second at a restart, dockerd deletes docker0, which is this machine's.
            *(f"--bridge={self.bridge}", "--iptables=false"),
            *("--ip-forward=false", "--ip-masq=false"),
            *self.options,
        )
        wait_until(self._answers, SECONDS, "the engine's answer")

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _answers(self) -> bool:
        assert self.dockerd
        log = self.folder / "dockerd.log"
        assert self.dockerd.poll() is None, log.read_text()[-2000:]
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(self.host.removeprefix("unix://")) != 0:
                return False
            probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in probe.recv(64)

    def take_image(self, engine: docker.DockerClient, name: str) -> None:
        """Copy an image of another engine."""
        archive = self.folder / "image.tar"
        with archive.open("wb") as file:
            for chunk in engine.images.get(name).save(named=name):
                file.write(chunk)
        client = self.client()
        with archive.open("rb") as file:
            client.images.load(file)
        client.close()
        archive.unlink()

    def kill(self) -> None:
        """kill -9 of dockerd, and of nothing else."""
        assert self.dockerd
        self.dockerd.send_signal(signal.SIGKILL)
        self.dockerd.wait(SECONDS)
        (self.folder / "docker.pid").unlink(missing_ok=True)

    def remove(self) -> None:
        """End it and leave nothing of it on this machine."""
        if self.dockerd and self.dockerd.poll() is None:
            self._remove_all()
        for process in (self.dockerd, self.containerd):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(SECONDS)
        for process in self._shims():
            process.kill()
        for mount in reversed(psutil.disk_partitions(all=True)):
            if mount.mountpoint.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", mount.mountpoint], check=False)
        subprocess.run(["ip", "link", "delete", self.bridge], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _remove_all(self) -> None:
        client = self.client()
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        client.networks.prune()
        client.close()

    def _shims(self) -> list[psutil.Process]:
        """What runs with a path of this engine's on its command line."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            line = " ".join(process.info["cmdline"] or ())
            if f"{self.folder}/" in line and process.pid != os.getpid():
                found.append(process)
        return found
