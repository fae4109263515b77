"""The file system that SageMaker's container contract prescribes, under one root.

    input/config/hyperparameters.json    input/data/<channel>/    model/
    input/config/inputdataconfig.json    output/failure
    input/config/resourceconfig.json     output/data/    checkpoints/

The root is /opt/ml in a container; SAGEMAKER_BASE_DIR moves it, so that jobs can run side by side.
Source: docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones_algorithms.errors import CustomerError

BASE_DIR_ENV = "SAGEMAKER_BASE_DIR"
JOB_NAME_ENV = "TRAINING_JOB_NAME"
JOB_ARN_ENV = "TRAINING_JOB_ARN"
FAILURE_REASON_CHARS = 1024

IMAGE_TYPES = ("application/x-image", "image/png", "image/jpeg")
RECORDIO_TYPE = "application/x-recordio"
MODEL_TYPE = "application/x-sagemaker-model"
MODEL_CHANNEL = "model"  # an earlier job's model.tar.gz: incremental training
PRETRAINED = "pretrained"  # channel of ours: a file of GluonCV's published weights


@dataclass(frozen=True)
class Channel:
    """One input of a training job.

    Attributes:
        name: as in CreateTrainingJob, for example "train".
        directory: where its objects lie, below their S3 prefix.
        content_type: MIME type, "" where none was given.
        input_mode: "File", "Pipe" or "FastFile".
        sharded: each host has its own part of the objects (S3DataDistributionType
            ShardedByS3Key), not all of them.
        record_wrapper: "RecordIO" where each object, or attribute of an augmented manifest, comes
            as a record of its own; else "None".
    """

    name: str
    directory: Path
    content_type: str
    input_mode: str
    sharded: bool = False
    record_wrapper: str = "None"

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    def pipe(self, epoch: int) -> Path:
        """Return the named pipe of an epoch, counted from 0, in Pipe mode."""
        return self.directory.with_name(f"{self.name}_{epoch}")


@dataclass(frozen=True)
class Cluster:
    """The hosts of a training job.

    Attributes:
        hosts: their names, sorted; each can be resolved on all of them.
        current: the name of this one.
    """

    hosts: tuple[str, ...]
    current: str

    @property
    def size(self) -> int:
        """How many hosts there are."""
        return len(self.hosts)

    @property
    def rank(self) -> int:
        """This host's number, from 0."""
        return self.hosts.index(self.current)


@dataclass(frozen=True)
class Container:
    """Paths and documents of the contract below `root`."""

    root: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Container":
        """Take the root from `SAGEMAKER_BASE_DIR`, else /opt/ml."""
        return cls(Path(environ.get(BASE_DIR_ENV) or "/opt/ml"))

    @property
    def model_dir(self) -> Path:
        """Folder that becomes model.tar.gz."""
        return self.root / "model"

    @property
    def checkpoint_dir(self) -> Path:
        """Folder that is kept in S3 while a job with a CheckpointConfig runs."""
        return self.root / "checkpoints"

    @property
    def output_data_dir(self) -> Path:
        """Folder that becomes output.tar.gz, beside model.tar.gz."""
        return self.root / "output" / "data"

    @property
    def failure_file(self) -> Path:
        """File whose first 1,024 characters become the job's FailureReason."""
        return self.root / "output" / "failure"

    def hyperparameters(self) -> dict[str, str]:
        """Read the job's hyperparameters; all values are strings, by contract."""
        given = self._config("hyperparameters.json")
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in given.items()
        }

    def channels(self) -> dict[str, Channel]:
        """Read the job's channels by name."""
        described = self._config("inputdataconfig.json")
        return {
            name: Channel(
                name=name,
                directory=self.root / "input" / "data" / name,
                content_type=about.get("ContentType") or "",
                input_mode=about.get("TrainingInputMode") or "File",
                sharded=about.get("S3DistributionType") == "ShardedByS3Key",
                record_wrapper=about.get("RecordWrapperType") or "None",
            )
            for name, about in described.items()
        }

    def cluster(self) -> Cluster:
        """Read the hosts of this job; one, where nothing says otherwise."""
        path = self.root / "input" / "config" / "resourceconfig.json"
        about = self._config(path.name) if path.exists() else {}
        hosts = tuple(sorted(about.get("hosts") or ["algo-1"]))
        current = about.get("current_host") or hosts[0]
        if current not in hosts:
            raise CustomerError(f"{path} names current_host {current}, which is not in its hosts")
        return Cluster(hosts, current)

    def failure(self) -> str:
        """Read the failure file; "" where there is none."""
        try:
            return self.failure_file.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def write_failure(self, reason: str, detail: str = "") -> None:
        """Write the failure file: the reason in its first line, then the detail.

        Args:
            reason: one line; it leads, so that FailureReason begins with it.
            detail: more for whoever opens the file, for example a traceback.
        """
        first_line = " ".join(reason.split())
        self.failure_file.parent.mkdir(parents=True, exist_ok=True)
        self.failure_file.write_text(f"{first_line}\n\n{detail}".strip() + "\n", encoding="utf-8")

    def _config(self, name: str) -> dict[str, Any]:
        path = self.root / "input" / "config" / name
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CustomerError(
                f"{path} is missing: start the job through SageMaker, or set {BASE_DIR_ENV}"
            ) from None
        except (OSError, ValueError) as error:
            raise CustomerError(f"{path} cannot be read as JSON: {error}") from None
        if not isinstance(document, dict):
            raise CustomerError(f"{path} holds a {type(document).__name__}, not a JSON object")
        return document
