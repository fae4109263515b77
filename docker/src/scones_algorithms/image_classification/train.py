"""One training job from its configuration to its model."""

import importlib.metadata
import logging
import os
import platform
from dataclasses import asdict
from typing import Any, Final

import cv2
import mxnet as mx
import numpy as np

from scones_algorithms.container import JOB_NAME_ENV, Container
from scones_algorithms.image_classification import artifact, preprocess
from scones_algorithms.image_classification.augment import Batches
from scones_algorithms.image_classification.calibration import (
    REPORTED_CONFIDENCE,
    confidence_report,
    fit_temperature,
)
from scones_algorithms.image_classification.channels import LIST_OF
from scones_algorithms.image_classification.dataset import (
    LabelledImages,
    read_list,
    read_training_images,
    read_validation_images,
)
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.network import build_network, describe_network
from scones_algorithms.image_classification.training import Scores, Training
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

METADATA_FORMAT: Final = 1


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
    network = build_network(job.num_layers, job.num_classes, job.image_shape)

    def keep(epochs_done: int, scores: Scores | None) -> None:
        labelled = (scores, validation) if scores and validation else None
        _save(container, job, network, epochs_done, labelled)

    if stop.requested:
        log.info("Stop requested before training: no model is kept")
        return
    Training(network, job, _batches(job, images), validation, stop, keep).run()


def read_images(job: Job) -> tuple[LabelledImages, LabelledImages | None]:
    """Read the train channel and, where the job has one, the validation channel."""
    _, height, width = job.image_shape
    entries = read_list(job.channels["train"], job.channels[LIST_OF["train"]], job.num_classes)
    images = read_training_images(
        entries, height, width, resize=job.resize, keep_margin=job.recipe.augmentation.crop
    )
    if "validation" not in job.channels:
        return images, None
    listing = job.channels[LIST_OF["validation"]]
    entries = read_list(job.channels["validation"], listing, job.num_classes)
    return images, read_validation_images(entries, height, width)


def _batches(job: Job, images: LabelledImages) -> Batches:
    _, height, width = job.image_shape
    return Batches(
        images,
        num_classes=job.num_classes,
        size=(height, width),
        batch_size=job.recipe.mini_batch_size,
        augmentation=job.recipe.augmentation,
        label_smoothing=job.recipe.label_smoothing,
        rng=np.random.default_rng(job.seed),
    )


def _tell(job: Job, images: LabelledImages, validation: LabelledImages | None) -> None:
    """Log what is about to happen, and what the customer may not expect."""
    log.info("Hyperparameters: %s", dict(sorted(job.given.items())))
    log.info("Recipe: %s", asdict(job.recipe))
    log.info(
        "Network: %s, seed: %d, images: %d to train on, %d to validate with, threads: %s",
        describe_network(job.num_layers),
        job.seed,
        len(images),
        len(validation) if validation else 0,
        os.environ.get("OMP_NUM_THREADS", "all"),
    )
    for remark in job.remarks:
        log.info("Note: %s", remark)
    if len(images) != job.num_training_samples:
        log.warning(
            "num_training_samples=%d, but train lists %d images: those count",
            job.num_training_samples,
            len(images),
        )
    absent = sorted(set(range(job.num_classes)) - set(images.labels.tolist()))
    if absent:
        log.warning("no training image is of class %s", ", ".join(map(str, absent)))


def _save(
    container: Container,
    job: Job,
    network: Any,
    epochs_done: int,
    scored: tuple[Scores, LabelledImages] | None,
) -> None:
    temperature, validation = 1.0, None
    if scored:
        scores, images = scored
        temperature = fit_temperature(scores.logits, images.labels)
        validation = confidence_report(scores.logits, images.labels, temperature)
        log.info(
            "Calibration: temperature=%.4f, %.1f%% of the validation images reach a confidence "
            "of %g, of those %.1f%% are right",
            temperature,
            100 * validation["share_confident"],
            REPORTED_CONFIDENCE,
            100 * validation["accuracy_confident"],
        )
    metadata = _metadata(job, epochs_done, temperature, validation)
    path = artifact.save(
        container.model_dir,
        network,
        job.image_shape,
        epochs_done,
        mirror=job.recipe.mirror,
        temperature=temperature,
        metadata=metadata,
    )
    log.info('Saved checkpoint to "%s"', path)


def _metadata(
    job: Job, epochs_done: int, temperature: float, validation: dict[str, float] | None
) -> dict[str, Any]:
    """Tell all that serving needs, and how the model came to be; nothing in it is a time."""
    return {
        "format": METADATA_FORMAT,
        "algorithm": artifact.PREFIX,
        "num_classes": job.num_classes,
        "image_shape": list(job.image_shape),
        "normalization": {"mean": list(preprocess.MEAN), "std": list(preprocess.STD)},
        "resize": preprocess.RESIZE_POLICY,
        "network": describe_network(job.num_layers),
        "recipe": asdict(job.recipe),
        "seed": job.seed,
        "epochs": epochs_done,
        "calibration": {"temperature": temperature, "folded_into": "output layer"},
        "validation": validation,
        "hyperparameters": dict(sorted(job.given.items())),
        "training_job": os.environ.get(JOB_NAME_ENV, ""),
        "versions": {
            "scones-algorithms": importlib.metadata.version("scones-algorithms"),
            "mxnet": mx.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
