"""The containers of SageMaker local mode, left clean: the SDK's own class with an end.

The SDK's `_SageMakerContainer` writes a Compose file, moves all data between S3 and folders by
itself (a container of local mode needs no S3), runs `compose up`, and leaves behind containers,
networks, downloads and files of root. Here each job and each model server has folders, network and
containers of its own, and all of them go when it ends, fails or is interrupted.

    folder under container_root ─▶ compose up ─▶ compose down ─▶ files handed back ─▶ artifacts

A model server is published on loopback only, and watched until it answers.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import urllib3
import yaml
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.local import entities, image, local_session

from scones.errors import StackError
from scones.sagemaker_sdk import compose
from scones.sagemaker_sdk.api import interruptible
from scones.sagemaker_sdk.folders import hand_back

NETWORK = "sagemaker-local"  # the key that the SDK gives it in the Compose file
STOP_SECONDS = 10
PING_DEADLINE_SECONDS = 120.0
PING_POLL_SECONDS = 0.1
SCRIPT_FOLDER = "SAGEMAKER_SUBMIT_DIRECTORY"


def install() -> None:
    """Make local mode use our container, in the three modules that name the SDK's.

    It is not given to the SDK in any other way. The class acts the same for sessions that are not
    ours, but for its clean-up and its findings about Compose.
    """
    for module in (image, local_session, entities):
        module._SageMakerContainer = LocalContainer


class LocalContainer(image._SageMakerContainer):  # type: ignore[misc]  # the SDK has no types
    """One job's containers, or one model server."""

    compose_cmd_prefix: list[str]

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        compose.require_image(self.image)
        self._folders: list[Path] = []
        self._names: dict[str, str] = {}
        self._failure = ""

    @staticmethod
    def _get_compose_cmd_prefix() -> list[str]:
        return compose.compose_command()

    # What the SDK calls

    def train(self, *arguments: Any) -> Any:
        """Run a training job; the arguments are the SDK's, the job's name the last of them.

        Raises:
            UnexpectedStatusException: It failed, as against SageMaker's API.
            InterruptionError: By Ctrl-C.
        """
        name = arguments[-1]
        with interruptible(f"the containers of training job '{name}' are removed"), self._clean():
            try:
                return super().train(*arguments)
            except RuntimeError as error:
                reason = self._failure or str(error)
                message = f"Error for Training job {name}: Failed. Reason: {reason}"
                raise UnexpectedStatusException(message, ["Completed"], "Failed") from error

    def process(self, *arguments: Any) -> None:
        """Run a processing job; the arguments are the SDK's."""
        with interruptible("the job's containers are removed"), self._clean():
            super().process(*arguments)

    def serve(self, model_dir: str, environment: dict[str, str]) -> None:
        """Start a model server, and return once it answers.

        Raises:
            UnexpectedStatusException: It ended, or did not answer in time.
            InterruptionError: By Ctrl-C.
        """
        with interruptible("the endpoint's container is removed"):
            try:
                self.container_root = self._create_tmp_folder()
                volumes = self._prepare_serving_volumes(model_dir)
                if (folder := environment.get(SCRIPT_FOLDER, "")).startswith("file://"):
                    volumes.append(image._Volume(folder.removeprefix("file://"), "/opt/ml/code"))
                    environment = environment | {SCRIPT_FOLDER: "/opt/ml/code"}
                self._generate_compose_file("serve", volumes, environment)
                compose.run(self._compose(detached=True))
                self._await_answer()
            except BaseException:
                self.stop_serving()
                raise

    def stop_serving(self) -> None:
        """Stop the model server, and remove all that belongs to it."""
        self._down()
        self._remove_folders()

    def retrieve_artifacts(self, *arguments: Any) -> Any:
        """Collect a job's model once its containers are gone and its files are ours."""
        self._down()
        for host in self.hosts:
            failure = Path(self.container_root, host, "output", "failure")
            if failure.is_file():
                self._failure = failure.read_text(errors="replace")[:1024].strip()
        return super().retrieve_artifacts(*arguments)

    def _upload_processing_outputs(self, *arguments: Any) -> None:
        self._down()
        super()._upload_processing_outputs(*arguments)

    # The Compose file

    def _compose(self, detached: bool = False) -> list[str]:
        """Return the command that starts the containers; the SDK's appends to the prefix itself."""
        prefix = list(self.compose_cmd_prefix)
        try:
            return list(super()._compose(detached))
        finally:
            self.compose_cmd_prefix = prefix

    def _create_tmp_folder(self) -> str:
        folder: str = super()._create_tmp_folder()
        self._folders.append(Path(folder))
        return folder

    def _generate_compose_file(
        self, command: str, additional_volumes: Any = None, additional_env_vars: Any = None
    ) -> dict[str, Any]:
        """Write the Compose file: the SDK's, with a network of its own and loopback ports."""
        content: dict[str, Any] = super()._generate_compose_file(
            command, additional_volumes, additional_env_vars
        )
        root = Path(self.container_root)
        content.pop("version", None)  # newer versions warn of it, older ones do without
        if NETWORK in content.get("networks", {}):
            content["networks"][NETWORK]["name"] = f"scones-{root.name}"
        for host, service in content["services"].items():
            self._names[host] = service["container_name"]
            service["init"] = True  # else a server without signal handlers takes 10 s to stop
            service["ports"] = [f"127.0.0.1:{port}" for port in service.pop("ports", [])]
            for volume in service["volumes"]:
                self._prepare_folder(Path(volume.split(":")[0]))
        (root / image.DOCKER_COMPOSE_FILENAME).write_text(yaml.dump(content))
        return content

    def _prepare_folder(self, folder: Path) -> None:
        """Let any user of an image write to a folder of ours, which others cannot enter."""
        session_folder: Path | None = getattr(self.sagemaker_session, "folder", None)
        if session_folder and session_folder in folder.parents:
            download = session_folder / folder.relative_to(session_folder).parts[0]
            if download not in self._folders:
                self._folders.append(download)
        if any(own == folder or own in folder.parents for own in self._folders):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)

    # The end

    @contextmanager
    def _clean(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._down()
            self._remove_folders()

    def _down(self) -> None:
        """Stop and remove containers and network, and take over the files they have left."""
        if self.container_root is None:
            return
        if self._names:
            file = os.path.join(self.container_root, image.DOCKER_COMPOSE_FILENAME)
            down = ["-f", file, "down", "--volumes", "--timeout", str(STOP_SECONDS)]
            compose.run([*self.compose_cmd_prefix, *down])
            self._names.clear()
            for folder in self._folders:
                hand_back(folder, self.image)

    def _remove_folders(self) -> None:
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._folders.clear()

    def _await_answer(self) -> None:
        (name,) = self._names.values()
        port = ((self.sagemaker_session.config or {}).get("local") or {}).get("serving_port", 8080)
        deadline = time.monotonic() + PING_DEADLINE_SECONDS
        while time.monotonic() < deadline:
            if not compose.container_state(name)["Running"]:
                break
            with suppress(urllib3.exceptions.HTTPError):
                url = f"http://127.0.0.1:{port}/ping"
                if urllib3.request("GET", url, timeout=2.0, retries=False).status == 200:
                    return
            time.sleep(PING_POLL_SECONDS)
        with suppress(StackError):
            self._failure = compose.last_lines(name)
        message = f"Error hosting endpoint: its container does not answer. It said: {self._failure}"
        raise UnexpectedStatusException(message, ["InService"], "Failed")
