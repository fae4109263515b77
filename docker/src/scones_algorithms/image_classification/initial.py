"""The weights that a training begins with, where they are not random.

    channel `model`           an earlier job's model.tar.gz: all layers (incremental training);
                              of a job of AWS's own algorithm, its network as well
    use_pretrained_model=1    the base network that comes with this package: all but the last layer;
                              with num_layers GluonCV's published ResNet in channel `pretrained`

The first wins, as with the built-in.
"""

import json
import logging
from pathlib import Path
from typing import Any, Final

import numpy as np

from scones_algorithms.checkpoint import Arrays
from scones_algorithms.container import MODEL_CHANNEL, PRETRAINED, Channel
from scones_algorithms.earlier_model import load_arrays, unpacked
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.builtin_model import read_built_in
from scones_algorithms.image_classification.builtin_network import in_our_scale, open_network
from scones_algorithms.image_classification.files import METADATA_FILE, latest_weights
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.network import (
    build_network,
    describe_network,
    last_layer,
)
from scones_algorithms.published_weights import take_published
from scones_algorithms.weights import set_weights

log = logging.getLogger(__name__)

BASE_FILE: Final = Path(__file__).parent / "base" / "wide-cifar78-v3.params"


def initial_network(job: Job) -> Any:
    """Build the network that a job trains, before it gets its initial weights.

    Raises:
        CustomerError: the model of the channel is broken, or of another job than this one says.
    """
    if MODEL_CHANNEL in job.channels:
        with unpacked(job.channels[MODEL_CHANNEL]) as folder:
            model = read_built_in(folder)
            if model:
                return open_network(folder, model, job)
    return build_network(job.num_layers, job.num_classes, job.image_shape, wide=job.wide)


def set_initial_weights(network: Any, job: Job) -> None:
    """Give a network the weights that the job names, if it names any.

    Raises:
        CustomerError: what the channel holds is broken, or of another network.
    """
    if MODEL_CHANNEL in job.channels:
        arrays = read_model(job.channels[MODEL_CHANNEL], last_layer(network))
        _check_shapes(network, arrays)
        set_weights(network, arrays)
        log.info("Starting from the model in channel %s", MODEL_CHANNEL)
    elif job.begins_with_published:
        take_published(network, job.channels[PRETRAINED], describe_network(job.num_layers))
    elif job.begins_with_base:
        arrays = read_base(BASE_FILE)
        for name in last_layer(network):
            arrays.pop(name, None)
        set_weights(network, arrays)
        log.info("Starting from the base network %s", BASE_FILE.name)


def read_base(path: Path) -> Arrays:
    """Read a base network's file: half-precision numbers by the names of the parameters."""
    return {name: array.asnumpy().astype(np.float32) for name, array in load_arrays(path).items()}


def read_model(channel: Channel, calibrated: tuple[str, ...]) -> Arrays:
    """Read an earlier job's weights, from model.tar.gz or from its unpacked files.

    Args:
        channel: holds one or the other.
        calibrated: the parameters into which a temperature was folded, which is undone.

    Raises:
        CustomerError: they are not there, or cannot be read.
    """
    with unpacked(channel) as folder:
        return _read_folder(folder, calibrated)


def _read_folder(folder: Path, calibrated: tuple[str, ...]) -> Arrays:
    loaded = load_arrays(latest_weights(folder))
    arrays = {name.partition(":")[2]: array.asnumpy() for name, array in loaded.items()}
    temperature = _temperature(folder / METADATA_FILE)
    model = read_built_in(folder)
    if model and not (folder / METADATA_FILE).exists():
        arrays = in_our_scale(arrays, model)
    return {
        name: array * np.float32(temperature) if name in calibrated else array
        for name, array in arrays.items()
    }


def _temperature(path: Path) -> float:
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["calibration"]["temperature"])
    except FileNotFoundError:
        return 1.0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CustomerError(
            f"{path.name} in channel {MODEL_CHANNEL} cannot be used: {error}"
        ) from None


def _check_shapes(network: Any, arrays: Arrays) -> None:
    for name, parameter in network.collect_params().items():
        found = arrays[name].shape if name in arrays else None
        if found != parameter.shape:
            there = f"is {found}" if found else "is missing"
            raise CustomerError(
                f"the model in channel {MODEL_CHANNEL} does not fit: {name} {there} there and "
                f"{parameter.shape} here: num_layers, network, image_shape and num_classes must "
                "be the same as in its training"
            )
