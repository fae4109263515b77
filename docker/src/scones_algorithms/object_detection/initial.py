"""The weights that a training begins with, where they are not random.

    channel `model`        an earlier job's model.tar.gz: all layers (incremental training)
    channel `pretrained`   GluonCV's published detector: all layers whose shapes fit, which is all
                           but the class scores where the number of classes differs
    network=wide           the base network that comes with this package: the first three stages

The first wins.
"""

import logging
from typing import Any

from scones_algorithms.container import MODEL_CHANNEL, PRETRAINED, Channel
from scones_algorithms.earlier_model import load_arrays, unpacked
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.artifact import WEIGHTS_FILE
from scones_algorithms.object_detection.job import Job
from scones_algorithms.published_weights import take_published
from scones_algorithms.weights import set_weights

log = logging.getLogger(__name__)


def set_initial_weights(heads: Any, job: Job) -> None:
    """Give a network the weights that the job names, if it names any.

    Raises:
        CustomerError: what the channel holds is broken, or of another network.
    """
    if MODEL_CHANNEL in job.channels:
        _take_over(heads, job.channels[MODEL_CHANNEL])
        log.info("Starting from the model in channel %s", MODEL_CHANNEL)
    elif PRETRAINED in job.channels and job.given.get("use_pretrained_model") != "0":
        take_published(heads.ssd, job.channels[PRETRAINED], job.network)
    elif job.begins_with_base:
        log.info("Starting from the base network %s", heads.ssd.features.take_base())


def _take_over(heads: Any, channel: Channel) -> None:
    with unpacked(channel) as folder:
        path = folder / WEIGHTS_FILE
        if not path.is_file():
            raise CustomerError(
                f"channel {MODEL_CHANNEL} must hold {WEIGHTS_FILE}, as an earlier job's "
                "model.tar.gz does"
            )
        loaded = load_arrays(path)
    arrays = {name.partition(":")[2]: array.asnumpy() for name, array in loaded.items()}
    for name, parameter in heads.collect_params().items():
        found = arrays[name].shape if name in arrays else None
        if found != parameter.shape:
            there = f"is {found}" if found else "is missing"
            raise CustomerError(
                f"the model in channel {MODEL_CHANNEL} does not fit: {name} {there} there and "
                f"{parameter.shape} here: base_network, network, image_shape and num_classes must "
                "be the same as in its training"
            )
    set_weights(heads, arrays)
