"""Training jobs on several instances: who gets which data, who ends whom, what is kept.

The process backend runs them here, its limit of one host lifted: what is tested is above it.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import create_autospec

import psutil
import pytest
from botocore.exceptions import ClientError

from scones_localstack.sagemaker.backends import TRAIN, Backend, Container, ContainerSpec, Exit
from scones_localstack.sagemaker.training.instances import Ending, Instances
from tests.emulator.running import Emulator, wait_until
from tests.emulator.sagemaker.running import SECONDS, Service, Workbench, unique
from tests.emulator.sagemaker.test_training import channel, members_of, path

HOSTS = ["algo-1", "algo-2", "algo-3"]
LIFTED = """
from scones_localstack.sagemaker.__main__ import main
from scones_localstack.sagemaker.backends.process import ProcessBackend
ProcessBackend.max_hosts = 3
main()
"""


class SeveralHosts(Service):
    """The service with a process backend that has three hosts."""

    def command(self) -> list[str]:
        python, _, _, *options = super().command()
        return [python, "-c", LIFTED, *options]


@pytest.fixture(scope="module")
def service(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("several")
    with SeveralHosts(folder / "state", emulator, {"stop-seconds": 5.0}) as service:
        yield service


@pytest.fixture
def bench(service: Service, emulator: Emulator) -> Workbench:
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    return Workbench(service, emulator, bucket)


def resources(count: int) -> dict[str, object]:
    return {"InstanceType": "ml.m5.large", "InstanceCount": count, "VolumeSizeInGB": 1}


def streams(bench: Workbench, name: str) -> dict[str, list[str]]:
    """A job's log lines by host."""
    return {host: bench.log_lines(LOGS, f"{name}/{host}-") for host in HOSTS}


LOGS = "/aws/sagemaker/TrainingJobs"


def test_each_host_has_its_name_its_share_of_the_data_and_a_log_of_its_own(bench):
    for number in range(5):
        bench.put(f"train/{number}.png", str(number).encode())
    bench.put("train/")
    bench.put("train.lst", b"list")
    bench.put("one/only.png", b"")
    base = f"s3://{bench.bucket}"
    channels = [
        channel("train", f"{base}/train/", S3DataDistributionType="ShardedByS3Key"),
        channel("train_lst", f"{base}/train.lst", S3DataDistributionType="FullyReplicated"),
        channel("one", f"{base}/one/", S3DataDistributionType="ShardedByS3Key"),
    ]
    name = bench.train({"show": "1"}, ResourceConfig=resources(3), InputDataConfig=channels)
    job = bench.ended(name)

    assert path(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    seen = {host: json.loads(lines[0]) for host, lines in streams(bench, name).items()}
    files = {host: list(shown["files"]) for host, shown in seen.items()}
    assert files == {
        "algo-1": ["one/only.png", "train/0.png", "train/3.png", "train_lst/train.lst"],
        "algo-2": ["train/1.png", "train/4.png", "train_lst/train.lst"],
        "algo-3": ["train/2.png", "train_lst/train.lst"],
    }
    for host, shown in seen.items():
        config = shown["config"]["resourceconfig.json"]
        assert (config["current_host"], config["hosts"]) == (host, HOSTS)
        assert config["instance_groups"][0]["hosts"] == HOSTS
        distribution = shown["config"]["inputdataconfig.json"]["train"]["S3DistributionType"]
        assert distribution == "ShardedByS3Key"


def test_the_models_of_all_hosts_are_one_archive_in_which_the_first_host_wins(bench):
    told = {
        "algo-2.leave": "model/shared model/two/file model/clash output/data/two",
        "algo-3.leave": "model/shared model/three model/clash/inside output/data/two",
        "algo-1.weights": "first",
    }
    name = bench.train(told, ResourceConfig=resources(3))
    job = bench.ended(name)

    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert members_of(bench.get(artifact)) == {
        "weights": b"first",
        "shared": b"algo-2",
        "two/file": b"algo-2",
        "clash": b"algo-2",
        "three": b"algo-3",
    }
    output = members_of(bench.get(artifact.replace("model.tar.gz", "output.tar.gz")))
    assert output == {"two": b"algo-2"}


def test_a_host_that_fails_ends_the_others_and_is_named(bench):
    told = {"sleep": "60", "algo-3.fail": "ClientError: bad picture", "algo-3.code": "3"}
    told |= {"algo-2.stubborn": "1"}
    name = bench.train(told, ResourceConfig=resources(3))
    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: bad picture, exit code: 3, host: algo-3"
    assert job["TrainingTimeInSeconds"] < 50
    assert processes_of(bench.service) == []


def test_a_host_that_is_killed_ends_the_job(bench):
    name = bench.train({"sleep": "60"}, ResourceConfig=resources(2))
    wait_until(
        lambda: all("waiting" in streams(bench, name)[host] for host in HOSTS[:2]),
        SECONDS,
        "both hosts",
    )
    second = [each for each in processes_of(bench.service) if "algo-2" in each.cwd()]
    second[0].kill()
    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: , exit code: 137, host: algo-2"
    assert "SIGTERM" in streams(bench, name)["algo-1"]


def test_a_stop_reaches_all_hosts_and_keeps_their_models(bench):
    name = bench.train({"sleep": "60", "leave": "model/mine"}, ResourceConfig=resources(3))
    wait_until(
        lambda: all("waiting" in lines for lines in streams(bench, name).values()),
        SECONDS,
        "all hosts",
    )
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert all("SIGTERM" in lines for lines in streams(bench, name).values())
    kept = members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))
    assert kept == {"weights": b"half trained", "mine": b"algo-1"}
    assert processes_of(bench.service) == []


