"""Images per second from RecordIO: this project's reader beside MXNet's ImageRecordIter.

    .tox/algorithms/bin/python benchmarks/record_readers.py [--images 4000] [--epochs 5]

Both on one thread, with the same random crops and flips of 32x32 images, to the same normalised
batches. Generated images, since what is in them decides nothing. Also says how far the pixels of
the two are apart, from PNG and from JPEG files. Prints one JSON document.
"""

import argparse
import io
import json
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import mxnet as mx
import numpy as np
from PIL import Image

from scones_algorithms.container import Channel
from scones_algorithms.image_classification.augment import Batches
from scones_algorithms.image_classification.dataset import LabelledImages, read_training_images
from scones_algorithms.image_classification.entries import read_entries
from scones_algorithms.image_classification.labels import LabelForm
from scones_algorithms.image_classification.recipe import Augmentation
from scones_algorithms.preprocess import MEAN, STD, to_batch

SIDE, BATCH, PAD = 32, 64, 4
FLIPS_AND_CROPS = Augmentation(pad=PAD, crop=True, flip=True)


def write_records(path: Path, count: int, kind: str, side: int = SIDE) -> None:
    """Write smooth random pictures, which files compress as they do photos."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for number in range(count):
            coarse = rng.integers(0, 256, (side // 4, side // 4, 3), np.uint8)
            picture = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
            content = io.BytesIO()
            picture.save(content, kind)
            body = struct.pack("<IfQQ", 0, number % 2, number, 0) + content.getvalue()
            file.write(struct.pack("<II", 0xCED7230A, len(body)) + body + bytes(-len(body) % 4))


def ours(folder: Path) -> LabelledImages:
    channel = Channel("train", folder, "application/x-recordio", "File")
    entries = read_entries(channel, None, LabelForm(2, False))
    return read_training_images(entries, SIDE, SIDE, resize=None, keep_margin=False, whole=True)


def batches(images: LabelledImages) -> Batches:
    return Batches(
        images,
        num_classes=2,
        size=(SIDE, SIDE),
        batch_size=BATCH,
        augmentation=FLIPS_AND_CROPS,
        label_smoothing=0.0,
        seed=(0, 0),
    )


def theirs(path: Path, *, random: bool) -> mx.io.DataIter:
    changes = {"rand_crop": True, "rand_mirror": True, "pad": PAD} if random else {}
    means = dict(zip(("mean_r", "mean_g", "mean_b"), MEAN, strict=True))
    deviations = dict(zip(("std_r", "std_g", "std_b"), STD, strict=True))
    return mx.io.ImageRecordIter(
        path_imgrec=str(path),
        data_shape=(3, SIDE, SIDE),
        batch_size=BATCH,
        preprocess_threads=1,
        round_batch=False,
        resize=SIDE,
        **means,
        **deviations,
        **changes,
    )


def seconds_of(epochs: int, epoch: object) -> float:
    """Return the fastest of some epochs, in seconds."""
    found = []
    for number in range(epochs):
        started = time.perf_counter()
        epoch(number)
        found.append(time.perf_counter() - started)
    return min(found)


def read_all(iterator: mx.io.DataIter) -> Iterator[np.ndarray]:
    iterator.reset()
    for batch in iterator:
        yield batch.data[0].asnumpy()[: BATCH - batch.pad]


def measure(count: int, epochs: int) -> dict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_records(folder / "train.rec", count, "PNG")
        decoding = seconds_of(epochs, lambda _: ours(folder))
        images = ours(folder)
        own = batches(images)

        def epoch(number: int) -> None:
            for pixels, _ in own.epoch(number, 1.0):
                mx.nd.array(pixels).wait_to_read()

        augmenting = seconds_of(epochs, epoch)
        iterator = theirs(folder / "train.rec", random=True)
        both = seconds_of(epochs, lambda _: list(read_all(iterator)))
    return {
        "images": count,
        "ours_decode_once_per_second": round(count / decoding),
        "ours_augment_per_second": round(count / augmenting),
        "image_record_iter_per_second": round(count / both),
        "seconds_of_10_epochs": {
            "ours": round(decoding + 10 * augmenting, 2),
            "image_record_iter": round(10 * both, 2),
        },
    }


def differences(kind: str, side: int, count: int = 256) -> dict:
    """Compare the pixels, in steps of 0 to 255, without random changes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_records(folder / "train.rec", count, kind, side)
        own = to_batch(ours(folder).pixels)
        other = np.concatenate(list(read_all(theirs(folder / "train.rec", random=False))))
    apart = np.abs(own - other) * np.array(STD, np.float32).reshape(1, 3, 1, 1)
    return {
        "largest": round(float(apart.max()), 3),
        "share_of_values_apart": round(float((apart > 0.5).mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=5, help="timed; the fastest counts")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found = measure(arguments.images, arguments.epochs)
    cases = [("PNG", SIDE), ("JPEG", SIDE), ("JPEG", 4 * SIDE)]
    found["pixels_apart"] = {f"{kind} {side}": differences(kind, side) for kind, side in cases}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
