"""One training on several hosts: real MXNet, a process tree for each host, all on loopback."""

import asyncio
import json
import re
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from scones_algorithms.container import Channel, Cluster
from scones_algorithms.distributed.line import Peer, meet
from scones_algorithms.errors import ClusterError, CustomerError
from scones_algorithms.image_classification.entries import Entry, own_share
from scones_algorithms.image_classification.initial import BASE_FILE
from scones_algorithms.image_classification.predictor import Predictor
from tests.algorithms.hosts import (
    Host,
    children,
    is_gone,
    kill,
    role,
    started,
    write_hosts,
)
from tests.algorithms.jobs import QUICK, SMALL_JOB, failure, metadata

pytestmark = pytest.mark.timeout(400)

DIGEST = r"Parameters after \d+ epochs: sha256 (\w+)"
VALIDATION = r"Validation-accuracy=(\S+)"
LONG = QUICK | {"epochs": "100000"}
DEATH_SECONDS = 60  # without notice of a death the others would wait for ever


def ends(host: Host, seconds: float = DEATH_SECONDS) -> int:
    """Wait for a host's end; returns its exit code."""
    return host.process.wait(seconds)


def test_two_hosts_take_the_same_steps_on_different_images(tmp_path: Path) -> None:
    plain = {"recipe": "builtin", "network": "small", "kv_store": "dist_sync", "epochs": "3"}
    bases = write_hosts(tmp_path, 2, QUICK | plain | {"early_stopping": "True"})
    with started(bases) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    digests = first.values(DIGEST)
    assert digests == second.values(DIGEST)
    assert len(set(digests)) == len(digests) > 0
    assert first.values(VALIDATION) == second.values(VALIDATION)
    for host in (first, second):
        assert "images: 24 to train on, 24 to validate with" in host.text()
        assert len(host.values(r"Epoch\[\d+\] Train-accuracy=(\S+)")) == 3
        # 24 images of this host in batches of 16.
        assert max(host.values(r"Epoch\[0\] Batch \[(\d+)\]")) == "2"
    assert not any((second.base / "model").glob("*"))
    assert metadata(first.base)["hosts"] == {"count": 2, "kv_store": "dist_sync"}
    image = (first.base / "input" / "data" / "train" / "000.png").read_bytes()
    assert Predictor(first.base / "model").predict(image).sum() == pytest.approx(1, abs=1e-5)


def test_averages_and_their_statistics_agree_without_a_kv_store_given(tmp_path: Path) -> None:
    bases = write_hosts(
        tmp_path, 2, QUICK | {"epochs": "5"}
    )  # ten steps: one update of the average
    with started(bases) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    assert "kv_store is not given: 2 hosts train with dist_sync" in second.text()
    (digest,) = first.values(DIGEST)
    assert second.values(DIGEST) == [digest]
    assert metadata(first.base)["epochs"] == 5


@pytest.mark.parametrize("kv_store", ["dist_sync", "dist_async"])
def test_hosts_begin_with_the_base_network_and_judge_by_all_their_images(
    tmp_path: Path, kv_store: str
) -> None:
    given = QUICK | {"kv_store": kv_store, "use_pretrained_model": "1", "epochs": "10"}
    bases = write_hosts(tmp_path, 2, given)
    with started(bases) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    for host in (first, second):
        assert f"Starting from the base network {BASE_FILE.name}" in host.text()
        assert "images: 24 to train on" in host.text()
    (digest,) = first.values(DIGEST)
    assert second.values(DIGEST) == [digest]
    about = metadata(first.base)
    assert about["hosts"] == {"count": 2, "kv_store": kv_store}
    assert about["familiarity"] == "folded into the network"
    assert about["validation"]["accuracy"] > 0.9
    card = json.loads((first.base / "output" / "data" / "model-card.json").read_text())
    told = card["training_details"]["training_job_details"]["training_datasets"][0]
    assert "24 images of 32 x 32 pixels, this host's share among 2" in told
    assert not (second.base / "output" / "data").exists()


def test_asynchronous_hosts_end_with_the_same_parameters(tmp_path: Path) -> None:
    hyperparameters = QUICK | {"kv_store": "dist_async", "epochs": "5", "optimizer": "sgd"}
    bases = write_hosts(tmp_path, 2, hyperparameters)
    with started(bases) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    (digest,) = first.values(DIGEST)
    assert second.values(DIGEST) == [digest]
    assert first.values(VALIDATION) == second.values(VALIDATION)
    assert float(first.values(r"Train-accuracy=(\S+)")[-1]) > 0.7


