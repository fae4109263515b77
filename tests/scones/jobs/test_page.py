from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from scones.errors import DataError
from scones.jobs import Course, TrainingRun, write_page
from scones.jobs.charts import parts
from scones.jobs.history import told_apart


def run(number: int, **hyperparameters: str) -> TrainingRun:
    return TrainingRun(
        name=f"bakery-{number}",
        status="Completed" if number else "Failed",
        created=datetime(2026, 1, 2, 3, number, tzinfo=UTC),
        stages={"Starting": 1.0, "Downloading": 2.0, "Training": 30.0, "Uploading": 0.5},
        hyperparameters={"epochs": "3", **hyperparameters},
        metrics={"validation:accuracy": 0.9 + number / 100} if number else {},
        model_uri=f"s3://data/{number}/model.tar.gz" if number else None,
        reason=None if number else "AlgorithmError: <b>learning_rate</b> is not above 0",
        endpoints=("bakery-classifier",) if number == 1 else (),
    )


RUNS = [run(1, learning_rate="0.1"), run(2, learning_rate="0.01"), run(0, learning_rate="-1")]
COURSES = {
    "bakery-1": Course(
        {"validation:accuracy": {0: 0.7, 1: 0.9, 2: 0.91}, "epoch:seconds": {0: 8.0, 1: 9.0}}
    ),
    "bakery-2": Course({"validation:accuracy": {0: 0.5, 1: 0.8, 2: 0.92}}),
}


def test_the_page_holds_jobs_curves_and_what_tells_them_apart(tmp_path: Path) -> None:
    html = write_page(RUNS, COURSES, tmp_path / "new", title="bakery: models")
    text = html.read_text()
    for wanted in ("bakery-1", "0.9100", "learning_rate", "0.01", "bakery-classifier", "33.5 s"):
        assert wanted in text
    assert "<th>epochs</th>" not in text
    assert "&lt;b&gt;learning_rate" in text
    assert "<b>learning_rate" not in text
    for name in ("learning", "learning-dark", "time", "time-dark"):
        with Image.open(tmp_path / "new" / f"{name}.png") as picture:
            colours = picture.convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 20


def test_jobs_without_a_log_or_stages_have_a_page_without_charts(tmp_path: Path) -> None:
    bare = TrainingRun("bakery-9", "InProgress", datetime.now(UTC), {}, {}, {}, None, None)
    assert "bakery-9" in write_page([bare], {}, tmp_path, title="t").read_text()
    assert not list(tmp_path.glob("*.png"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot write a page"):
        write_page(RUNS, COURSES, tmp_path / "file", title="t")


def test_the_time_of_training_is_told_apart_by_epochs_and_the_rest() -> None:
    spent = parts(RUNS[0], COURSES["bakery-1"])
    assert spent == {
        "starting": 1.0,
        "downloading": 2.0,
        "epochs": 17.0,
        "rest of training": 13.0,
        "uploading": 0.5,
    }
    assert sum(spent.values()) == RUNS[0].seconds


def test_only_hyperparameters_that_differ_tell_jobs_apart() -> None:
    assert told_apart(RUNS) == ["learning_rate"]
    assert told_apart(RUNS[:1]) == []
