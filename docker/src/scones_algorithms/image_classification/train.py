"""One training job from its configuration to its model."""

import logging
import math
import os
from dataclasses import asdict
from typing import Final

import cv2
import mxnet as mx
import numpy as np

from scones_algorithms.checkpoint import Checkpoints
from scones_algorithms.container import Container
from scones_algorithms.distributed.exchange import Exchange
from scones_algorithms.image_classification.augment import Batches, targets
from scones_algorithms.image_classification.card import write_card
from scones_algorithms.image_classification.channels import LIST_OF
from scones_algorithms.image_classification.dataset import (
    LabelledImages,
    read_training_images,
    read_validation_images,
)
from scones_algorithms.image_classification.entries import (
    Entry,
    own_share,
    present,
    read_entries,
)
from scones_algorithms.image_classification.initial import initial_network, set_initial_weights
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.labels import LabelForm
from scones_algorithms.image_classification.model import Model
from scones_algorithms.image_classification.network import describe_network
from scones_algorithms.image_classification.onlooker import has_onlooker, learn
from scones_algorithms.image_classification.optimizer import build_exchange
from scones_algorithms.image_classification.provenance import digest as digest_of
from scones_algorithms.image_classification.training import Scores, Training
from scones_algorithms.preprocess import Floats
from scones_algorithms.stop_request import StopRequest
from scones_algorithms.weights import digest, set_weights

log = logging.getLogger(__name__)

MOST_WEIGHT: Final = 100.0  # of a label that hardly any image has


def train(job: Job, container: Container, stop: StopRequest) -> None:
    """Train an image classifier and leave it in the container's model folder.

    Args:
        job: read and checked.
        container: whose model folder is written to.
        stop: ends the training early, with what has been learned.

    Raises:
        CustomerError: a list file or an image is wrong, or the loss has left all bounds.
    """
    images, validation = read_images(job)
    _tell(job, images, validation)
    cv2.setNumThreads(1)
    mx.random.seed(job.seed)
    network = initial_network(job)
    batches = _batches(job, images)
    checkpoints = Checkpoints(
        container.checkpoint_dir,
        container.model_dir,
        _identity(job, images),
        writes=job.cluster.rank == 0,
    )
    resumed = checkpoints.read()
    if resumed:
        set_weights(network, resumed.part("weights"))
    else:
        set_initial_weights(network, job)
    exchange = build_exchange(network, job, len(batches))
    _tell_counts(job, images, exchange)
    onlooker = learn(job, images, exchange) if has_onlooker(job) else None

    def keep(epochs_done: int, scores: Scores | None, to_serve: bool) -> None:
        if job.cluster.size > 1:
            log.info("Parameters after %d epochs: sha256 %s", epochs_done, digest(network))
        if job.cluster.rank == 0:
            judged = (scores, validation) if scores and validation else None
            model = Model(network, job, onlooker, epochs_done)
            model.save(container.model_dir, judged, to_serve=to_serve)

    if exchange.any(stop.requested):
        log.info("Stop requested before training: no model is kept")
        return
    weights = label_weights(exchange, images) if job.use_weighted_loss else None
    Training(
        network, exchange, job, batches, validation, stop, keep, checkpoints, resumed, weights
    ).run()
    if job.cluster.rank == 0:
        read = {"train": images} | ({"validation": validation} if validation else {})
        write_card(container, job, read, resumed_after=resumed.epochs_done if resumed else None)


def read_images(job: Job) -> tuple[LabelledImages, LabelledImages | None]:
    """Read this host's share of the train channel and, where there is one, the validation channel.

    Every host validates with all validation images that it has.
    """
    _, height, width = job.image_shape
    form = LabelForm(job.num_classes, job.multi_label)

    def entries(name: str) -> list[Entry]:
        return read_entries(job.channels[name], job.channels.get(LIST_OF[name]), form)

    channel = job.channels["train"]
    images = read_training_images(
        own_share(entries("train"), channel, job.cluster, job.seed),
        height,
        width,
        resize=job.resize,
        keep_margin=job.recipe.augmentation.crop,
        whole=job.recipe.whole,
    )
    if "validation" not in job.channels:
        return images, None
    found = present(entries("validation"), job.channels["validation"])
    return images, read_validation_images(found, height, width)


def label_weights(exchange: Exchange, images: LabelledImages) -> Floats:
    """Weigh each label by how rare it is among all hosts' images: those without it for one with.

    A label that every image has is weighed as usual: there is nothing to set it off against.
    """
    there = np.array(exchange.total_of(images.labels.sum(axis=0).tolist()))
    count = exchange.total_of([len(images)])[0]
    weights: Floats = ((count - there) / np.maximum(there, 1)).clip(MOST_WEIGHT**-1, MOST_WEIGHT)
    return np.where(there < count, weights, 1).astype(np.float32)


def _identity(job: Job, images: LabelledImages) -> dict[str, str]:
    """Tell what a training that is resumed must have in common with the one that began.

    Names that SageMaker or its SDK adds may differ; of several hosts each has other images.
    """
    given = {n: v for n, v in job.given.items() if not n.startswith(("_", "sagemaker_"))}
    if job.cluster.size > 1:
        return given | {"hosts": str(job.cluster.size)}
    return given | {"training images": digest_of(images)}


def _batches(job: Job, images: LabelledImages) -> Batches:
    """Make the batches; all hosts' epochs are equally long, whatever each of them has.

    As in the built-in, num_training_samples is the number of images of all hosts.
    """
    _, height, width = job.image_shape
    size, hosts = job.recipe.mini_batch_size, job.cluster.size
    several = hosts > 1
    return Batches(
        images,
        num_classes=job.num_classes,
        size=(height, width),
        batch_size=size,
        augmentation=job.recipe.augmentation,
        label_smoothing=job.recipe.label_smoothing,
        seed=(job.seed, job.cluster.rank),
        per_epoch=math.ceil(job.num_training_samples / hosts / size) if several else None,
    )


def _tell(job: Job, images: LabelledImages, validation: LabelledImages | None) -> None:
    """Log what is about to happen, and what the customer may not expect."""
    log.info("Hyperparameters: %s", dict(sorted(job.given.items())))
    log.info("Recipe: %s", asdict(job.recipe))
    log.info(
        "Network: %s, seed: %d, images: %d to train on, %d to validate with, threads: %s",
        describe_network(job.num_layers, wide=job.wide),
        job.seed,
        len(images),
        len(validation) if validation else 0,
        os.environ.get("OMP_NUM_THREADS", "all"),
    )
    for remark in job.remarks:
        log.info("Note: %s", remark)


def _tell_counts(job: Job, images: LabelledImages, exchange: Exchange) -> None:
    """Log where the images of all hosts are not what the customer says."""
    one_hot = targets(images.labels, job.num_classes, smoothing=0.0)
    *counts, number = exchange.total_of([*one_hot.sum(axis=0).tolist(), len(images)])
    total, several = int(number), job.cluster.size > 1
    if total != job.num_training_samples:
        log.warning(
            "num_training_samples=%d, but train has %d images: %s",
            job.num_training_samples,
            total,
            "an epoch is as long as the former says" if several else "those count",
        )
    absent = [str(number) for number, count in enumerate(counts) if not count]
    if absent:
        log.warning("no training image is of class %s", ", ".join(absent))