def test_hosts_go_on_from_a_checkpoint_and_end_with_the_same_parameters(tmp_path: Path) -> None:
    given = QUICK | {"epochs": "4", "checkpoint_frequency": "1"}
    whole, cut = (write_hosts(tmp_path / name, 2, given) for name in ("whole", "cut"))
    with started(whole) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    expected = first.values(DIGEST)[-1]
    for base in cut.values():
        (base / "checkpoints").mkdir()
    with started(cut) as (first, second):
        first.until(r"Epoch\[1\] Validation-accuracy=(\S+)")
        kill(second.worker())
        assert (ends(first), ends(second)) == (2, 2)
    one, other = (base / "checkpoints" for base in cut.values())
    assert list(other.iterdir()) == []
    shutil.copytree(one, other, dirs_exist_ok=True)  # as S3 brings it to all hosts
    with started(cut) as (first, second):
        assert (ends(first, 300), ends(second, 120)) == (0, 0), first.text() + second.text()
    assert int(first.values(r"Resumed from the checkpoint after (\d+) epoch")[0]) >= 1
    assert first.values(DIGEST)[-1] == second.values(DIGEST)[-1] == expected


def test_hosts_with_different_checkpoints_do_not_begin(tmp_path: Path) -> None:
    bases = write_hosts(tmp_path, 2, QUICK | {"epochs": "1"})
    first, second = bases.values()
    (first / "checkpoints").mkdir()
    with started(bases) as hosts:
        assert [ends(host, 300) for host in hosts] == [0, 0]
    with started(bases) as hosts:
        assert [ends(host, 300) for host in hosts] == [1, 1]
    assert "the hosts have checkpoints of different epochs" in failure(second)


def test_the_death_of_a_worker_ends_the_training_on_all_hosts(tmp_path: Path) -> None:
    with started(write_hosts(tmp_path, 2, LONG)) as (first, second):
        leftovers = [first.worker(), *children(first.process.pid), *children(second.process.pid)]
        kill(second.worker())
        died = time.monotonic()
        assert (ends(first), ends(second)) == (2, 2)
        assert time.monotonic() - died < DEATH_SECONDS
    for host in (first, second):
        assert failure(host.base).startswith(
            f"InternalServerError: the worker on {second.name} has ended too early (SIGKILL"
        )
    assert all(is_gone(pid) for pid in leftovers)


def test_a_stop_request_to_one_host_stops_all_and_keeps_the_model(tmp_path: Path) -> None:
    with started(write_hosts(tmp_path, 2, LONG)) as (first, second):
        first.worker()
        second.process.send_signal(signal.SIGTERM)
        assert (ends(first, 120), ends(second, 120)) == (0, 0)
    assert first.values(DIGEST) == second.values(DIGEST) != []
    assert "Stop requested in epoch" in first.text()
    assert metadata(first.base)["epochs"] >= 1


def test_an_unreadable_image_on_one_host_is_the_reason_on_all(tmp_path: Path) -> None:
    bases = write_hosts(tmp_path, 2, LONG)
    first, second = bases.values()
    for image in (second / "input" / "data" / "validation").iterdir():
        image.write_bytes(b"nothing")
    with started(bases) as hosts:
        assert [ends(host, 300) for host in hosts] == [1, 1]
    for base in (first, second):
        assert re.match(rf"ClientError: on {second.name}: \d+\.png: ", failure(base))


# A worker that does nothing but end with its supervisor.
IDLE = [sys.executable, "-c", "import sys; sys.stdin.read()"]
SUPERVISE = f"""
import sys
from scones_algorithms import training_job
from scones_algorithms.container import Container
from scones_algorithms.distributed.supervisor import supervise
from scones_algorithms.logs import configure_logging
def train(container, stop):
    supervise({IDLE!r}, container.cluster(), container, stop)
configure_logging()
sys.exit(training_job.run(train, Container.from_environment()))
"""


