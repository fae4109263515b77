"""Ctrl-C in every stage of the demo: one line, exit code 130, and the next run completes."""

import re
import signal
import threading
from pathlib import Path

import psutil
import pytest

from .conftest import Scones, make_scones
from .test_aws_profile import draw_noise

TEST_IMAGES = 8  # of each class: where the demo is interrupted does not depend on how many
STAGES = ("up", "etl", "deploy", "train", "endpoint", "workflow", "report", "end")


@pytest.fixture(scope="module")
def same(tmp_path_factory: pytest.TempPathFactory):
    """One state folder for all interruptions: each run starts from what the last one left."""
    made = make_scones(tmp_path_factory.mktemp("interrupted"))
    yield made
    made.run("down")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Few images of three classes: `demo` takes two of them unless told otherwise."""
    folder = tmp_path_factory.mktemp("photos")
    for split, count in (("train", 40), ("test", TEST_IMAGES)):
        for number in range(count):
            for name in ("bicycle", "bus", "motorcycle"):
                draw_noise(folder / split / name / f"{number}.png", seed=(count, number))
    return folder


def interrupt(scones: Scones, photos: Path, number: int) -> tuple[int, str]:
    """Press Ctrl-C as soon as the demo says that a stage has begun."""
    said = []
    with scones.start("demo", "--folder", str(photos)) as process:
        watchdog = threading.Timer(500, process.kill)
        watchdog.start()
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if line.startswith(f"[{number}/"):
                process.send_signal(signal.SIGINT)
                break
        said += process.stderr.readlines()
        code = process.wait(120)
        watchdog.cancel()
    return code, "".join(said)


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupted_stage_is_one_line_and_leaves_no_process(
    same: Scones, photos: Path, stage: str
) -> None:
    code, said = interrupt(same, photos, STAGES.index(stage) + 1)
    assert code == 130, said
    assert len(re.findall(r"^error: interrupted", said, re.MULTILINE)) == 1
    assert "Traceback" not in said
    found = {
        process: " ".join(_command(process))
        for process in psutil.process_iter()
        if process.pid != 1
    }
    left = [process for process, command in found.items() if str(same.state_dir) in command]
    _, alive = psutil.wait_procs(left, timeout=10)  # what has been killed may still be ending
    assert not [found[process] for process in alive]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_the_next_run_completes_with_three_classes_and_leaves_nothing(
    same: Scones, photos: Path
) -> None:
    summary = same.json("demo", "--folder", str(photos), "--classes", "bicycle,motorcycle,bus")
    assert summary["classes"] == ["bicycle", "motorcycle", "bus"]
    assert summary["test_images"] == 3 * TEST_IMAGES
    assert summary["executions"]["failed"] == 0
    assert summary["captured_records"] == summary["test_images"]
    assert summary["removed"]
    assert Path(summary["report"]).exists()
    assert not (same.state_dir / "s3").exists()
