"""A training job, checked as a whole: every problem is told at once, before any work."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scones_algorithms.container import MODEL_CHANNEL, PRETRAINED, Channel, Cluster, Container
from scones_algorithms.declaration import read
from scones_algorithms.early_stopping import EarlyStopping
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.channels import channel_problems
from scones_algorithms.object_detection.contract import BUILT_IN_LEAST_SIDE, HYPERPARAMETERS
from scones_algorithms.object_detection.recipe import RECIPES, Recipe

RECIPE_FIELDS = (
    "image_shape",
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
        num_classes: classes of objects, the background not counted.
        num_training_samples: as stated by the customer; the channel has the truth.
        network: "wide", "small", "mobilenet", "vgg-16" or "resnet-50".
        recipe: how to train.
        lr_scheduler_step: epochs at which the learning rate falls.
        lr_scheduler_factor: by which it is multiplied there.
        early_stopping: None to run all epochs.
        freeze: parameters whose names match stay as they are; None for none.
        label_width: numbers in the label of an image at most.
        nms_threshold: of two boxes of a class that overlap by more, the likelier is kept.
        overlap_threshold: overlap from which an anchor is to find an object.
        seed: of everything random.
        channels: inputs by name.
        given: hyperparameters as given, for the record.
        remarks: what the log should tell, though it is no error.
        host: this host's name, for the metric lines.
    """

    num_classes: int
    num_training_samples: int
    network: str
    recipe: Recipe
    lr_scheduler_step: tuple[int, ...]
    lr_scheduler_factor: float
    early_stopping: EarlyStopping | None
    freeze: re.Pattern[str] | None
    label_width: int
    nms_threshold: float
    overlap_threshold: float
    seed: int
    channels: Mapping[str, Channel]
    given: Mapping[str, str]
    remarks: tuple[str, ...]
    host: str

    @property
    def side(self) -> int:
        """Of the network's input, in pixels."""
        return self.recipe.image_shape

    @property
    def begins_with_base(self) -> bool:
        """Whether the base network that comes with this package gives the first weights."""
        elsewhere = {PRETRAINED, MODEL_CHANNEL} & set(self.channels)
        return (
            self.network == "wide"
            and not elsewhere
            and self.given.get("use_pretrained_model") != "0"
        )


def read_job(container: Container) -> Job:
    """Read and check a job.

    Raises:
        CustomerError: with every problem of its hyperparameters and channels.
    """
    given, channels = container.hyperparameters(), container.channels()
    cluster = container.cluster()
    values, problems = read(HYPERPARAMETERS, given)
    problems += _contradictions(values, channels) + channel_problems(channels)
    if cluster.size > 1:
        problems.append(
            f"object detection trains on one instance, not {cluster.size}: set InstanceCount to 1"
        )
    if problems:
        raise CustomerError.of(problems)
    return _job(values, given, channels, cluster)


def _contradictions(values: Mapping[str, Any], channels: Mapping[str, Channel]) -> list[str]:
    """Find values that are valid alone but not together; those that are invalid are absent."""
    found = []
    if values.get("base_network") and values.get("network"):
        found.append("network is another one than base_network: leave out one of the two")
    side = values.get("image_shape")
    if values.get("base_network") and side and side < BUILT_IN_LEAST_SIDE:
        found.append(f"image_shape={side} is less than base_network's {BUILT_IN_LEAST_SIDE}")
    if values.get("early_stopping") and "validation" not in channels:
        found.append("early_stopping needs a validation channel")
    wants_weights = values.get("use_pretrained_model")
    if (
        wants_weights
        and _network(values) != "wide"
        and not {PRETRAINED, MODEL_CHANNEL} & set(channels)
    ):
        found.append(
            f"use_pretrained_model=1 needs weights for {_network(values)}: give GluonCV's file in "
            f"the channel {PRETRAINED}, as `scones detector train --pretrained` does"
        )
    return found


def _job(
    values: dict[str, Any],
    given: Mapping[str, str],
    channels: Mapping[str, Channel],
    cluster: Cluster,
) -> Job:
    return Job(
        num_classes=values["num_classes"],
        num_training_samples=values["num_training_samples"],
        network=_network(values),
        recipe=_recipe(values),
        lr_scheduler_step=values["lr_scheduler_step"],
        lr_scheduler_factor=values["lr_scheduler_factor"],
        early_stopping=EarlyStopping.of(values),
        freeze=values["freeze_layer_pattern"],
        label_width=values["label_width"],
        nms_threshold=values["nms_threshold"],
        overlap_threshold=values["overlap_threshold"],
        seed=values["seed"],
        channels=channels,
        given=given,
        remarks=tuple(_remarks(values, channels)),
        host=cluster.current,
    )


def _network(values: Mapping[str, Any]) -> str:
    return str(values.get("base_network") or values.get("network") or "wide")


def _recipe(values: Mapping[str, Any]) -> Recipe:
    name = values["recipe"] or ("builtin" if values["base_network"] else "modern")
    chosen = {field: values[field] for field in RECIPE_FIELDS if values[field] is not None}
    if values["lr_scheduler_step"]:
        chosen["schedule"] = "step"
    if values["early_stopping"]:
        chosen["keep"] = "best"
    return dataclasses.replace(RECIPES[name], **chosen)


def _remarks(values: Mapping[str, Any], channels: Mapping[str, Channel]) -> list[str]:
    found = []
    weights = {PRETRAINED, MODEL_CHANNEL} & set(channels)
    if values["base_network"] and values["use_pretrained_model"] is None and not weights:
        found.append(
            f"base_network={values['base_network']} starts from random weights, where the built-in "
            f"has pretrained ones: give GluonCV's file in the channel {PRETRAINED}"
        )
    if PRETRAINED in channels and MODEL_CHANNEL in channels:
        found.append(f"channel {PRETRAINED} has no effect beside channel {MODEL_CHANNEL}")
    elif PRETRAINED in channels and values["use_pretrained_model"] is False:
        found.append(f"channel {PRETRAINED} has no effect with use_pretrained_model=0")
    if values["kv_store"]:
        found.append(f"kv_store={values['kv_store']} has no effect on one host")
    return found
