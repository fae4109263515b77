"""A stand-in for ECR: moto answers its API, and Debian's `docker-registry` takes the layers.

What was pushed into the registry is in the API when somebody asks next, as on AWS. The registry
takes the password that GetAuthorizationToken answers, and no other. Both listen on loopback, where
a Docker engine asks for no TLS.
"""

import base64
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.ports import free_ports

ACCOUNT = "123456789012"  # moto's own
REGION = "us-east-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
PASSWORD = f"{ACCOUNT}-auth-token"
HASHED = "AWS:$2y$05$m92i7HnSrhGw9N2nKEhvNOEbjR4wPgvo/z9n4MEaJdD3Whlly.ska\n"  # by htpasswd -nbBC 5
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
START_SECONDS = 60
CONFIGURATION = """
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/layers}}}}
http: {{addr: "{host}"}}
auth: {{htpasswd: {{realm: ecr, path: {folder}/passwords}}}}
"""


class Ecr:
    """The stand-in, and what was asked of it.

    Attributes:
        url: Of its API.
        host: The registry's, such as 127.0.0.1:40001, in the place of AWS's; None without one.
        asked: Operations and their parameters, in order.
        denied: Operations that the caller may not use.
        password: That GetAuthorizationToken answers, where it is not the right one.
    """

    def __init__(self, url: str, host: str | None, moto_url: str) -> None:
        self.url, self.host = url, host
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.denied: set[str] = set()
        self.password = PASSWORD
        self.moto_url = moto_url
        keys = {"aws_access_key_id": "moto", "aws_secret_access_key": "moto"}
        self.api = boto3.client("ecr", region_name=REGION, endpoint_url=moto_url, **keys)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]

    def answer(self, operation: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer one request."""
        if operation:
            self.asked.append((operation, json.loads(body)))
        if operation in self.denied:
            what = f"User: ada is not authorized to perform: ecr:{operation}"
            said = {"__type": "AccessDeniedException", "message": what}
            return 400, json.dumps(said).encode()
        if self.host:
            self._take_in_what_was_pushed()
        request = urllib.request.Request(self.moto_url, body, headers)
        try:
            with urllib.request.urlopen(request) as reply:
                status, said = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, said = error.code, error.read()
        said = said.replace(_token(PASSWORD), _token(self.password))
        return status, said.replace(HOST.encode(), (self.host or HOST).encode())

    def _take_in_what_was_pushed(self) -> None:
        for repository in self.api.describe_repositories()["repositories"]:
            name = repository["repositoryName"]
            known = self.api.describe_images(repositoryName=name)["imageDetails"]
            tags = {tag for image in known for tag in image.get("imageTags", ())}
            for tag in set(self._pushed(name)) - tags:
                digest = self._take_in(name, tag)
                if repository["imageScanningConfiguration"]["scanOnPush"]:
                    self.api.start_image_scan(repositoryName=name, imageId={"imageDigest": digest})

    def _pushed(self, repository: str) -> list[str]:
        try:
            with self._registry(f"{repository}/tags/list") as reply:
                return list(json.load(reply)["tags"] or ())
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 404:  # nothing was ever pushed there
                raise
            return []

    def _take_in(self, repository: str, tag: str) -> str:
        with self._registry(f"{repository}/manifests/{tag}") as reply:
            digest, manifest = str(reply.headers["Docker-Content-Digest"]), reply.read().decode()
        self.api.put_image(
            repositoryName=repository,
            imageManifest=manifest,
            imageManifestMediaType=MANIFEST,
            imageTag=tag,
            imageDigest=digest,
        )
        return digest

    def _registry(self, path: str) -> Any:
        headers = {"Authorization": f"Basic {_token(PASSWORD).decode()}", "Accept": MANIFEST}
        return urllib.request.urlopen(
            urllib.request.Request(f"http://{self.host}/v2/{path}", headers=headers)
        )


def _token(password: str) -> bytes:
    return base64.b64encode(f"AWS:{password}".encode())


class _Handler(BaseHTTPRequestHandler):
    ecr: Ecr

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        status, answer = self.ecr.answer(operation, dict(self.headers), body)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Keep the tests' output clean."""


@contextmanager
def running_ecr(folder: Path, *, registry: bool = True) -> Iterator[Ecr]:
    """Run the stand-in until the block ends.

    Args:
        folder: Where the registry keeps its layers.
        registry: Whether images can be pushed; without, ECR's API is there alone.
    """
    front_port, moto_port, registry_port = free_ports(3)
    moto = ThreadedMotoServer("127.0.0.1", moto_port, verbose=False)
    moto.start()
    host = f"127.0.0.1:{registry_port}" if registry else None
    moto_url = f"http://127.0.0.1:{moto_port}"
    ecr = Ecr(f"http://127.0.0.1:{front_port}", host, moto_url)
    handler = type("Handler", (_Handler,), {"ecr": ecr})
    server = ThreadingHTTPServer(("127.0.0.1", front_port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with urllib.request.urlopen(f"{moto_url}/moto-api/reset", b""):
            pass
        with _registry(folder, host) if host else nullcontext():
            yield ecr
    finally:
        server.shutdown()
        server.server_close()
        ecr.api.close()
        moto.stop()


@contextmanager
def _registry(folder: Path, host: str) -> Iterator[None]:
    if which("docker-registry") is None:
        pytest.fail("there is no registry to push to: `apt-get install docker-registry`")
    (folder / "passwords").write_text(HASHED)
    configuration = folder / "registry.yml"
    configuration.write_text(CONFIGURATION.format(folder=folder, host=host))
    log = folder / "registry.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(configuration)], stdout=output, stderr=output
        )
    try:
        _wait_until_ready(process, f"http://{host}/v2/", log)
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url)
        except urllib.error.HTTPError as error:
            error.close()  # it asks for the password
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"no registry answers: {log.read_text()[-2000:]}")
