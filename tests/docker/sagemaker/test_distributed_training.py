"""Image classification on two instances: real containers, real MXNet, a network of their own."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import numpy as np
import pytest

from tests.algorithms.pictures import encoded, picture
from tests.docker.sagemaker.running import (
    INSTANCE_TYPE,
    NAME_LABEL,
    DockerService,
    bench_of,
    containers_of,
    left_over,
)
from tests.emulator.running import Emulator, wait_until
from tests.emulator.sagemaker.running import BUILT_IN_URI, Workbench, unique
from tests.emulator.sagemaker.test_training import channel, members_of

HOSTS = ("algo-1", "algo-2")
IMAGES = 24
HYPERPARAMETERS = {
    "num_classes": "2",
    "num_training_samples": str(IMAGES),
    "image_shape": "3,32,32",
    "mini_batch_size": "4",
    "network": "small",
    "recipe": "builtin",
    "kv_store": "dist_sync",
    "epochs": "3",
}
DIGEST = r"Parameters after (\d+) epochs: sha256 (\w+)"
TRAINING_SECONDS = 300
DEATH_SECONDS = 50  # a stop that a host does not follow takes 60


class Classification(DockerService):
    """The service, with our image in place of the built-in's."""

    def images(self) -> Path:
        path = self.state_dir.parent / "images.json"
        image = {
            "repositories": ["image-classification"],
            "image": "scones/image-classification:latest",
        }
        path.write_text(json.dumps({"images": [image]}))
        return path


@pytest.fixture(scope="module")
def service(
    images: None, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerService]:
    options = {"stop-seconds": 60.0}
    folder = tmp_path_factory.mktemp("distributed")
    with Classification(folder / "state", emulator, options) as instance:
        yield instance


@pytest.fixture
def bench(service: DockerService, emulator: Emulator) -> Workbench:
    """A workbench with images in its bucket."""
    bench = bench_of(service, emulator, unique("bucket"))
    rng = np.random.default_rng(7)
    for name in ("train", "validation"):
        lines = []
        for number in range(IMAGES):
            # Neither host's share of the keys is of one class alone.
            label = number // 2 % 2
            bench.put(f"{name}/{number:03d}.png", encoded(picture(label, rng)))
            lines.append(f"{number}\t{label}\t{number:03d}.png\n")
        bench.put(f"{name}.lst", "".join(lines).encode())
    return bench


def train(bench: Workbench, **hyperparameters: str) -> str:
    """Start a job on two instances, the training images sharded; returns its name."""
    base = f"s3://{bench.bucket}"
    return bench.train(
        HYPERPARAMETERS | hyperparameters,
        AlgorithmSpecification={"TrainingImage": BUILT_IN_URI, "TrainingInputMode": "File"},
        ResourceConfig={"InstanceType": INSTANCE_TYPE, "InstanceCount": 2, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        InputDataConfig=[
            channel("train", f"{base}/train/", S3DataDistributionType="ShardedByS3Key"),
            channel("train_lst", f"{base}/train.lst"),
            channel("validation", f"{base}/validation/"),
            channel("validation_lst", f"{base}/validation.lst"),
        ],
    )


def log_of(bench: Workbench, name: str, host: str) -> str:
    return "\n".join(bench.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/{host}-"))


def ended(bench: Workbench, name: str, seconds: float) -> dict[str, Any]:
    def end() -> dict[str, Any] | None:
        job = bench.job(name)
        return None if job["TrainingJobStatus"] in ("InProgress", "Stopping") else job

    job: dict[str, Any] = wait_until(end, seconds, f"the end of {name}")
    return job


def train_for_ever(bench: Workbench) -> str:
    """Start a job and wait until both hosts are in the middle of it."""
    name = train(bench, epochs="100000")
    for host in HOSTS:
        wait_until(
            lambda host=host: "Epoch[0] Time cost" in log_of(bench, name, host),
            TRAINING_SECONDS,
            f"{host} of {name}",
        )
    return name


def test_two_containers_end_with_the_same_parameters(
    bench: Workbench, service: DockerService, engine: docker.DockerClient
) -> None:
    name = train(bench)
    job = ended(bench, name, TRAINING_SECONDS)

    logs = {host: log_of(bench, name, host) for host in HOSTS}
    assert job["TrainingJobStatus"] == "Completed", (job, logs)
    digests = [re.findall(DIGEST, log) for log in logs.values()]
    assert digests[0] == digests[1] != []
    for log in logs.values():
        assert "images: 12 to train on, 24 to validate with" in log
        assert len(re.findall(r"Epoch\[\d+\] Train-accuracy=", log)) == 3
    metrics = {metric["MetricName"] for metric in job["FinalMetricDataList"]}
    assert metrics == {"train:accuracy", "validation:accuracy"}
    model = members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))
    assert json.loads(model["model-metadata.json"])["hosts"] == {
        "count": 2,
        "kv_store": "dist_sync",
    }
    assert left_over(engine, service) == []


@pytest.mark.parametrize("victim", HOSTS)
def test_a_killed_container_fails_the_job_within_seconds(
    bench: Workbench, service: DockerService, engine: docker.DockerClient, victim: str
) -> None:
    name = train_for_ever(bench)
    containers = {each.labels[NAME_LABEL]: each for each in containers_of(engine, service, name)}
    assert len(containers) == len(HOSTS)

    containers[f"training-job/{name}/{victim}"].kill()
    killed = time.monotonic()
    job = ended(bench, name, DEATH_SECONDS)

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == f"AlgorithmError: , exit code: 137, host: {victim}"
    assert time.monotonic() - killed < DEATH_SECONDS
    wait_until(lambda: left_over(engine, service) == [], DEATH_SECONDS, "the clean-up")


def test_a_stop_keeps_the_model_of_two_containers(
    bench: Workbench, service: DockerService, engine: docker.DockerClient
) -> None:
    name = train_for_ever(bench)

    bench.sagemaker.stop_training_job(TrainingJobName=name)
    job = ended(bench, name, TRAINING_SECONDS)

    assert job["TrainingJobStatus"] == "Stopped"
    model = members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))
    assert json.loads(model["model-metadata.json"])["epochs"] >= 1
    digests = [re.findall(DIGEST, log_of(bench, name, host)) for host in HOSTS]
    assert digests[0] == digests[1] != []
    assert left_over(engine, service) == []
