"""Makes a base network's file, and its card, from the model of a job with recipe=pretrain.

    python -m scones_algorithms.image_classification.base_network MODEL_FOLDER FILE --data TEXT

The file has all parameters in half precision, under the names that a new network gives them; the
card beside it says how they came to be. `scones pretrain` runs this after the training.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.files import METADATA_FILE, latest_weights
from scones_algorithms.mxnet_start import start_mxnet

CARD = """# Base network `{name}`

What `use_pretrained_model=1` starts from: every layer but the last, which is drawn anew.

| | |
| --- | --- |
| network | {network}, {count:,} parameters, half precision |
| data | {data} |
| command | `scones pretrain --archive ARCHIVE`: seed {seed}, {epochs} epochs, MXNet {mxnet} |
| hyperparameters | {hyperparameters} |
| accuracy | {accuracy:.4f} on images set aside from the training images |
| SHA-256 | `{sha256}` |
| licence | of the weights: the project's; CIFAR-100 (Krizhevsky 2009) states none |

The file holds weights and no images. The classes that it is meant to help with (bicycle,
motorcycle) were in neither channel.

Recipe: `{recipe}`
"""


def write_base(model_dir: Path, file: Path, data: str) -> str:
    """Write a base network's file and its card.

    Args:
        model_dir: what a training left.
        file: to be written; the card gets the same name with .md.
        data: what it was trained on, for a reader.

    Returns:
        The file's SHA-256.
    """
    import mxnet as mx

    loaded = mx.nd.load(str(latest_weights(model_dir)))
    arrays = {name.partition(":")[2]: array.astype("float16") for name, array in loaded.items()}
    mx.nd.save(str(file), arrays)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    metadata = json.loads((model_dir / METADATA_FILE).read_text(encoding="utf-8"))
    count = sum(array.size for array in arrays.values())
    file.with_suffix(".md").write_text(_card(file.name, digest, count, data, metadata))
    return digest


def _card(name: str, digest: str, count: int, data: str, metadata: dict[str, Any]) -> str:
    return CARD.format(
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
    parser.add_argument("model_dir", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--data", default="not stated")
    arguments = parser.parse_args()
    start_mxnet(lean=True)
    try:
        print(write_base(arguments.model_dir, arguments.file, arguments.data))
    except CustomerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
