"""Makes captures of real images, as they are and drifted, for `drift_detection.py`.

    .tox/algorithms/bin/python benchmarks/drift_captures.py ARCHIVE FOLDER

Trains once on 400 bicycles and motorcycles, and lets that model answer the 800 that it has not
seen: as they are, blurred, darkened and with less contrast, and 300 images of other vehicles.
Writes one capture file per kind, in the form of SageMaker's data capture, and what the model's last
hidden layer says of the same images, `embeddings.npy`.
"""

import argparse
import base64
import json
import tarfile
import tempfile
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter
from train_accuracy import ArrayUnpickler, configure, png, read_split, stage, train

from scones_algorithms.image_classification.predictor import Predictor

TRAINED_ON = 400
NEW_CLASSES = (b"bus", b"pickup_truck", b"train")
NEW_PER_CLASS = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


def as_it_is(image: Image.Image) -> Image.Image:
    return image


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1.0))


def slightly_blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(0.5))


def darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.6)


def slightly_darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.85)


CHANGES: tuple[Callable[[Image.Image], Image.Image], ...] = (
    as_it_is,
    blurred,
    slightly_blurred,
    darkened,
    slightly_darkened,
)


def images_of(archive: tarfile.TarFile, names: Iterable[bytes], count: int) -> np.ndarray:
    def member(name):
        return ArrayUnpickler(archive.extractfile(f"cifar-100-python/{name}"), encoding="bytes")

    known = member("meta").load()[b"fine_label_names"]
    content = member("train").load()
    numbers = np.array(content[b"fine_labels"])
    pixels = np.asarray(content[b"data"]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.concatenate(
        [pixels[np.flatnonzero(numbers == known.index(name))[:count]] for name in names]
    )


def record(predictor: Predictor, body: bytes, number: int, label: int) -> str:
    answer = json.dumps([round(float(p), 6) for p in predictor.predict(body)])
    head = {"observedContentType": "image/png", "mode": "INPUT", "encoding": "BASE64"}
    tail = {"observedContentType": "application/json", "mode": "OUTPUT", "encoding": "JSON"}
    time = f"{START + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}"
    document = {
        "captureData": {
            "endpointInput": head | {"data": base64.b64encode(body).decode()},
            "endpointOutput": tail | {"data": answer},
        },
        "eventMetadata": {
            "eventId": str(uuid.uuid4()),
            "inferenceId": f"{label}/{number}",
            "inferenceTime": time,
        },
        "eventVersion": "0",
    }
    return json.dumps(document) + "\n"


def write(place: Path, model: Path, bodies: Iterable[bytes], labels: Iterable[int]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    predictor, embedder = Predictor(model), Predictor(model, embedding=True)
    lines, embeddings = [], []
    for number, (body, label) in enumerate(zip(bodies, labels, strict=True)):
        lines.append(record(predictor, body, number, label))
        embeddings.append(embedder.predict(body))
    (place / "captures.jsonl").write_text("".join(lines))
    np.save(place / "embeddings.npy", np.stack(embeddings))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with tarfile.open(arguments.archive) as archive:
        parts = [read_split(archive, split) for split in ("train", "test")]
        new = images_of(archive, NEW_CLASSES, NEW_PER_CLASS)
    pixels, labels = (np.concatenate(both) for both in zip(*parts, strict=True))
    order = np.random.default_rng(0).permutation(len(labels))
    seen, unseen = order[:TRAINED_ON], order[TRAINED_ON:]
    with tempfile.TemporaryDirectory(prefix="scones-drift-") as work:
        base = Path(work)
        stage(base, pixels[seen], labels[seen])
        configure(
            base, {"num_classes": "2", "num_training_samples": "300", "image_shape": "3,32,32"}
        )
        train(base)
        model = base / "model"
        for change in CHANGES:
            bodies = [png(np.asarray(change(Image.fromarray(pixels[n])))) for n in unseen]
            write(arguments.folder / change.__name__, model, bodies, labels[unseen])
        write(arguments.folder / "new_class", model, map(png, new), [-1] * len(new))


if __name__ == "__main__":
    main()