class IdleHost(Host):
    """A host whose supervisor, scheduler and server are real, and whose worker is idle."""

    command = (sys.executable, "-c", SUPERVISE)

    def process_of(self, wanted: str) -> int:
        """The pid of the child with a role, once it is there."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for pid in children(self.process.pid):
                if role(pid) == wanted:
                    return pid
            time.sleep(0.05)
        raise AssertionError(self.text())


@pytest.mark.parametrize("which", ["scheduler", "server", "worker"])
def test_whatever_process_dies_is_named_on_all_hosts(tmp_path: Path, which: str) -> None:
    with started(write_hosts(tmp_path, 3, SMALL_JOB), IdleHost) as hosts:
        victim = hosts[0 if which == "scheduler" else 2]
        others = [host.process_of("worker") for host in hosts]
        kill(victim.process_of(which))
        assert [ends(host) for host in hosts] == [2, 2, 2]
    for host in hosts:
        assert f"the {which} on {victim.name} has ended too early (SIGKILL" in failure(host.base)
    assert all(is_gone(pid) for pid in others)


@pytest.mark.parametrize("number", [0, 2])
def test_a_host_that_dies_whole_is_missed_by_all_and_leaves_nothing(
    tmp_path: Path, number: int
) -> None:
    with started(write_hosts(tmp_path, 3, SMALL_JOB), IdleHost) as hosts:
        victim = hosts.pop(number)
        ours = [victim.process_of("server"), victim.process_of("worker")]
        [host.process_of("worker") for host in hosts]
        kill(victim.process.pid)
        assert [ends(host) for host in hosts] == [2, 2]
        assert all(is_gone(pid) for pid in ours)
    for host in hosts:
        assert f"{victim.name} has ended before its training was done" in failure(host.base)


def test_a_stop_before_all_hosts_have_joined_ends_at_once(tmp_path: Path) -> None:
    bases = write_hosts(tmp_path, 2, SMALL_JOB)
    alone = dict([next(iter(bases.items()))])
    with started(alone, IdleHost) as (first,):
        first.until("waits for 1 other host")
        first.process.send_signal(signal.SIGTERM)
        assert ends(first) == 0


def test_replicated_images_are_dealt_out_whole_and_not_by_class() -> None:
    entries = [Entry(Path(f"{number}.png"), number % 2) for number in range(41)]
    channel = Channel("train", Path(), "", "File")
    hosts = ("algo-1", "algo-10", "algo-2")
    shares = [own_share(entries, channel, Cluster(hosts, host), seed=3) for host in hosts]
    assert sorted(entry.path for share in shares for entry in share) == sorted(
        entry.path for entry in entries
    )
    assert sorted(len(share) for share in shares) == [13, 14, 14]
    assert all({entry.label for entry in share} == {0, 1} for share in shares)
    with pytest.raises(CustomerError, match="2 images in channel train are too few for 3 instan"):
        own_share(entries[:2], channel, Cluster(hosts, "algo-2"), seed=3)


def test_of_a_sharded_channel_a_host_takes_what_it_has(tmp_path: Path) -> None:
    entries = [Entry(tmp_path / f"{number}.png", number % 2) for number in range(6)]
    for entry in entries[::2]:
        entry.path.write_bytes(b"")
    channel = Channel("train", tmp_path, "", "File", sharded=True)
    cluster = Cluster(("algo-1", "algo-2"), "algo-2")
    assert own_share(entries, channel, cluster, seed=0) == entries[::2]
    with pytest.raises(CustomerError, match="ShardedByS3Key and this host has none"):
        own_share(entries[1::2], channel, cluster, seed=0)


def test_a_host_that_never_joins_is_named() -> None:
    cluster = Cluster(("127.51.0.1", "algo-2", "algo-3"), "127.51.0.1")
    with pytest.raises(ClusterError, match=r"algo-2, algo-3 did not join .* within 0\.2 seconds"):
        asyncio.run(meet(cluster, join_seconds=0.2))


def test_a_first_host_that_never_answers_is_named() -> None:
    cluster = Cluster(("127.51.0.2", "algo-2"), "algo-2")
    with pytest.raises(ClusterError, match=r"algo-2 cannot reach 127\.51\.0\.2 on port"):
        asyncio.run(meet(cluster, join_seconds=0.2))


def test_silence_is_the_end_of_a_host() -> None:
    async def hear_nothing(end: socket.socket) -> None:
        peer = Peer("algo-2", *await asyncio.open_connection(sock=end))
        try:
            await peer.hear(silence_seconds=0.2)
        finally:
            await peer.close()

    ours, theirs = socket.socketpair()
    with theirs, pytest.raises(ClusterError, match=r"heard of algo-2 for 0\.2 seconds"):
        asyncio.run(hear_nothing(ours))
