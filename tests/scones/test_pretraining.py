"""The folder of a base network's training, and what is told of one that fails."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from scones.errors import TrainingError
from scones.etl.drawings import Drawings
from scones.etl.source import Source
from scones.pretraining import SET_ASIDE, pretrain
from scones.progress import SILENT

PROGRAM = """#!{python}
import json, os, pathlib, sys
base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR", "."))
if sys.argv[1:] == ["-m", "scones_algorithms.image_classification", "train"]:
    if (base / "fail").exists():
        (base / "output").mkdir()
        (base / "output" / "failure").write_text("ClientError: no images")
        sys.exit(1)
    (base / "asked.json").write_text((base / "input/config/hyperparameters.json").read_text())
    print("Epoch[0] Validation-accuracy=0.250000")
else:
    pathlib.Path(sys.argv[4]).write_text(" ".join(sys.argv[3:]))
    print("0123")
"""


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A program in the place of the environment's interpreter: it notes what it is asked."""
    path = tmp_path / "python"
    path.write_text(PROGRAM.format(python=sys.executable))
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def source() -> Source:
    return Drawings()


def test_the_projects_classes_are_kept_from_the_base(
    tmp_path: Path, python: Path, source: Source
) -> None:
    done = pretrain(source, ("bicycle",), tmp_path / "p", python, epochs=2, reporter=SILENT)
    base = tmp_path / "p" / "ml"
    asked = json.loads((base / "asked.json").read_text())
    assert asked["recipe"] == "pretrain"
    assert (asked["num_classes"], asked["epochs"], asked["seed"]) == ("2", "2", "0")
    assert int(asked["num_training_samples"]) == 2 * 485
    lines = (base / "input/data/train_lst/train.lst").read_text().splitlines()
    assert len(lines) == 2 * 485
    first = lines[0].split("\t")[2]
    assert (base / "input" / "data" / "train" / first).is_file()
    assert (base / "checkpoints").is_dir()
    assert done.sha256 == "0123"
    assert "all but bicycle" in done.file.read_text()


def test_twenty_classes_are_kept_for_measuring_what_a_model_has_never_met() -> None:
    assert len(set(SET_ASIDE)) == 20
    benchmark = Path(__file__).parents[2] / "benchmarks" / "foreign_pictures.py"
    assert runpy.run_path(str(benchmark))["SET_ASIDE"] == SET_ASIDE


def test_no_class_that_is_set_aside_reaches_the_base(tmp_path: Path, python: Path) -> None:
    class Photos(Drawings):
        """Drawings, under names of CIFAR-100."""

        def class_names(self) -> tuple[str, ...]:
            return (*super().class_names(), "tractor")

    done = pretrain(Photos(), ("bicycle",), tmp_path / "p", python, epochs=2, reporter=SILENT)
    asked = json.loads((tmp_path / "p" / "ml" / "asked.json").read_text())
    assert asked["num_classes"] == str(len(Drawings().class_names()) - 1)
    assert "tractor" in done.file.read_text()


def test_a_failure_is_told_in_the_algorithms_own_words(
    tmp_path: Path, python: Path, source: Source
) -> None:
    base = tmp_path / "p" / "ml"
    base.mkdir(parents=True)
    (base / "fail").touch()
    with pytest.raises(TrainingError, match="exit code 1: ClientError: no images"):
        pretrain(source, ("bicycle",), tmp_path / "p", python, reporter=SILENT)