def test_a_job_leaves_all_logs_and_no_data(bench):
    bench.put("train/a.png")
    channels = [channel("train", f"s3://{bench.bucket}/train/")]
    name = bench.train(ResourceConfig=resources(2), InputDataConfig=channels)
    bench.ended(name)

    folder = bench.service.folder / "training-jobs" / "us-east-1" / name
    assert sorted(entry.name for entry in folder.iterdir()) == ["algo-1.log", "algo-2.log"]


def test_more_hosts_than_the_backend_has_are_refused(bench):
    with pytest.raises(ClientError, match=r"InstanceCount 4 is more than this .* job: use 3\."):
        bench.train(ResourceConfig=resources(4))


class Ended(Container):
    """A container of which the end is noticed some time after it has come."""

    def __init__(self, end: Exit, noticed_after_seconds: float) -> None:
        self._end = end
        self._noticed_after_seconds = noticed_after_seconds

    async def wait(self) -> Exit:
        await asyncio.sleep(self._noticed_after_seconds)
        return self._end

    async def stop(self, grace_seconds: float) -> Exit:
        return await self.wait()


def test_who_ended_first_counts_and_not_whose_end_was_noticed_first():
    ends = {
        "algo-1": Ended(Exit(137, ended=10.0), 0.2),
        "algo-2": Ended(Exit(2, ended=11.0), 0.0),
        "algo-3": Ended(Exit(0, ended=9.0), 0.1),
    }

    async def start(spec: ContainerSpec) -> Container:
        return ends[spec.host]

    async def run() -> Ending:
        instances = Instances(create_autospec(Backend, start=start))
        specs = [ContainerSpec("job", "fake", TRAIN, Path(), Path(), host=host) for host in HOSTS]
        await instances.start(specs)
        return await instances.wait()

    ending = asyncio.run(run())
    assert ending.failed == "algo-1"
    assert {host: end.code for host, end in ending.exits.items()} == dict(
        zip(HOSTS, (137, 2, 0), strict=True)
    )


def processes_of(service: Service) -> list[psutil.Process]:
    """The containers of a service."""
    assert service.process
    return psutil.Process(service.process.pid).children(recursive=True)
