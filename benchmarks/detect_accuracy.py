"""Mean average precision of the detector on held-out composed scenes, and counts on real photos.

    .tox/tools/bin/python benchmarks/detect_accuracy.py ARCHIVE [--train 3000] [--epochs 6]
    ... --photos FOLDER     also count on COCO photos (images/, instances.json)
    ... --job FOLDER        score a job that has been trained already, instead of training

One training job as SageMaker would start it, in .tox/algorithms. The test scenes, whose objects
come from the archive's test images, are scored once, with the saved model, by pycocotools. Prints
one JSON document.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from detect_latency import Server
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from scones.config import DetectorSettings
from scones.detection.coco import read_coco
from scones.detection.composed import ComposedScenes
from scones.detection.scene import Box
from scones.detection.staged import StagedScenes
from scones.detection.staging import stage
from scones.emulation.services import interpreter
from scones.etl.cifar import CifarArchive

ALGORITHM = [str(interpreter("algorithms")), "-m", "scones_algorithms.object_detection"]
CHANNELS = ("train", "validation", "train_annotation", "validation_annotation")
COUNTED_FROM = 0.5  # score of a box that counts as told, on real photos
FOUND_FROM = 0.5  # intersection over union


def compose(archive: Path, arguments: argparse.Namespace, folder: Path) -> StagedScenes:
    settings = DetectorSettings()
    counts = {"train": arguments.train, "validation": arguments.validation, "test": arguments.test}
    source = ComposedScenes(
        *(CifarArchive(archive), settings.classes, settings.others, counts),
        *(settings.image_shape, arguments.seed),
    )
    return stage(source, settings.classes, folder)


def train(staged: StagedScenes, base: Path, arguments: argparse.Namespace) -> dict[str, float]:
    config, data = base / "input" / "config", base / "input" / "data"
    config.mkdir(parents=True)
    data.mkdir()
    for channel in CHANNELS:
        (data / channel).symlink_to(staged.directory.absolute() / channel)
    described = {channel: {"ContentType": "application/x-image"} for channel in CHANNELS}
    given = {
        "num_classes": str(len(staged.classes)),
        "num_training_samples": str(staged.pictures["train"]),
        "epochs": str(arguments.epochs),
        "seed": str(arguments.seed),
    }
    given |= dict(pair.split("=", 1) for pair in arguments.set)
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    (config / "hyperparameters.json").write_text(json.dumps(given))
    environment = os.environ | {"SAGEMAKER_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"}
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*ALGORITHM, "train"], env=environment, stdout=sys.stderr, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds": round(cpu, 1), "seconds": round(time.monotonic() - started, 1)}


def score(staged: StagedScenes, server: Server) -> dict[str, float]:
    """Score the test scenes by COCO's protocol and by PASCAL VOC's overlap of one half."""
    documents = sorted(staged.annotations("test").glob("*.json"))
    images, truths, answers = [], [], []
    for number, file in enumerate(documents, start=1):
        document = json.loads(file.read_bytes())
        size = document["image_size"][0]
        images.append({"id": number, "width": size["width"], "height": size["height"]})
        for one in document["annotations"]:
            box = [one["left"], one["top"], one["width"], one["height"]]
            truths.append(_coco(len(truths) + 1, number, one["class_id"], box) | {"iscrowd": 0})
        for row in server.detect((staged.images("test") / document["file"]).read_bytes()):
            box = in_pixels(row, size["width"], size["height"])
            answers.append(_coco(len(answers) + 1, number, int(row[0]), box) | {"score": row[1]})
    categories = [{"id": number + 1, "name": name} for number, name in enumerate(staged.classes)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {"images": images, "annotations": truths, "categories": categories}
        truth.createIndex()
        judged = COCOeval(truth, truth.loadRes(answers), "bbox")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    at_half = judged.eval["precision"][0, :, :, 0, 2]  # recall levels, classes
    by_class = {name: at_half[:, n].mean() for n, name in enumerate(staged.classes)}
    return {
        "scenes": len(images),
        "objects": len(truths),
        "mAP@0.5": round(float(judged.stats[1]), 4),
        "mAP@0.5:0.95": round(float(judged.stats[0]), 4),
        "mAP@0.5, VOC 2007's eleven points": round(float(at_half[::10].mean()), 4),
    } | {f"AP@0.5 {name}": round(float(value), 4) for name, value in by_class.items()}


def _coco(number: int, image: int, class_id: int, box: list[float]) -> dict[str, object]:
    return {
        "id": number,
        "image_id": image,
        "category_id": class_id + 1,
        "bbox": box,
        "area": box[2] * box[3],
    }


def in_pixels(row: list[float], width: int, height: int) -> list[float]:
    left, top, right, bottom = row[2:]
    return [left * width, top * height, (right - left) * width, (bottom - top) * height]


def count(photos: Path, classes: tuple[str, ...], server: Server) -> dict[str, object]:
    """Count boxes on real photos: so few carry no percentage."""
    found = dict.fromkeys(classes, 0)
    there = dict.fromkeys(classes, 0)
    told = dict.fromkeys(classes, 0)
    for scene in read_coco(photos / "instances.json", photos / "images"):
        rows = [row for row in server.detect(scene.content) if row[1] >= COUNTED_FROM]
        for row in rows:
            told[classes[int(row[0])]] += 1
        for box in scene.boxes:
            if box.class_name not in classes:
                continue
            there[box.class_name] += 1
            found[box.class_name] += any(
                classes[int(row[0])] == box.class_name
                and overlap(in_pixels(row, scene.width, scene.height), box) >= FOUND_FROM
                for row in rows
            )
    return {
        name: {"boxes": there[name], "found": found[name], "told": told[name]} for name in classes
    }


def overlap(ours: list[float], theirs: Box) -> float:
    left, top, width, height = ours
    wide = min(left + width, theirs.right) - max(left, theirs.left)
    high = min(top + height, theirs.bottom) - max(top, theirs.top)
    common = max(0.0, wide) * max(0.0, high)
    return common / (width * height + theirs.width * theirs.height - common)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--validation", type=int, default=150)
    parser.add_argument("--test", type=int, default=400)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--job", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scones-detect-") as folder:
        staged = compose(arguments.archive, arguments, Path(folder) / "scenes")
        base = arguments.job or Path(folder) / "ml"
        document: dict[str, object] = {"scenes": staged.as_json()}
        if arguments.job is None:
            document["training"] = train(staged, base, arguments)
        with Server(base) as server:
            document["test"] = score(staged, server)
            if arguments.photos:
                document["photos"] = count(arguments.photos, staged.classes, server)
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
