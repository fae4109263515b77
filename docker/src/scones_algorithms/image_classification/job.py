"""A training job, checked as a whole: every problem is told at once, before any work."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones_algorithms.container import MODEL_CHANNEL, PRETRAINED, Channel, Cluster, Container
from scones_algorithms.declaration import read
from scones_algorithms.early_stopping import EarlyStopping
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.channels import channel_problems
from scones_algorithms.image_classification.contract import CIFAR_DEPTHS, HYPERPARAMETERS
from scones_algorithms.image_classification.recipe import (
    AUGMENTATION_TYPES,
    BASE_NETWORK,
    FINE_TUNING,
    MODERN,
    PRETRAIN,
    RECIPES,
    SMALL_SIDE,
    Recipe,
)

DEFAULT_KV_STORE = "dist_sync"
DEFAULT_DEPTH = {"builtin": 152, "modern": 18, "pretrain": 18}
STAGED = ("small", "wide")  # networks that have no num_layers
RECIPE_FIELDS = (
    "epochs",
    "mini_batch_size",
    "optimizer",
    "learning_rate",
    "momentum",
    "weight_decay",
)


@dataclass(frozen=True)
class Job:
    """What one training job was asked to do.

    Attributes:
        num_classes: classes that the network tells apart.
        num_training_samples: as stated by the customer; the list file has the truth.
        image_shape: channels, height, width.
        resize: shorter side to which training images are brought first, in pixels.
        num_layers: depth of the ResNet; None for three stages of one block each.
        wide: of those three stages, the wider ones, which the base network has.
        recipe: how to train.
        lr_scheduler_step: epochs at which the learning rate falls.
        lr_scheduler_factor: by which it is multiplied there.
        optimizer_extras: beta_1, beta_2, eps and gamma.
        early_stopping: None to run all epochs.
        multi_label: an image has several labels, each with a probability of its own.
        use_weighted_loss: rare labels of a multi-label job count for more.
        use_pretrained_model: begin with weights that are there already, where no channel `model`
            has others.
        checkpoint_frequency: keep the model of every such epoch as well; None for none.
        top_k: also report whether the class is among the k likeliest.
        seed: of everything random.
        cluster: the hosts that train together.
        kv_store: how they share what they learn; None on one host.
        channels: inputs by name.
        given: hyperparameters as given, for the record.
        remarks: what the log should tell, though it is no error.
    """

    num_classes: int
    num_training_samples: int
    image_shape: tuple[int, int, int]
    resize: int | None
    num_layers: int | None
    wide: bool
    recipe: Recipe
    lr_scheduler_step: tuple[int, ...]
    lr_scheduler_factor: float
    optimizer_extras: Mapping[str, float]
    early_stopping: EarlyStopping | None
    multi_label: bool
    use_weighted_loss: bool
    use_pretrained_model: bool
    checkpoint_frequency: int | None
    top_k: int | None
    seed: int
    cluster: Cluster
    kv_store: str | None
    channels: Mapping[str, Channel]
    given: Mapping[str, str]
    remarks: tuple[str, ...]

    @property
    def begins_with_base(self) -> bool:
        """Whether it begins with the base network that comes with this package."""
        return self.use_pretrained_model and self.wide and MODEL_CHANNEL not in self.channels

    @property
    def begins_with_published(self) -> bool:
        """Whether it begins with GluonCV's weights in the channel `pretrained`."""
        return self.use_pretrained_model and not self.wide and MODEL_CHANNEL not in self.channels


def read_job(container: Container) -> Job:
    """Read and check a job.

    Raises:
        CustomerError: with every problem of its hyperparameters and channels.
    """
    given, channels, cluster = (
        container.hyperparameters(),
        container.channels(),
        container.cluster(),
    )
    values, problems = read(HYPERPARAMETERS, given)
    problems += _contradictions(values, channels) + channel_problems(channels)
    if problems:
        raise CustomerError.of(problems)
    return _job(values, given, channels, cluster)


def _contradictions(values: Mapping[str, Any], channels: Mapping[str, Channel]) -> list[str]:
    """Find values that are valid alone but not together; those that are invalid are absent."""
    found = []
    classes, top_k = values.get("num_classes"), values.get("top_k")
    if top_k and classes and top_k > classes:
        found.append(f"top_k={top_k} is more than num_classes={classes}")
    resize, shape = values.get("resize"), values.get("image_shape")
    if resize and shape and resize < max(shape[1:]):
        found.append(f"resize={resize} is less than a side of image_shape: make it larger")
    if values.get("network") in STAGED and values.get("num_layers"):
        found.append("num_layers belongs to network=resnet: leave out one of the two")
    if top_k and values.get("multi_label"):
        found.append("top_k belongs to single labels: leave it out, or multi_label")
    frequency = values.get("checkpoint_frequency")
    if frequency and len(values) == len(HYPERPARAMETERS):
        epochs = _recipe(values).epochs
        if frequency > epochs:
            found.append(f"checkpoint_frequency={frequency} is more than epochs={epochs}")
    if values.get("use_pretrained_model") and MODEL_CHANNEL not in channels:
        found += _no_weights(values, PRETRAINED in channels)
    if values.get("early_stopping") and "validation" not in channels:
        found.append("early_stopping needs a validation channel")
    return found


