"""Optimizers by the built-in's names, on one host or shared by several."""

from typing import Any

import mxnet as mx
from mxnet import gluon

from scones_algorithms.distributed.exchange import Alone, Asynchronous, Exchange, Synchronous
from scones_algorithms.image_classification.job import Job
from scones_algorithms.schedule import Schedule


def build_exchange(network: Any, job: Job, steps_per_epoch: int) -> Exchange:
    """Make what changes the network by its gradients, with the other hosts where there are any.

    Args:
        network: with initial weights, the same on all hosts.
        job: names the optimizer, the hosts and the key-value store.
        steps_per_epoch: of each host.
    """
    name, options = job.recipe.optimizer, _options(job)
    if job.kv_store == "dist_async":
        options |= {
            "rescale_grad": 1 / job.recipe.mini_batch_size,
            "lr_scheduler": Schedule(job, steps_per_epoch * job.cluster.size),
        }
        optimizer = mx.optimizer.create(name, **options)
        return Asynchronous(network, optimizer, job.cluster.rank, job.cluster.size)
    trainer = gluon.Trainer(network.collect_params(), name, options, kvstore=None)
    if job.kv_store == "dist_sync":
        return Synchronous(network, trainer, job.cluster.size)
    return Alone(trainer)


def _options(job: Job) -> dict[str, Any]:
    recipe, extras = job.recipe, job.optimizer_extras
    own: dict[str, dict[str, Any]] = {
        "sgd": {"momentum": recipe.momentum, "wd": recipe.weight_decay},
        "nag": {"momentum": recipe.momentum, "wd": recipe.weight_decay},
        "adam": {"beta1": extras["beta_1"], "beta2": extras["beta_2"], "epsilon": extras["eps"]},
        "rmsprop": {"gamma1": extras["gamma"], "epsilon": extras["eps"]},
    }
    return {"learning_rate": recipe.learning_rate, **own[recipe.optimizer]}
