"""What a container may use and reach, and to whom the files belong that come out of it."""

import io
import os
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.docker.sagemaker.running import DockerService, bench_of, containers_of
from tests.emulator.running import wait_until
from tests.emulator.sagemaker import test_training
from tests.emulator.sagemaker.running import unique


def test_out_of_memory_says_so_and_how_much_there_was(bench, service, engine):
    resources = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
    name = bench.train({"allocate_gib": "4.5"}, ResourceConfig=resources)

    # Four gigabytes are not filled at once on a busy machine.
    job = wait_until(
        lambda: bench.job(name) if "TrainingEndTime" in bench.job(name) else None, 120, "the end"
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: Out of memory: the container needed")
    assert "the 4.0 GiB of ml.t3.medium" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 137")


def test_the_container_sees_the_limits_of_its_instance_type(bench, engine, service):
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")
    [container] = containers_of(engine, service, name)

    host = container.attrs["HostConfig"]
    shown = container.exec_run(
        "sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; "
        'df -k /dev/shm | tail -1; grep -E "^(CapEff|NoNewPrivs)" /proc/1/status\''
    ).output.decode()
    processors = container.exec_run("python3 -c 'import os; print(len(os.sched_getaffinity(0)))'")
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    bench.ended(name)

    gib = 1024**3
    cpus = min(2, engine.info()["NCPU"])
    assert host["Memory"] == host["MemorySwap"] == min(8 * gib, engine.info()["MemTotal"])
    assert host["NanoCpus"] == cpus * 10**9
    assert int(processors.output) >= 1
    assert str(host["Memory"]) in shown
    assert "NoNewPrivs:\t1" in shown
    # CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE
    assert "CapEff:\t00000000000004fb" in shown
    assert (host["Privileged"], host["Binds"], host["PidsLimit"]) == (False, None, 4096)
    # With it SIGTERM ends a program that says nothing about signals.
    assert host["Init"] is True
    assert host["NetworkMode"] not in ("host", "default", "bridge")


def test_a_smaller_machine_is_said_in_the_log(bench, engine):
    resources = {"InstanceType": "ml.m5.24xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
    if engine.info()["NCPU"] >= 96:
        pytest.skip("this machine is as large as the largest instance")
    name = bench.train(ResourceConfig=resources)
    bench.ended(name)

    first = bench.training_log(name)[0]

    assert first.startswith("scones: ml.m5.24xlarge has 96 vCPU and 384.0 GiB; this machine is sm")


def test_model_servers_do_not_see_one_another(bench, service, engine):
    names = [bench.deploy(bench.model()) for _ in range(2)]
    first, second = (containers_of(engine, service, name)[0] for name in names)
    [network] = second.attrs["NetworkSettings"]["Networks"].values()

    def reached_from(container, seconds):
        address = (network["IPAddress"], 8080)
        probe = f"import socket; socket.create_connection({address}, timeout={seconds})"
        return container.exec_run(["python3", "-c", probe]).exit_code == 0

    assert not reached_from(first, seconds=1)
    assert reached_from(second, seconds=60)


def test_hostile_output_is_left_in_the_container(bench, tmp_path):
    name = bench.train({"hostile": "1"})

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Completed", job
    artifact = bench.get(job["ModelArtifacts"]["S3ModelArtifacts"])
    members = test_training.members_of(artifact)
    assert members == {"weights": b"trained"}
    with tarfile.open(fileobj=io.BytesIO(artifact)) as tar:
        links = {member.name: member.linkname for member in tar if member.issym()}
    assert links == {"latest": "weights"}
    [line] = [line for line in bench.training_log(name) if line.startswith("scones: not taken")]
    assert "(3 in all)" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to start the service as another user")
def test_files_belong_to_the_user_of_the_service(emulator, fake, tmp_path):
    socket_path = Path("/var/run/docker.sock")
    if not (shutil.which("setpriv") and socket_path.exists()):
        pytest.skip("needs setpriv and the engine's socket")
    nobody = 65534
    folder = tmp_path / "own"
    folder.mkdir()
    os.chown(folder, nobody, nobody)
    as_nobody = (
        *("setpriv", f"--reuid={nobody}", f"--regid={nobody}"),
        *(f"--groups={socket_path.stat().st_gid}",),
        # The interpreter may be in root's home.
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    )
    service = DockerService(folder / "state", emulator, prefix=as_nobody)
    with service:
        bench = bench_of(service, emulator, unique("bucket"))
        name = bench.train({"sleep": "60", "output": "plotted"})
        bench.training(name, "waiting")
        bench.sagemaker.stop_training_job(TrainingJobName=name)
        assert bench.ended(name)["TrainingJobStatus"] == "Stopped"
        endpoint = bench.deploy(bench.model())
        assert bench.invoke(endpoint)["weights"] == "trained"

        owners = {path.lstat().st_uid for path in service.folder.rglob("*")}

    assert owners == {nobody}
