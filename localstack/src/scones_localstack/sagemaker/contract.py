"""The container contract's file system: what an algorithm finds under /opt/ml.

Source: "How Amazon SageMaker Provides Training Information" and "Use Your Own Inference Code with
Hosting Services" in the SageMaker developer guide.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPT_ML = "/opt/ml"
FAILURE_CHARACTERS = 1024

_PATH = re.compile(r"(?<![\w./-])/opt/ml(?=/|$)")


@dataclass(frozen=True)
class ContainerRoot:
    """A folder that stands for /opt/ml."""

    path: Path

    @property
    def config(self) -> Path:
        """Where the job's parameters are."""
        return self.path / "input" / "config"

    @property
    def model(self) -> Path:
        """What becomes model.tar.gz, or was unpacked from it."""
        return self.path / "model"

    @property
    def output_data(self) -> Path:
        """What becomes output.tar.gz."""
        return self.path / "output" / "data"

    @property
    def failure_file(self) -> Path:
        """Where an algorithm says why it failed."""
        return self.path / "output" / "failure"

    def channel(self, name: str) -> Path:
        """Where a channel's files are."""
        return self.path / "input" / "data" / name

    def create(self) -> None:
        """Make the folders anew; whatever was there is gone."""
        self.remove()
        for folder in (self.config, self.channel("."), self.model, self.output_data):
            folder.mkdir(parents=True)

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write_training_config(self, job: dict[str, Any], host: str, interface: str) -> None:
        """Write hyperparameters.json, inputdataconfig.json and resourceconfig.json.

        Args:
            job: the job as CreateTrainingJob describes it.
            host: whose folder this is.
            interface: the network interface by which the hosts reach one another.
        """
        self._write("hyperparameters.json", job.get("HyperParameters", {}))
        self._write(
            "inputdataconfig.json",
            {
                channel["ChannelName"]: _channel_config(
                    channel, job["AlgorithmSpecification"]["TrainingInputMode"]
                )
                for channel in job.get("InputDataConfig", ())
            },
        )
        resources, hosts = job["ResourceConfig"], host_names(job)
        group = {
            "instance_group_name": "homogeneousCluster",
            "instance_type": resources["InstanceType"],
            "hosts": hosts,
        }
        self._write(
            "resourceconfig.json",
            {
                "current_host": host,
                "current_instance_type": resources["InstanceType"],
                "current_group_name": group["instance_group_name"],
                "hosts": hosts,
                "instance_groups": [group],
                "network_interface_name": interface,
            },
        )

    def failure(self) -> str:
        """Return the beginning of what the algorithm wrote about its failure, or nothing."""
        try:
            with self.failure_file.open(encoding="utf-8", errors="replace") as file:
                return file.read(FAILURE_CHARACTERS).strip()
        except OSError:
            return ""

    def _write(self, name: str, document: dict[str, Any]) -> None:
        (self.config / name).write_text(json.dumps(document), encoding="utf-8")


def host_names(job: dict[str, Any]) -> list[str]:
    """Return the names of a job's hosts, algo-1 first."""
    return [f"algo-{number}" for number in range(1, job["ResourceConfig"]["InstanceCount"] + 1)]


def translated(text: str, root: str) -> str:
    """Return a word in which /opt/ml is where the container has it."""
    return text if root == OPT_ML else _PATH.sub(lambda _: root, text)


def _channel_config(channel: dict[str, Any], default_mode: str) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": channel.get("InputMode", default_mode),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if "ContentType" in channel:
        config["ContentType"] = channel["ContentType"]
    return config