def _no_weights(values: Mapping[str, Any], published: bool) -> list[str]:
    """Tell why there are no weights to begin with for a job.

    Args:
        values: those that are valid.
        published: whether there is a channel with GluonCV's.
    """
    shape, depth, network = (values.get(n) for n in ("image_shape", "num_layers", "network"))
    if network == "small":
        return ["use_pretrained_model=1 has nothing for network=small: leave out network"]
    if not shape:
        return []
    large = min(shape[1:]) >= SMALL_SIDE
    if network == BASE_NETWORK and large:
        return [
            f"use_pretrained_model=1 has a base for images below {SMALL_SIDE} pixels alone: give "
            "image_shape=3,32,32"
        ]
    if _has_base(values):
        return [f"channel {PRETRAINED} belongs to num_layers"] if published else []
    if not large and depth not in CIFAR_DEPTHS:
        return [
            f"use_pretrained_model=1 has ResNets for images of {SMALL_SIDE} pixels and more: give "
            "a larger image_shape, or leave out num_layers and network for the base network"
        ]
    if not published:
        return [
            f"use_pretrained_model=1 needs GluonCV's weights of that ResNet in the channel "
            f"{PRETRAINED}, as `scones train` gives them, or an earlier job's model in the channel "
            f"{MODEL_CHANNEL}"
        ]
    return []


def _has_base(values: Mapping[str, Any]) -> bool:
    """Whether a job that wants pretrained weights is one for the base network."""
    other = values.get("num_layers") or values.get("network") not in (None, BASE_NETWORK)
    return not other and min(values["image_shape"][1:]) < SMALL_SIDE


def _job(
    values: dict[str, Any],
    given: Mapping[str, str],
    channels: Mapping[str, Channel],
    cluster: Cluster,
) -> Job:
    recipe = _recipe(values)
    return Job(
        num_classes=values["num_classes"],
        num_training_samples=values["num_training_samples"],
        image_shape=values["image_shape"],
        resize=values["resize"],
        num_layers=_num_layers(values, recipe),
        wide=_wide(values, recipe),
        recipe=recipe,
        lr_scheduler_step=values["lr_scheduler_step"] or (),
        lr_scheduler_factor=values["lr_scheduler_factor"],
        optimizer_extras={name: values[name] for name in ("beta_1", "beta_2", "eps", "gamma")},
        early_stopping=EarlyStopping.of(values),
        multi_label=values["multi_label"],
        use_weighted_loss=values["use_weighted_loss"] and values["multi_label"],
        use_pretrained_model=values["use_pretrained_model"],
        checkpoint_frequency=values["checkpoint_frequency"],
        top_k=values["top_k"],
        seed=values["seed"],
        cluster=cluster,
        kv_store=(values["kv_store"] or DEFAULT_KV_STORE) if cluster.size > 1 else None,
        channels=channels,
        given=given,
        remarks=tuple(_remarks(values, channels, cluster)),
    )


def _recipe(values: Mapping[str, Any]) -> Recipe:
    name = values["recipe"] or ("builtin" if values["num_layers"] else "modern")
    defaults = RECIPES[name]
    if values["use_pretrained_model"] and name == MODERN.name:
        defaults = FINE_TUNING
    chosen = {field: values[field] for field in RECIPE_FIELDS if values[field] is not None}
    if values["augmentation_type"]:
        chosen["augmentation"] = AUGMENTATION_TYPES[values["augmentation_type"]]
    if values["lr_scheduler_step"]:
        chosen["schedule"] = "step"
    if values["early_stopping"]:
        chosen["keep"] = "best"
    return dataclasses.replace(defaults, **chosen)


def _num_layers(values: Mapping[str, Any], recipe: Recipe) -> int | None:
    """Choose a network where the job leaves it open.

    The small network suits small images; the modern recipe takes ResNet-18 for others, since the
    built-in's default of 152 layers would keep a CPU busy for days.
    """
    if values["num_layers"]:
        return int(values["num_layers"])
    small_images = min(values["image_shape"][1:]) < SMALL_SIDE
    if (
        values["network"] in STAGED
        or (values["use_pretrained_model"] and _has_base(values))
        or (values["network"] is None and recipe.name != "builtin" and small_images)
    ):
        return None
    return DEFAULT_DEPTH[recipe.name]


def _wide(values: Mapping[str, Any], recipe: Recipe) -> bool:
    """Whether the network is the base network's: to make one, or to begin with it."""
    if values["network"] or values["num_layers"]:
        return bool(values["network"] == "wide")
    begins_with_it = values["use_pretrained_model"] and _has_base(values)
    from_base = begins_with_it or recipe.name == PRETRAIN.name
    return bool(from_base and BASE_NETWORK == "wide")


def _remarks(
    values: Mapping[str, Any], channels: Mapping[str, Channel], cluster: Cluster
) -> list[str]:
    found = []
    if values["precision_dtype"] == "float16":
        found.append("precision_dtype=float16 runs as float32: a CPU has no faster half precision")
    if values["use_weighted_loss"] and not values["multi_label"]:
        found.append("use_weighted_loss=1 has no effect without multi_label=1")
    if values["use_pretrained_model"] and MODEL_CHANNEL in channels:
        found.append("use_pretrained_model=1 has no effect beside channel model")
    if PRETRAINED in channels and (MODEL_CHANNEL in channels or not values["use_pretrained_model"]):
        found.append(
            f"channel {PRETRAINED} has no effect without use_pretrained_model=1, or beside channel "
            f"{MODEL_CHANNEL}"
        )
    if values["kv_store"] and cluster.size == 1:
        found.append(f"kv_store={values['kv_store']} has no effect on one host")
    if not values["kv_store"] and cluster.size > 1:
        found.append(f"kv_store is not given: {cluster.size} hosts train with {DEFAULT_KV_STORE}")
    return found
