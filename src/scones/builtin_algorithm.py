"""AWS's built-in algorithms: a job for one is checked before it costs anything.

Our own images train on a CPU and know hyperparameters of their own. AWS's do not: a job would fail
minutes later, on a GPU that is paid for. What it is told is therefore compared with their tables.

Source: docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html and object-detection.html
(instances). The depths are those of MXNet's example resnet.py, from which the algorithm was made:
up to 28 pixels it builds three stages, above them four.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scones.builtin_tables import LARGE_DEPTHS, SMALL_DEPTHS, TABLES, Kind, is_whole
from scones.errors import ConfigError

GPU_FAMILIES = ("p2", "p3", "p3dn", "g4dn", "g5")
OURS = ("network", "recipe", "seed")

_URI = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/([a-z-]+)[:@].+")
_SMALL_PIXELS = 28
_DEFAULT_DEPTH = 152
_LARGE_PIXELS = 224


def is_builtin(image: str) -> bool:
    """Return whether an image's URI is that of one of AWS's algorithms, in whichever region."""
    return _name(image) is not None


def _name(image: str) -> str | None:
    found = _URI.fullmatch(image)
    return found[1] if found and found[1] in TABLES else None


def defaults(instances: int) -> dict[str, Any]:
    """Return what a project's job is told where its settings say nothing.

    The algorithm's own 152 layers are made for images of 224 pixels; several instances need to be
    told how they share what they learn.
    """
    return {"num_layers": 18} | ({"kv_store": "dist_sync"} if instances > 1 else {})


def check(image: str, hyperparameters: Mapping[str, Any], instance_type: str) -> list[str]:
    """Compare a job with what the algorithm takes; of an image of one's own nothing is known.

    Args:
        image: URI of the algorithm's image.
        hyperparameters: All that the job is told.
        instance_type: Of the training, such as ml.p3.2xlarge.

    Returns:
        What is allowed and not advisable, each in one sentence.

    Raises:
        ConfigError: Something is refused; the message names all of it.
    """
    name = _name(image)
    if name is None:
        return []
    faults = [*_faults(hyperparameters, TABLES[name]), *_machine_faults(instance_type)]
    if faults:
        raise ConfigError(
            f"AWS's built-in {name} does not take {'; '.join(faults)}: change "
            "scones.toml, or train your own image (docs/17-aws.md)"
        )
    return list(_doubts(hyperparameters)) if "num_layers" in TABLES[name] else []


def _faults(given: Mapping[str, Any], table: Mapping[str, Kind]) -> Iterator[str]:
    for name, value in given.items():
        if name.startswith("_"):
            continue  # SageMaker's own
        if name in OURS:
            yield f"{name} (only our own image knows it)"
        elif name not in table:
            yield f"{name} (no such hyperparameter)"
        elif not table[name].takes(str(value)):
            yield f"{name}={value} (it is {table[name].wording})"
    for name in ("num_classes", "num_training_samples"):
        if name not in given:
            yield f"a job without {name}"
    frequency, epochs = given.get("checkpoint_frequency"), given.get("epochs", 30)
    if is_whole(str(frequency)) and is_whole(str(epochs)) and int(str(frequency)) > int(epochs):
        yield f"checkpoint_frequency={frequency} (it is at most epochs={epochs})"


def _machine_faults(instance_type: str) -> Iterator[str]:
    family = instance_type.removeprefix("ml.").partition(".")[0]
    if family not in GPU_FAMILIES:
        yield (
            f"training_instance_type={instance_type} (it trains on GPUs only: "
            f"ml.{', ml.'.join(GPU_FAMILIES)})"
        )


def _doubts(given: Mapping[str, Any]) -> Iterator[str]:
    depth = int(given.get("num_layers", _DEFAULT_DEPTH))
    pixels = int(str(given.get("image_shape", "3,224,224")).split(",")[1])
    if pixels <= _SMALL_PIXELS and depth in LARGE_DEPTHS:
        yield (
            f"num_layers={depth} is not made for images of {pixels} pixels: up to "
            f"{_SMALL_PIXELS} take one of {_listed(SMALL_DEPTHS)}"
        )
    elif pixels > _SMALL_PIXELS and depth in SMALL_DEPTHS:
        yield (
            f"num_layers={depth} is made for images of up to {_SMALL_PIXELS} pixels, not for "
            f"{pixels}: take one of {_listed(LARGE_DEPTHS)}"
        )
    elif pixels < _LARGE_PIXELS // 2 and depth >= 101:
        yield (
            f"num_layers={depth} is made for images of {_LARGE_PIXELS} pixels: with {pixels} it "
            "overfits and costs more; take 18, 34 or 50"
        )


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
