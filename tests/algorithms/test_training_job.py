"""What becomes of a training function's errors, and of the process's threads."""

import errno
import os
from pathlib import Path

import pytest

from scones_algorithms import training_job
from scones_algorithms.container import FAILURE_REASON_CHARS, Container
from scones_algorithms.errors import CustomerError, ImageError
from scones_algorithms.threads import available_cores, limit_threads, serving_threads


def outcome(base: Path, error: BaseException) -> tuple[int, str]:
    def fail(container: Container, stop: object) -> None:
        raise error

    code = training_job.run(fail, Container(base))
    return code, (base / "output" / "failure").read_text()


@pytest.mark.parametrize("error", [CustomerError("epochs='x'"), ImageError("broken")])
def test_a_customers_error_is_one_line_and_exit_code_1(tmp_path: Path, error: Exception) -> None:
    assert outcome(tmp_path, error) == (1, f"ClientError: {error}\n")


def test_an_error_of_ours_begins_with_its_reason_and_is_exit_code_2(tmp_path: Path) -> None:
    code, text = outcome(tmp_path, KeyError("a\nb"))
    assert code == 2
    assert text.splitlines()[0].startswith("InternalServerError: KeyError: ")
    assert "Traceback" in text
    assert text.index("Traceback") < FAILURE_REASON_CHARS


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    assert outcome(tmp_path, error) == (1, "ClientError: no space left on the device\n")


def test_a_failure_file_that_cannot_be_written_does_not_hide_the_failure(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("in the way")

    def fail(container: Container, stop: object) -> None:
        raise CustomerError("epochs='x'")

    assert training_job.run(fail, Container(tmp_path)) == 1


def test_a_training_that_returns_is_a_success(tmp_path: Path) -> None:
    assert training_job.run(lambda container, stop: None, Container(tmp_path)) == 0
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"OMP_NUM_THREADS": "3"}, 3), ({}, None), ({"OMP_NUM_THREADS": "x"}, None)],
)
def test_threads_are_those_given_or_all_cores_but_one(
    given: dict[str, str], expected: int | None
) -> None:
    environ = dict(given)
    threads = limit_threads(environ)
    assert threads == (expected or max(1, available_cores() - 1))
    assert environ["OMP_NUM_THREADS"] == str(threads)


def test_serving_takes_all_cores_unless_told_otherwise() -> None:
    assert serving_threads({"OMP_NUM_THREADS": "3"}) == 3
    assert serving_threads({}) == available_cores()


@pytest.mark.parametrize(
    "files",
    [
        {"cpu.max": "100000 100000"},
        {"cpu.max": "50000 100000"},
        {"cpu/cpu.cfs_quota_us": "150000", "cpu/cpu.cfs_period_us": "100000"},
    ],
    ids=["one", "half", "version 1"],
)
def test_a_containers_cpu_limit_counts(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert available_cores(tmp_path) == 1


@pytest.mark.parametrize(
    "files",
    [
        {"cpu.max": "max 100000"},
        {"cpu.max": "6400000 100000"},
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
    ],
    ids=["none", "beyond the machine's", "version 1"],
)
def test_no_limit_is_no_limit(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert available_cores(tmp_path) == len(os.sched_getaffinity(0))


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
