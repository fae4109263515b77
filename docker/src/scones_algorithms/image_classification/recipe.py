"""How to train: three sets of defaults, as data, over which a job's own values are laid.

`BUILTIN` is what AWS documents. `MODERN` is for small images and few of them, from scratch, on
one core; docs/decisions/0005-small-network-recipe.md tells how it was found. `PRETRAIN` is for a
base network on many classes, and `FINE_TUNING` for what then begins with that.
"""

from dataclasses import dataclass, replace
from typing import Literal

BASE_NETWORK = "wide"  # what the base network is, and what begins with it
LOOKS_AT = 20  # pixels: what an image is shrunk to before it is judged as familiar
SMALL_SIDE = 96  # pixels; from here on the first layers of a network shrink the image


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training images, each off by default.

    Attributes:
        pad: pixels of mirrored border around an image that has no margin, before it is cropped.
        crop: crop at a random place (else in the middle).
        flip: mirror left to right in half of all cases.
        jitter: brightness, contrast and saturation each change by a factor of 1 ± this.
        hls: hue, lightness and saturation shift as in the built-in's crop_color.
        transform: rotation, shear and aspect ratio as in the built-in's crop_color_transform.
        cutout: side of a square that is blanked, in pixels.
        mixup: alpha of the Beta distribution from which two images' shares are drawn.
    """

    pad: int = 0
    crop: bool = False
    flip: bool = False
    jitter: float = 0.0
    hls: bool = False
    transform: bool = False
    cutout: int = 0
    mixup: float = 0.0


AUGMENTATION_TYPES = {
    "crop": Augmentation(crop=True, flip=True),
    "crop_color": Augmentation(crop=True, flip=True, hls=True),
    "crop_color_transform": Augmentation(crop=True, flip=True, hls=True, transform=True),
}


@dataclass(frozen=True)
class Recipe:
    """Everything about training that is not data, network or seed.

    Attributes:
        name: of the defaults it began with.
        epochs: passes over the training images.
        mini_batch_size: images per step.
        optimizer: "sgd", "nag", "adam" or "rmsprop".
        learning_rate: its peak.
        momentum: of sgd and nag.
        weight_decay: L2 penalty.
        warmup_epochs: epochs in which the learning rate rises to its peak.
        schedule: how it falls: not at all, along a cosine to 0, or in steps.
        label_smoothing: share of the target that is spread over all classes.
        augmentation: random changes to training images.
        growth: images begin small and cost less: pairs of the share of all epochs up to which,
            and of the image's size to which, training images are shrunk; whole afterwards.
        weight_average: decay of a running average of the weights, which is what is kept; 0 keeps
            the weights themselves.
        mirror: predict from each image and its mirror image; right where left and right mean the
            same, as in training with flips.
        keep: which epoch's model is kept: the last, or the best on the validation channel.
        whole: training images are brought to size as serving does it, not cropped as in the
            built-in, whose models are asked about larger cut-outs than they were trained on.
    """

    name: str
    epochs: int
    mini_batch_size: int
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    warmup_epochs: int
    schedule: Literal["constant", "cosine", "step"]
    label_smoothing: float
    augmentation: Augmentation
    weight_average: float
    mirror: bool
    keep: Literal["last", "best"]
    growth: tuple[tuple[float, float], ...] = ()
    whole: bool = True

    def scale(self, epoch: int) -> float:
        """Tell to which share of their size images are shrunk in an epoch, counted from 0."""
        done = epoch / self.epochs
        return next((scale for until, scale in self.growth if done < until), 1.0)


BUILTIN = Recipe(
    name="builtin",
    epochs=30,
    mini_batch_size=32,
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=1e-4,
    warmup_epochs=0,
    schedule="constant",
    label_smoothing=0.0,
    augmentation=Augmentation(),
    weight_average=0.0,
    mirror=False,
    keep="best",
    whole=False,
)

MODERN = Recipe(
    name="modern",
    epochs=60,
    mini_batch_size=64,
    optimizer="nag",
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=5e-3,
    warmup_epochs=3,
    schedule="cosine",
    label_smoothing=0.1,
    augmentation=Augmentation(pad=4, crop=True, flip=True, jitter=0.2, cutout=8, mixup=0.2),
    weight_average=0.9,
    mirror=True,
    keep="last",
)

FINE_TUNING = replace(MODERN, epochs=10, warmup_epochs=1, mirror=False, growth=((0.5, 0.75),))

PRETRAIN = Recipe(
    name="pretrain",
    epochs=40,
    mini_batch_size=128,
    optimizer="nag",
    learning_rate=0.2,
    momentum=0.9,
    weight_decay=5e-4,
    warmup_epochs=2,
    schedule="cosine",
    label_smoothing=0.0,
    augmentation=Augmentation(pad=4, crop=True, flip=True, jitter=0.1),
    weight_average=0.9,
    mirror=True,
    keep="last",
    growth=((0.7, 0.625), (0.85, 0.75)),
)

RECIPES = {recipe.name: recipe for recipe in (BUILTIN, MODERN, PRETRAIN)}
