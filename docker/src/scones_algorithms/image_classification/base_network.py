"""Makes a base network's file, and its card, from a finished job with recipe=pretrain.

    python -m scones_algorithms.image_classification.base_network JOB_FOLDER FILE --data TEXT

The file has all parameters in half precision, under the names that a new network gives them, and
how the features of the job's training images are spread (`familiarity.Background`), shrunk to
LOOKS_AT x LOOKS_AT pixels; the card beside it says how they came to be. `scones pretrain` runs
this after the training.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from scones_algorithms.container import Container
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.familiarity import Background
from scones_algorithms.image_classification.files import METADATA_FILE, latest_weights
from scones_algorithms.image_classification.job import Job, read_job
from scones_algorithms.image_classification.recipe import FINE_TUNING, LOOKS_AT
from scones_algorithms.mxnet_start import start_mxnet

CARD = """# Base network `{name}`

What `use_pretrained_model=1` starts from: every layer but the last, which is drawn anew.

| | |
| --- | --- |
| network | {network}, {count:,} parameters, half precision |
| features | mean and covariances (within a class, and of all), images at {side} x {side} pixels |
| data | {data} |
| command | `scones pretrain --archive ARCHIVE`: seed {seed}, {epochs} epochs, MXNet {mxnet} |
| hyperparameters | {hyperparameters} |
| accuracy | {accuracy:.4f} on images set aside from the training images |
| SHA-256 | `{sha256}` |
| licence | of the weights: the project's; CIFAR-100 (Krizhevsky 2009) states none |

The file holds numbers about images, and no images. The classes that are left out were in neither
channel: those that it is meant to help with, and twenty to measure with what a model makes of
things that it has never met.

Recipe: `{recipe}`
"""


def write_base(container: Container, file: Path, data: str) -> str:
    """Write a base network's file and its card.

    Args:
        container: of a finished job.
        file: to be written; the card gets the same name with .md.
        data: what it was trained on, for a reader.

    Returns:
        The file's SHA-256.
    """
    import mxnet as mx

    job, model_dir = read_job(container), container.model_dir
    metadata = json.loads((model_dir / METADATA_FILE).read_text(encoding="utf-8"))
    loaded = mx.nd.load(str(latest_weights(model_dir)))
    arrays = {name.partition(":")[2]: array.astype("float16") for name, array in loaded.items()}
    count = sum(array.size for array in arrays.values())
    background = background_of(job, {name: array.asnumpy() for name, array in arrays.items()})
    arrays |= {name: mx.nd.array(array) for name, array in background.arrays().items()}
    mx.nd.save(str(file), arrays)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_suffix(".md").write_text(_card(file.name, digest, count, data, metadata))
    return digest


def background_of(job: Job, arrays: dict[str, Any]) -> Background:
    """Look at a job's training images with the network that it has trained."""
    from scones_algorithms.image_classification.network import build_network
    from scones_algorithms.image_classification.onlooker import features_of, middle
    from scones_algorithms.image_classification.shrinking import Shrinking
    from scones_algorithms.image_classification.train import read_images
    from scones_algorithms.weights import set_weights

    network = build_network(job.num_layers, job.num_classes, job.image_shape, wide=job.wide)
    set_weights(network, arrays)
    images, _ = read_images(job)
    pixels = middle(images.pixels, job.image_shape)
    shrinking = Shrinking.to(LOOKS_AT, *job.image_shape[1:])
    features = features_of(network, pixels, shrinking, mirror=FINE_TUNING.mirror)
    return Background.of(features, images.labels, LOOKS_AT)


def _card(name: str, digest: str, count: int, data: str, metadata: dict[str, Any]) -> str:
    return CARD.format(
        side=LOOKS_AT,
        name=name,
        sha256=digest,
        count=count,
        data=data,
        network=metadata["network"],
        seed=metadata["seed"],
        epochs=metadata["epochs"],
        mxnet=metadata["versions"]["mxnet"],
        hyperparameters=json.dumps(metadata["hyperparameters"]),
        accuracy=(metadata["validation"] or {}).get("accuracy", float("nan")),
        recipe=json.dumps(metadata["recipe"]),
    )


def main() -> int:
    """Parse, write, print the SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("job", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", default="not stated")
    arguments = parser.parse_args()
    start_mxnet()
    try:
        print(write_base(Container(arguments.job), arguments.file, arguments.data))
    except CustomerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
