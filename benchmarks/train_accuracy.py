"""Test accuracy on CIFAR-100's bicycles and motorcycles, over several seeds.

    .tox/algorithms/bin/python benchmarks/train_accuracy.py ARCHIVE [--seeds 0,1,2] [--set A=B]
    ... --set use_pretrained_model=1       from the base network
    ... --divisions 1,2,3 --choose         validation images alone, for choosing a recipe
    ... --strangers ARCHIVE --photos COCO  also pictures of other things, and cut-outs of photos

Each seed is one training job as SageMaker would start it: 900 images to train on, 100 carved out
of the training set to validate with. The 200 test images are scored once, after the last epoch,
with the saved artifact; with --choose they are not looked at, and each division of the training
images is one job that holds out other images. Of pictures of twenty classes that neither the job
nor the base network has seen it is told how many reach a confidence of 0.93. Prints progress on
standard error and one JSON document on standard output.
"""

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from foreign_pictures import cut_outs, strangers
from PIL import Image

from scones_algorithms.image_classification.calibration import (
    REPORTED_CONFIDENCE,
    calibration_error,
)
from scones_algorithms.image_classification.predictor import Predictor

CLASSES = (b"bicycle", b"motorcycle")
VALIDATION_PER_CLASS = 50
ALGORITHM = [sys.executable, "-m", "scones_algorithms.image_classification", "train"]
ALLOWED = {
    ("_codecs", "encode"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads arrays, lists and bytes; anything else in a pickle is refused."""

    def find_class(self, module, name):
        module = module.replace("numpy._core", "numpy.core")  # as numpy 2 writes it
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in an archive of images")
        return super().find_class(module, name)


class Others(NamedTuple):
    """What is scored beside the validation images."""

    choose: bool
    strangers: Path | None
    photos: Path | None


def read_part(archive: tarfile.TarFile, name: str) -> dict:
    member = archive.extractfile(f"cifar-100-python/{name}")
    return ArrayUnpickler(member, encoding="bytes").load()


def read_split(archive: tarfile.TarFile, split: str) -> tuple[np.ndarray, np.ndarray]:
    names = read_part(archive, "meta")[b"fine_label_names"]
    content = read_part(archive, split)
    numbers = np.array(content[b"fine_labels"])
    pixels = np.asarray(content[b"data"]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    picked = np.isin(numbers, [names.index(name) for name in CLASSES])
    labels = (numbers[picked] == names.index(CLASSES[1])).astype(int)
    return pixels[picked], labels


def png(image: np.ndarray | Image.Image) -> bytes:
    content = BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(content, "PNG")
    return content.getvalue()


def stage(base: Path, images: np.ndarray, labels: np.ndarray, division: int) -> None:
    """Write the channels of a job; which images validate does not depend on the job's seed."""
    rng = np.random.default_rng(division)
    held_out = np.concatenate(
        [rng.permutation(np.flatnonzero(labels == c))[:VALIDATION_PER_CLASS] for c in (0, 1)]
    )
    parts = {"validation": held_out, "train": np.setdiff1d(np.arange(len(labels)), held_out)}
    for name, numbers in parts.items():
        folder = base / "input" / "data" / name
        listing = base / "input" / "data" / f"{name}_lst"
        folder.mkdir(parents=True)
        listing.mkdir()
        lines = [f"{i}\t{labels[n]}\t{n:04d}.png\n" for i, n in enumerate(numbers)]
        (listing / f"{name}.lst").write_text("".join(lines))
        for number in numbers:
            (folder / f"{number:04d}.png").write_bytes(png(images[number]))


def configure(base: Path, hyperparameters: dict[str, str]) -> None:
    config = base / "input" / "config"
    config.mkdir(parents=True)
    channel = {"ContentType": "application/x-image", "TrainingInputMode": "File"}
    channels = {path.name: channel for path in (base / "input" / "data").iterdir()}
    (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    (config / "inputdataconfig.json").write_text(json.dumps(channels))


def train(base: Path) -> dict[str, float]:
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(ALGORITHM, env=environment, stdout=sys.stderr, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds": round(cpu, 1), "seconds": round(time.monotonic() - started, 1)}


def score(model_dir: Path, images: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    predictor = Predictor(model_dir)
    probabilities = np.array([predictor.predict(png(image)) for image in images])
    right = probabilities.argmax(axis=1) == labels
    confident = probabilities.max(axis=1) >= REPORTED_CONFIDENCE
    likelihood = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float(right.mean()),
        "calibration_error": round(calibration_error(probabilities.max(axis=1), right), 4),
        "mean_confidence": round(float(probabilities.max(axis=1).mean()), 4),
        "log_loss": round(float(-np.log(likelihood).mean()), 4),
        "share_confident": float(confident.mean()),
        "accuracy_confident": round(float(right[confident].mean()), 4) if confident.any() else 0.0,
    }


def score_strangers(model_dir: Path, archive: Path) -> dict[str, float]:
    """Tell of each class that nobody has seen which share of its images passes."""
    predictor = Predictor(model_dir)

    def passes(image: np.ndarray) -> bool:
        return bool(predictor.predict(png(image)).max() >= REPORTED_CONFIDENCE)

    with tarfile.open(archive) as opened:
        return {
            name: round(float(np.mean([passes(image) for image in images])), 4)
            for name, images in strangers(opened, read_part)
        }


def score_photos(model_dir: Path, folder: Path) -> dict[str, dict[str, int]]:
    """Count cut-outs of photos, those that are right, those that pass, and both."""
    predictor = Predictor(model_dir)
    own = [name.decode() for name in CLASSES]
    found: dict[str, dict[str, int]] = {}
    for name, image in cut_outs(folder):
        probabilities = predictor.predict(png(image))
        right = name in own and int(probabilities.argmax()) == own.index(name)
        passing = bool(probabilities.max() >= REPORTED_CONFIDENCE)
        row = found.setdefault(name, {"count": 0, "right": 0, "pass": 0, "right_of_pass": 0})
        for column, there in zip(row, (1, right, passing, right and passing), strict=True):
            row[column] += int(there)
    return found


def wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval that so many images allow around a share."""
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return round(float(middle - half), 4), round(float(middle + half), 4)


def summary(runs: list[dict], part: str) -> dict[str, object]:
    def values(name: str) -> np.ndarray:
        return np.array([run[part][name] for run in runs])

    accuracies = values("accuracy")
    passing = values("share_confident")
    right_of_passing = (passing * values("accuracy_confident")).sum() / max(passing.sum(), 1e-9)
    found = {
        "accuracy_mean": round(float(accuracies.mean()), 4),
        "accuracy_sd": round(float(accuracies.std(ddof=1)), 4) if len(runs) > 1 else None,
        "share_confident": round(float(passing.mean()), 4),
        "accuracy_confident": round(float(right_of_passing), 4),
        "log_loss": round(float(values("log_loss").mean()), 4),
        "cpu_seconds_mean": round(float(np.mean([run["cpu_seconds"] for run in runs])), 1),
    }
    if part == "test":
        found["interval_of_200_images"] = wilson(float(accuracies.mean()), 200)
        found["calibration_error_mean"] = round(float(values("calibration_error").mean()), 4)
    return found


def foreign_summary(runs: list[dict]) -> dict[str, object]:
    """Put together what was found over the seeds."""
    by_class = [run["strangers"] for run in runs if run["strangers"]]
    photos = [run["photos"] for run in runs if run["photos"]]
    found: dict[str, object] = {}
    if by_class:
        names = by_class[0].keys()
        found["passing"] = {
            name: round(float(np.mean([each[name] for each in by_class])), 4) for name in names
        }
        found["passing_mean"] = round(float(np.mean([list(e.values()) for e in by_class])), 4)
    if photos:
        found["photos"] = {
            name: {column: sum(each[name][column] for each in photos) for column in photos[0][name]}
            for name in photos[0]
        }
    return found


def run_seed(
    archive: tarfile.TarFile, seed: int, division: int, extra: dict[str, str], others: Others
) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="scones-train-") as folder:
        base = Path(folder)
        stage(base, *read_split(archive, "train"), division)
        given = {"num_classes": "2", "num_training_samples": "900", "image_shape": "3,32,32"}
        configure(base, given | {"seed": str(seed)} | extra)
        cost = train(base)
        metadata = json.loads((base / "model" / "model-metadata.json").read_text())
        model, choose = base / "model", others.choose
        test = {} if choose else score(model, *read_split(archive, "test"))
        strange = others.strangers and not choose and score_strangers(model, others.strangers)
        return {
            "seed": seed,
            "division": division,
            **cost,
            "temperature": round(metadata["calibration"]["temperature"], 4),
            "validation": metadata["validation"],
            "test": test,
            "strangers": strange or {},
            "photos": score_photos(model, others.photos) if others.photos and not choose else {},
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--set", action="append", default=[], metavar="A=B")
    parser.add_argument("--divisions", default="0", help="of the training images")
    parser.add_argument("--choose", action="store_true", help="do not look at the test images")
    parser.add_argument("--strangers", type=Path, help="an archive with all of CIFAR-100's classes")
    parser.add_argument("--photos", type=Path, help="a folder with instances.json and images/")
    arguments = parser.parse_args()
    others = Others(arguments.choose, arguments.strangers, arguments.photos)
    extra = dict(pair.split("=", 1) for pair in arguments.set)
    with tarfile.open(arguments.archive) as archive:
        runs = [
            run_seed(archive, int(seed), int(division), extra, others)
            for seed in arguments.seeds.split(",")
            for division in arguments.divisions.split(",")
        ]
    part = "validation" if arguments.choose else "test"
    document = {"runs": runs, part: summary(runs, part), "foreign": foreign_summary(runs)}
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
