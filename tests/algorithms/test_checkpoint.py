"""A training that was cut off goes on, and ends as if nothing had happened."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from scones_algorithms.checkpoint import Checkpoints, State
from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.image_classification.train import train
from scones_algorithms.stop_request import StopRequest
from tests.algorithms.jobs import COMMAND, SMALL_JOB, environment, run_train, write_job

BRIEF = SMALL_JOB | {"epochs": "4", "mini_batch_size": "8"}


def begin(base: Path, hyperparameters: dict[str, str]) -> Path:
    write_job(base, BRIEF | hyperparameters, train=24, validation=8)
    (base / "checkpoints").mkdir()
    return base


def end(base: Path) -> None:
    """Train in this process."""
    container = Container(base)
    train(read_job(container), container, StopRequest())


def model_files(base: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (base / "model").iterdir()}


def killed_after_epoch(base: Path, epoch: int) -> None:
    """Start a job as a process and kill it once the epoch after `epoch` has begun."""
    process = subprocess.Popen(
        [*COMMAND, "train"], env=environment(base), stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if f"Epoch[{epoch + 1}] Batch" in line:
                break
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {},
        {"num_layers": "20", "learning_rate": "0.01"},
        {"optimizer": "adam"},
        {"use_pretrained_model": "1"},  # what `scones train` sends
    ],
    ids=["modern", "builtin", "adam", "pretrained"],
)
def test_a_killed_job_goes_on_and_ends_with_the_same_model(
    tmp_path: Path, hyperparameters: dict[str, str]
) -> None:
    whole, cut = (begin(tmp_path / name, hyperparameters) for name in ("whole", "cut"))
    assert run_train(whole).returncode == 0
    killed_after_epoch(cut, 1)
    shutil.rmtree(cut / "model", ignore_errors=True)  # another machine has checkpoints alone
    process = run_train(cut)
    assert "Resumed from the checkpoint after 2 epochs" in process.stdout
    assert "Epoch[1]" not in process.stdout
    assert model_files(cut) == model_files(whole)


def test_a_job_that_was_killed_after_its_last_epoch_only_saves(tmp_path: Path) -> None:
    base = begin(tmp_path, {"epochs": "1"})
    assert run_train(base).returncode == 0
    before = model_files(base)
    shutil.rmtree(base / "model")
    assert "Epoch[0] Train" not in run_train(base).stdout
    assert model_files(base) == before


def test_a_checkpoint_of_another_job_is_refused_by_what_differs(tmp_path: Path) -> None:
    base = begin(tmp_path, {"epochs": "1"})
    end(base)
    config = base / "input" / "config" / "hyperparameters.json"
    config.write_text(json.dumps(BRIEF | {"epochs": "2", "seed": "4"}))
    with pytest.raises(CustomerError, match="a job with other epochs, seed: give"):
        end(base)


def test_a_broken_checkpoint_is_told_plainly(tmp_path: Path) -> None:
    base = begin(tmp_path, {"epochs": "1"})
    end(base)
    path = base / "checkpoints" / "training-state.npz"
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CustomerError, match="cannot be read"):
        end(base)


def test_nothing_is_written_where_no_checkpoints_are_wanted(tmp_path: Path) -> None:
    write_job(tmp_path, BRIEF | {"epochs": "1"}, train=8, validation=0)
    end(tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_a_host_that_does_not_write_reads_all_the_same(tmp_path: Path) -> None:
    state = State.of(3, {"best": 0.5}, weights={"a": np.arange(3)})
    model, folder = tmp_path / "model", tmp_path / "checkpoints"
    folder.mkdir()
    Checkpoints(folder, model, {}, writes=False).write(state)
    assert list(folder.iterdir()) == []
    Checkpoints(folder, model, {}).write(state)
    found = Checkpoints(folder, model, {}, writes=False).read()
    assert found is not None
    np.testing.assert_array_equal(found.part("weights")["a"], np.arange(3))
