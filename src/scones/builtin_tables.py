"""What AWS's built-in algorithms take: the names of their hyperparameters, and what each may be.

Source: docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html and
object-detection-api-config.html.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SMALL_DEPTHS = (20, 32, 44, 56, 110)
LARGE_DEPTHS = (18, 34, 50, 101, 152, 200)
LEAST_SIDE = 300  # of the object detector's images, in pixels


@dataclass(frozen=True)
class Kind:
    """What a value may be: in words, and as a test of its text."""

    wording: str
    takes: Callable[[str], bool]


def is_whole(text: str, least: int = 1) -> bool:
    """Return whether a text is a whole number, and not below the least."""
    return text.isascii() and text.isdigit() and int(text) >= least


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _choice(*values: str) -> Kind:
    return Kind(f"one of {', '.join(values)}", lambda text: text in values)


def _matching(wording: str, pattern: str) -> Kind:
    return Kind(wording, lambda text: re.fullmatch(pattern, text) is not None)


_WHOLE = Kind("a whole number from 1", is_whole)
_SHARE = Kind("a number from 0 to 1", _is_share)
_FLAG = _choice("0", "1")
_BOOLEAN = _matching("true or false", r"(?i)true|false")
_COMMON: Mapping[str, Kind] = {
    "num_classes": _WHOLE,
    "num_training_samples": _WHOLE,
    "early_stopping": _BOOLEAN,
    "early_stopping_min_epochs": _WHOLE,
    "early_stopping_patience": _WHOLE,
    "early_stopping_tolerance": _SHARE,
    "epochs": _WHOLE,
    "kv_store": _choice("dist_sync", "dist_async"),
    "learning_rate": _SHARE,
    "lr_scheduler_factor": _SHARE,
    "lr_scheduler_step": _matching("epochs, such as 10,20", r"[1-9]\d*(,[1-9]\d*)*"),
    "mini_batch_size": _WHOLE,
    "momentum": _SHARE,
    "use_pretrained_model": _FLAG,
    "weight_decay": _SHARE,
}
_CLASSIFIER: Mapping[str, Kind] = {
    "augmentation_type": _choice("crop", "crop_color", "crop_color_transform"),
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "checkpoint_frequency": _WHOLE,
    "eps": _SHARE,
    "gamma": _SHARE,
    "image_shape": _matching(
        "channels, height and width, such as 3,32,32", r"[1-9]\d*(,[1-9]\d*){2}"
    ),
    "multi_label": _FLAG,
    "num_layers": _choice(*map(str, sorted({*SMALL_DEPTHS, *LARGE_DEPTHS}))),
    "optimizer": _choice("sgd", "adam", "rmsprop", "nag"),
    "precision_dtype": _choice("float32", "float16"),
    "resize": _WHOLE,
    "top_k": Kind("a whole number from 2", lambda text: is_whole(text, least=2)),
    "use_weighted_loss": _FLAG,
}
_DETECTOR: Mapping[str, Kind] = {
    "base_network": _choice("vgg-16", "resnet-50"),
    "freeze_layer_pattern": Kind("a text", lambda text: True),
    "image_shape": Kind(
        f"a side in pixels, from {LEAST_SIDE}", lambda text: is_whole(text, least=LEAST_SIDE)
    ),
    "label_width": _WHOLE,
    "nms_threshold": _SHARE,
    "optimizer": _choice("sgd", "adam", "rmsprop", "adadelta"),
    "overlap_threshold": _SHARE,
}
TABLES: Mapping[str, Mapping[str, Kind]] = {
    "image-classification": {**_COMMON, **_CLASSIFIER},
    "object-detection": {**_COMMON, **_DETECTOR},
}
"""By the algorithm's name in its image's URI."""
