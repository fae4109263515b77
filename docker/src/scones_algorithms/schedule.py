"""The course of the learning rate."""

import math
from typing import Protocol


class Peak(Protocol):
    """What a recipe says of the learning rate."""

    @property
    def epochs(self) -> int:
        """Passes over the training images."""

    @property
    def learning_rate(self) -> float:
        """The highest."""

    @property
    def warmup_epochs(self) -> int:
        """Epochs in which it rises to its peak."""

    @property
    def schedule(self) -> str:
        """How it falls: "constant", along a "cosine" to 0, or by "step"."""


class Scheduled(Protocol):
    """A job whose learning rate has a course."""

    @property
    def recipe(self) -> Peak:
        """How to train."""

    @property
    def lr_scheduler_step(self) -> tuple[int, ...]:
        """Epochs at which the learning rate falls."""

    @property
    def lr_scheduler_factor(self) -> float:
        """By which it is multiplied there."""


def learning_rate(job: Scheduled, epochs_done: float) -> float:
    """Tell the learning rate at a point of the training.

    Args:
        job: its recipe and its steps.
        epochs_done: from 0, with fractions inside an epoch.
    """
    recipe = job.recipe
    peak = recipe.learning_rate
    warmup = min(recipe.warmup_epochs, recipe.epochs / 2)
    if epochs_done < warmup:
        return peak * epochs_done / warmup
    if recipe.schedule == "cosine":
        progress = (epochs_done - warmup) / (recipe.epochs - warmup)
        return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    if recipe.schedule == "step":
        passed = sum(step <= epochs_done for step in job.lr_scheduler_step)
        return peak * float(job.lr_scheduler_factor**passed)
    return peak


class Schedule:
    """The learning rate by the number of steps, for an optimizer that runs on its own.

    Args:
        job: its recipe and its steps.
        steps_per_epoch: of all workers together.
    """

    def __init__(self, job: Scheduled, steps_per_epoch: int) -> None:
        self.base_lr = job.recipe.learning_rate  # an optimizer expects and sets it
        self._job = job
        self._steps_per_epoch = steps_per_epoch

    def __call__(self, steps: int) -> float:
        """Tell the learning rate of a step, counted from 1."""
        return learning_rate(self._job, steps / self._steps_per_epoch)
