"""Optimizers by the built-in's names, and the course of the learning rate."""

import math
from typing import Any

from mxnet import gluon

from scones_algorithms.image_classification.job import Job


def build_trainer(network: Any, job: Job) -> Any:
    """Make the gluon trainer that a job asks for."""
    recipe, extras = job.recipe, job.optimizer_extras
    own: dict[str, dict[str, float]] = {
        "sgd": {"momentum": recipe.momentum},
        "nag": {"momentum": recipe.momentum},
        "adam": {"beta1": extras["beta_1"], "beta2": extras["beta_2"], "epsilon": extras["eps"]},
        "rmsprop": {"gamma1": extras["gamma"], "epsilon": extras["eps"]},
    }
    options = {"learning_rate": recipe.learning_rate, "wd": recipe.weight_decay}
    options |= own[recipe.optimizer]
    return gluon.Trainer(network.collect_params(), recipe.optimizer, options, kvstore=None)


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
