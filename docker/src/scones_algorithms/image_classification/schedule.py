"""The course of the learning rate."""

import math

from scones_algorithms.image_classification.job import Job


def learning_rate(job: Job, epochs_done: float) -> float:
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

    def __init__(self, job: Job, steps_per_epoch: int) -> None:
        self.base_lr = job.recipe.learning_rate  # an optimizer expects and sets it
        self._job = job
        self._steps_per_epoch = steps_per_epoch

    def __call__(self, steps: int) -> float:
        """Tell the learning rate of a step, counted from 1."""
        return learning_rate(self._job, steps / self._steps_per_epoch)
