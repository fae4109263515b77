"""One training job from its configuration to its model."""

import hashlib
import importlib.metadata
import logging
import os
import platform
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

import cv2
import mxnet as mx
import numpy as np
from mxnet import gluon

from scones_algorithms import preprocess
from scones_algorithms.checkpoint import Checkpoints
from scones_algorithms.container import JOB_NAME_ENV, Container
from scones_algorithms.distributed.exchange import Alone
from scones_algorithms.object_detection import artifact
from scones_algorithms.object_detection.augment import Batches
from scones_algorithms.object_detection.both_ways import answering
from scones_algorithms.object_detection.channels import ANNOTATION_OF
from scones_algorithms.object_detection.dataset import Scenes, read_scenes
from scones_algorithms.object_detection.entries import read_entries
from scones_algorithms.object_detection.frozen import Frozen
from scones_algorithms.object_detection.initial import set_initial_weights
from scones_algorithms.object_detection.job import Job
from scones_algorithms.object_detection.network import build_heads
from scones_algorithms.object_detection.training import Training
from scones_algorithms.stop_request import StopRequest
from scones_algorithms.weights import set_weights

log = logging.getLogger(__name__)

METADATA_FORMAT: Final = 1


def train(job: Job, container: Container, stop: StopRequest) -> None:
    """Train a detector and leave it in the container's model folder.

    Args:
        job: read and checked.
        container: whose model folder is written to.
        stop: ends the training early, with what has been learned.

    Raises:
        CustomerError: an annotation or an image is wrong, or the loss has left all bounds.
    """
    scenes = _read(job, "train")
    validation = _read(job, "validation") if "validation" in job.channels else None
    _tell(job, scenes, validation)
    cv2.setNumThreads(1)
    mx.random.seed(job.seed)
    heads = build_heads(job)
    checkpoints = Checkpoints(container.checkpoint_dir, container.model_dir, _identity(job, scenes))
    resumed = checkpoints.read()
    if resumed:
        set_weights(heads, resumed.part("weights"))
    else:
        set_initial_weights(heads, job)
    frozen = Frozen(heads, job.freeze)
    if frozen.names:
        log.info("Frozen parameters: %d", len(frozen.names))
    exchange = Alone(gluon.Trainer(heads.collect_params(), *_optimizer(job), kvstore=None))
    batches = Batches(scenes, job.recipe.mini_batch_size, job.recipe.augmentation, job.seed)

    def keep(epochs_done: int, score: float | None) -> None:
        metadata = _metadata(job, epochs_done, score)
        given = dict(sorted(job.given.items()))
        answers = answering(heads, mirror=job.recipe.mirror)
        path = artifact.save(
            container.model_dir, answers, job.side, job.nms_threshold, given, metadata
        )
        log.info('Saved checkpoint to "%s"', path)

    if stop.requested:
        log.info("Stop requested before training: no model is kept")
        return
    Training(
        *(heads, exchange, job, batches, validation, stop, keep, frozen, checkpoints, resumed)
    ).run()


def _read(job: Job, name: str) -> Scenes:
    annotation = job.channels.get(ANNOTATION_OF[name])
    entries = read_entries(job.channels[name], annotation, job.num_classes, job.label_width)
    return read_scenes(entries, job.side)


def _optimizer(job: Job) -> tuple[str, dict[str, Any]]:
    recipe = job.recipe
    options = {"learning_rate": recipe.learning_rate, "wd": recipe.weight_decay}
    if recipe.optimizer == "sgd":
        options["momentum"] = recipe.momentum
    return recipe.optimizer, options


def _identity(job: Job, scenes: Scenes) -> dict[str, str]:
    """Tell what a training that is resumed must have in common with the one that began.

    Names that SageMaker or its SDK adds may differ.
    """
    given = {n: v for n, v in job.given.items() if not n.startswith(("_", "sagemaker_"))}
    found = hashlib.sha256(scenes.pixels.tobytes())
    for boxes in scenes.boxes:
        found.update(boxes.tobytes())
    return given | {"training images": found.hexdigest()}


def _tell(job: Job, scenes: Scenes, validation: Scenes | None) -> None:
    """Log what is about to happen, and what the customer may not expect."""
    log.info("Hyperparameters: %s", dict(sorted(job.given.items())))
    log.info("Recipe: %s", asdict(job.recipe))
    counts = Counter(int(row[0]) for boxes in scenes.boxes for row in boxes)
    log.info(
        "Network: %s, seed: %d, images: %d to train on, %d to validate with, threads: %s",
        job.network,
        job.seed,
        len(scenes),
        len(validation) if validation else 0,
        os.environ.get("OMP_NUM_THREADS", "all"),
    )
    log.info("Objects by class: %s", dict(sorted(counts.items())))
    for remark in job.remarks:
        log.info("Note: %s", remark)
    if len(scenes) != job.num_training_samples:
        log.warning(
            "num_training_samples=%d, but train has %d images: those count",
            job.num_training_samples,
            len(scenes),
        )
    absent = [str(number) for number in range(job.num_classes) if not counts[number]]
    if absent:
        log.warning("no training image shows class %s", ", ".join(absent))


def _metadata(job: Job, epochs_done: int, score: float | None) -> dict[str, Any]:
    """Tell all that serving needs, and how the model came to be; nothing in it is a time."""
    return {
        "format": METADATA_FORMAT,
        "algorithm": "object-detection",
        "num_classes": job.num_classes,
        "image_shape": [3, job.side, job.side],
        "normalization": {"mean": list(preprocess.MEAN), "std": list(preprocess.STD)},
        "resize": preprocess.RESIZE_POLICY,
        "network": job.network,
        "recipe": asdict(job.recipe),
        "seed": job.seed,
        "epochs": epochs_done,
        "validation": {"mAP": score},
        "hyperparameters": dict(sorted(job.given.items())),
        "training_job": os.environ.get(JOB_NAME_ENV, ""),
        "versions": {
            "scones-algorithms": importlib.metadata.version("scones-algorithms"),
            "mxnet": mx.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
