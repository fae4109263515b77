"""A base network: CIFAR-100's other classes become the weights that few images can start from.

    archive ──stage──▶ all classes but the project's ──▶ a job's folder (as /opt/ml)
        ──▶ the algorithm's `train`, recipe=pretrain ──▶ base network and its card

It needs no services: the algorithm runs as a process of its own on one thread, so that the same
archive and seed give the same file. What is cut off goes on after its last epoch.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scones.errors import TrainingError
from scones.etl.dataset import Dataset
from scones.etl.source import Source, Split
from scones.etl.staging import stage
from scones.progress import Reporter

BASE_NAME = "wide-cifar78-v3.params"
# No base sees these, so that they can tell what a model makes of things it has never met: of each
# of CIFAR-100's twenty superclasses the last in the alphabet (Krizhevsky 2009, section 3).
SET_ASIDE = (
    *("whale", "trout", "tulip", "plate", "sweet_pepper", "television", "wardrobe", "cockroach"),
    *("wolf", "skyscraper", "sea", "kangaroo", "skunk", "worm", "woman", "turtle", "squirrel"),
    *("willow_tree", "train", "tractor"),
)
VALIDATION_FRACTION = 0.03  # ten images of each class with 350
ALGORITHM = "scones_algorithms.image_classification"
_EPOCH = re.compile(r"Epoch\[(\d+)\] Validation-accuracy=(\S+)")
_SPLITS: tuple[Split, ...] = ("train", "validation")


@dataclass(frozen=True)
class Pretrained:
    """A base network.

    Attributes:
        file: The weights.
        card: What they are.
        sha256: Of the weights' file.
    """

    file: Path
    card: Path
    sha256: str


def pretrain(
    source: Source,
    apart: tuple[str, ...],
    directory: Path,
    python: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    reporter: Reporter,
) -> Pretrained:
    """Train a base network on the classes of a source, but for some.

    Args:
        source: Images with many classes.
        apart: Classes that the base must not see.
        directory: Where everything is put; a second call goes on there.
        python: Interpreter of the environment `algorithms`.
        seed: Of the training.
        epochs: Passes over the images, by default the recipe's.
        reporter: Told each epoch.

    Raises:
        UsageError: Too few classes are left.
        TrainingError: The training failed.
    """
    unseen = (*apart, *SET_ASIDE)
    classes = tuple(name for name in source.class_names() if name not in unseen)
    dataset = stage(
        source,
        classes,
        directory / "data",
        validation_fraction=VALIDATION_FRACTION,
        reporter=reporter,
    )
    base = directory / "ml"
    _lay_out(base, dataset, seed, epochs)
    _train(base, python, reporter)
    return _pack(base, directory / BASE_NAME, python, dataset, apart)


def _lay_out(base: Path, dataset: Dataset, seed: int, epochs: int | None) -> None:
    """Write a job's folder; checkpoints that are there stay."""
    shutil.rmtree(base / "input", ignore_errors=True)
    config, data = base / "input" / "config", base / "input" / "data"
    for folder in (config, data, base / "checkpoints"):
        folder.mkdir(parents=True, exist_ok=True)
    for split in _SPLITS:
        (data / split).symlink_to(dataset.channel(split).absolute())
        (data / f"{split}_lst").mkdir()
        shutil.copy(dataset.list_file(split), data / f"{split}_lst")
    given = {
        "num_classes": len(dataset.classes),
        "num_training_samples": dataset.size("train"),
        "image_shape": "3,32,32",
        "recipe": "pretrain",
        "top_k": 5,
        "seed": seed,
    }
    given |= {} if epochs is None else {"epochs": epochs}
    channel = {"ContentType": "application/x-image", "TrainingInputMode": "File"}
    channels = {name: channel for split in _SPLITS for name in (split, f"{split}_lst")}
    texts = {name: str(value) for name, value in given.items()}
    (config / "hyperparameters.json").write_text(json.dumps(texts))
    (config / "inputdataconfig.json").write_text(json.dumps(channels))


def _train(base: Path, python: Path, reporter: Reporter) -> None:
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"}
    command = [str(python), "-m", ALGORITHM, "train"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines = process.stdout or ()
        for line in lines:
            if found := _EPOCH.search(line):
                reporter.note(f"epoch {int(found[1]) + 1}: accuracy {found[2][:5]} on validation")
    if process.returncode != 0:
        failure = base / "output" / "failure"
        reason = failure.read_text().splitlines()[0] if failure.exists() else "see its log"
        raise TrainingError(f"pretraining ended with exit code {process.returncode}: {reason}")


def _pack(
    base: Path, file: Path, python: Path, dataset: Dataset, apart: tuple[str, ...]
) -> Pretrained:
    left_out = ", ".join((*apart, *SET_ASIDE))
    data = (
        f"{dataset.source}, {dataset.source_fingerprint}: {len(dataset.classes)} classes "
        f"(all but {left_out}), {dataset.size('train'):,} images to train on and "
        f"{dataset.size('validation'):,} of the training images to validate with"
    )
    command = [str(python), "-m", f"{ALGORITHM}.base_network", str(base), str(file)]
    done = subprocess.run([*command, "--data", data], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TrainingError(f"the base network cannot be written: {done.stderr.strip()}")
    return Pretrained(file, file.with_suffix(".md"), done.stdout.strip())
