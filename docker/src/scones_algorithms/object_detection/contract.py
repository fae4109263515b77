"""The hyperparameters of the built-in algorithm, as data, and three of our own.

A default of None leaves the choice to the recipe.

Source: docs.aws.amazon.com/sagemaker/latest/dg/object-detection-api-config.html
"""

import re
from typing import Final

from scones_algorithms.declaration import (
    Hyperparameter,
    Kind,
    boolean,
    choice,
    flag,
    integer,
    number,
    rising_integers,
)

BASE_NETWORKS: Final = ("vgg-16", "resnet-50")
LEAST_SIDE, MOST_SIDE = 64, 1024  # pixels
BUILT_IN_LEAST_SIDE: Final = 300
OBJECT_WIDTH: Final = 5  # class and box of one object in a label


def _steps() -> Kind:
    """Rising whole numbers, or nothing: the built-in's default is an empty text."""
    kind = rising_integers(1)
    return Kind(kind.wording, lambda text: kind.parse(text) if text else ())


def _side() -> Kind:
    def parse(text: str) -> int:
        value = int(text)
        if not LEAST_SIDE <= value <= MOST_SIDE:
            raise ValueError(text)
        return value

    return Kind(f"a side in pixels from {LEAST_SIDE} to {MOST_SIDE}, as 128", parse)


def _pattern() -> Kind:
    def parse(text: str) -> re.Pattern[str]:
        try:
            return re.compile(text)
        except re.error as error:
            raise ValueError(text) from error

    return Kind("a regular expression", parse)


HYPERPARAMETERS = (
    Hyperparameter("num_classes", integer(1), required=True),
    Hyperparameter("num_training_samples", integer(1), required=True),
    Hyperparameter("base_network", choice(*BASE_NETWORKS), note="network=wide where not given"),
    Hyperparameter("early_stopping", boolean(), False),
    Hyperparameter("early_stopping_min_epochs", integer(1), 10),
    Hyperparameter("early_stopping_patience", integer(1), 5),
    Hyperparameter("early_stopping_tolerance", number(0, 1), 0.0),
    Hyperparameter("epochs", integer(1)),
    Hyperparameter("freeze_layer_pattern", _pattern(), note="of parameters' names"),
    Hyperparameter("image_shape", _side(), note="at least 300 with base_network"),
    Hyperparameter("kv_store", choice("dist_sync", "dist_async"), note="one host: no effect"),
    Hyperparameter("label_width", integer(2 + OBJECT_WIDTH), 350),
    Hyperparameter("learning_rate", number(0, 1, above=True)),
    Hyperparameter("lr_scheduler_factor", number(0, 1), 0.1, note="with lr_scheduler_step"),
    Hyperparameter("lr_scheduler_step", _steps(), (), note="replaces the recipe's schedule"),
    Hyperparameter("mini_batch_size", integer(1)),
    Hyperparameter("momentum", number(0, 1), note="sgd"),
    Hyperparameter("nms_threshold", number(0, 1, above=True), 0.45),
    Hyperparameter("optimizer", choice("sgd", "adam", "rmsprop", "adadelta")),
    Hyperparameter("overlap_threshold", number(0, 1, above=True), 0.5),
    Hyperparameter("use_pretrained_model", flag(), note="by itself with network=wide"),
    Hyperparameter("weight_decay", number(0, 1)),
    # Ours.
    Hyperparameter("recipe", choice("builtin", "modern"), note="builtin with base_network"),
    Hyperparameter("network", choice("wide", "small", "mobilenet"), note="wide if not given"),
    Hyperparameter("seed", integer(0), 0),
)
