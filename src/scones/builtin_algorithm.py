"""AWS's built-in image-classification: what it takes, checked before a job costs anything.

Our own image trains on a CPU and knows hyperparameters of its own. AWS's does not: it would fail
minutes later, on a GPU that is paid for. What a job is told is therefore compared with its table.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html and image-classification.html
(instances). The depths are those of MXNet's example resnet.py, from which the algorithm was made:
up to 28 pixels it builds three stages, above them four.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scones.errors import ConfigError

GPU_FAMILIES = ("p2", "p3", "p3dn", "g4dn", "g5")
OURS = ("network", "recipe", "seed")

_URI = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/image-classification[:@].+")
_SMALL_PIXELS = 28
_SMALL_DEPTHS = (20, 32, 44, 56, 110)
_LARGE_DEPTHS = (18, 34, 50, 101, 152, 200)
_DEFAULT_DEPTH = 152
_LARGE_PIXELS = 224


def is_builtin(image: str) -> bool:
    """Return whether an image's URI is that of AWS's algorithm, in whichever region."""
    return _URI.fullmatch(image) is not None


def defaults(instances: int) -> dict[str, Any]:
    """Return what a project's job is told where its settings say nothing.

    The algorithm's own 152 layers are made for images of 224 pixels; several instances need to be
    told how they share what they learn.
    """
    return {"num_layers": 18} | ({"kv_store": "dist_sync"} if instances > 1 else {})


def check(hyperparameters: Mapping[str, Any], instance_type: str) -> list[str]:
    """Compare a job with what the algorithm takes.

    Args:
        hyperparameters: All that the job is told.
        instance_type: Of the training, such as ml.p3.2xlarge.

    Returns:
        What is allowed and not advisable, each in one sentence.

    Raises:
        ConfigError: Something is refused; the message names all of it.
    """
    faults = [*_faults(hyperparameters), *_machine_faults(instance_type)]
    if faults:
        raise ConfigError(
            f"AWS's built-in image-classification does not take {'; '.join(faults)}: change "
            "scones.toml, or train your own image (docs/17-aws.md)"
        )
    return list(_doubts(hyperparameters))


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name.startswith("_"):
            continue  # SageMaker's own
        if name in OURS:
            yield f"{name} (only our own image knows it)"
        elif name not in _TABLE:
            yield f"{name} (no such hyperparameter)"
        elif not _TABLE[name].takes(str(value)):
            yield f"{name}={value} (it is {_TABLE[name].wording})"
    for name in ("num_classes", "num_training_samples"):
        if name not in given:
            yield f"a job without {name}"
    frequency, epochs = given.get("checkpoint_frequency"), given.get("epochs", 30)
    if _is_whole(str(frequency)) and _is_whole(str(epochs)) and int(str(frequency)) > int(epochs):
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
    if pixels <= _SMALL_PIXELS and depth in _LARGE_DEPTHS:
        yield (
            f"num_layers={depth} is not made for images of {pixels} pixels: up to "
            f"{_SMALL_PIXELS} take one of {_listed(_SMALL_DEPTHS)}"
        )
    elif pixels > _SMALL_PIXELS and depth in _SMALL_DEPTHS:
        yield (
            f"num_layers={depth} is made for images of up to {_SMALL_PIXELS} pixels, not for "
            f"{pixels}: take one of {_listed(_LARGE_DEPTHS)}"
        )
    elif pixels < _LARGE_PIXELS // 2 and depth >= 101:
        yield (
            f"num_layers={depth} is made for images of {_LARGE_PIXELS} pixels: with {pixels} it "
            "overfits and costs more; take 18, 34 or 50"
        )


def _listed(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))


@dataclass(frozen=True)
class _Kind:
    """What a value may be: in words, and as a test of its text."""

    wording: str
    takes: Callable[[str], bool]


def _is_whole(text: str, least: int = 1) -> bool:
    return text.isascii() and text.isdigit() and int(text) >= least


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _choice(*values: str) -> _Kind:
    return _Kind(f"one of {', '.join(values)}", lambda text: text in values)


def _matching(wording: str, pattern: str) -> _Kind:
    return _Kind(wording, lambda text: re.fullmatch(pattern, text) is not None)


_WHOLE = _Kind("a whole number from 1", _is_whole)
_SHARE = _Kind("a number from 0 to 1", _is_share)
_FLAG = _choice("0", "1")
_TABLE: Mapping[str, _Kind] = {
    "num_classes": _WHOLE,
    "num_training_samples": _WHOLE,
    "augmentation_type": _choice("crop", "crop_color", "crop_color_transform"),
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "checkpoint_frequency": _WHOLE,
    "early_stopping": _matching("true or false", r"(?i)true|false"),
    "early_stopping_min_epochs": _WHOLE,
    "early_stopping_patience": _WHOLE,
    "early_stopping_tolerance": _SHARE,
    "epochs": _WHOLE,
    "eps": _SHARE,
    "gamma": _SHARE,
    "image_shape": _matching(
        "channels, height and width, such as 3,32,32", r"[1-9]\d*(,[1-9]\d*){2}"
    ),
    "kv_store": _choice("dist_sync", "dist_async"),
    "learning_rate": _SHARE,
    "lr_scheduler_factor": _SHARE,
    "lr_scheduler_step": _matching("epochs, such as 10,20", r"[1-9]\d*(,[1-9]\d*)*"),
    "mini_batch_size": _WHOLE,
    "momentum": _SHARE,
    "multi_label": _FLAG,
    "num_layers": _choice(*map(str, sorted({*_SMALL_DEPTHS, *_LARGE_DEPTHS}))),
    "optimizer": _choice("sgd", "adam", "rmsprop", "nag"),
    "precision_dtype": _choice("float32", "float16"),
    "resize": _WHOLE,
    "top_k": _Kind("a whole number from 2", lambda text: _is_whole(text, least=2)),
    "use_pretrained_model": _FLAG,
    "use_weighted_loss": _FLAG,
    "weight_decay": _SHARE,
}
