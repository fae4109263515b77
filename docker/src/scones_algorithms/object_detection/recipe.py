"""How to train: two sets of defaults, as data, over which a job's own values are laid.

`BUILTIN` is what AWS documents. `MODERN` is for a small network, few images and one core;
docs/decisions/0020-small-detector.md tells how it was found.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images.

    Attributes:
        flip: mirror left to right in half of all cases.
        jitter: brightness, contrast and saturation each change by a factor of 1 ± this.
        zoom: the image is scaled by a factor between these two: shown in part above 1, on a plain
            ground below.
        keep: share of a box that must stay in sight for the object to count.
    """

    flip: bool = True
    jitter: float = 0.0
    zoom: tuple[float, float] = (1.0, 1.0)
    keep: float = 0.4


@dataclass(frozen=True)
class Recipe:
    """Everything about training that is not data, network or seed.

    Attributes:
        name: of the defaults it began with.
        image_shape: side of the network's input, in pixels.
        epochs: passes over the training images.
        mini_batch_size: images per step.
        optimizer: "sgd", "adam", "rmsprop" or "adadelta".
        learning_rate: its peak.
        momentum: of sgd.
        weight_decay: L2 penalty.
        warmup_epochs: epochs in which the learning rate rises to its peak.
        schedule: how it falls: not at all, along a cosine to 0, or in steps.
        augmentation: random changes to training images.
        weight_average: decay of a running average of the weights, which is what is kept; 0 keeps
            the weights themselves.
        mirror: answers are the mean over a photo and its mirror image.
        keep: which epoch's model is kept: the last, or the best on the validation channel.
    """

    name: str
    image_shape: int
    epochs: int
    mini_batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    warmup_epochs: int
    schedule: Literal["constant", "cosine", "step"]
    augmentation: Augmentation
    weight_average: float
    mirror: bool
    keep: Literal["last", "best"]


BUILTIN = Recipe(
    name="builtin",
    image_shape=300,
    epochs=30,
    mini_batch_size=32,
    optimizer="sgd",
    learning_rate=0.001,
    momentum=0.9,
    weight_decay=5e-4,
    warmup_epochs=0,
    schedule="constant",
    augmentation=Augmentation(jitter=0.1, zoom=(0.5, 1.5)),
    weight_average=0.0,
    mirror=False,
    keep="best",
)

MODERN = Recipe(
    name="modern",
    image_shape=128,
    epochs=6,
    mini_batch_size=8,
    optimizer="adam",
    learning_rate=0.0015,
    momentum=0.9,
    weight_decay=1e-4,
    warmup_epochs=1,
    schedule="cosine",
    augmentation=Augmentation(jitter=0.2, zoom=(0.75, 1.5)),
    weight_average=0.9,
    mirror=True,
    keep="last",
)

RECIPES = {recipe.name: recipe for recipe in (BUILTIN, MODERN)}
