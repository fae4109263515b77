"""GluonCV's published weights, which a training may begin with: a channel holds their file.

Nothing is downloaded here: a training container need not reach a network.
"""

import logging
from typing import Any

import mxnet as mx

from scones_algorithms.container import PRETRAINED, Channel
from scones_algorithms.earlier_model import load_arrays
from scones_algorithms.errors import CustomerError

log = logging.getLogger(__name__)


def take_published(network: Any, channel: Channel, name: str) -> None:
    """Give a network all published parameters whose shapes fit.

    Those are all but the last layer's, where the number of classes differs. They go by their
    places in the network, or in older files by their names.

    Args:
        network: a gluon block of GluonCV's structure, with `features`.
        channel: holds one .params file.
        name: of the network, for messages.

    Raises:
        CustomerError: the file is not there, broken, or of another network.
    """
    found = sorted(channel.directory.rglob("*.params"))
    if len(found) != 1:
        raise CustomerError(
            f"channel {PRETRAINED} must hold one .params file of GluonCV's, not {len(found)}"
        )
    arrays = load_arrays(found[0])
    places = network._collect_params_with_prefix()
    fitting = {}
    for place, parameter in places.items():
        array = arrays.get(place, arrays.get(parameter.name.removeprefix(network.prefix)))
        constant = isinstance(parameter, mx.gluon.parameter.Constant)
        if array is not None and array.shape == parameter.shape and not constant:
            fitting[place] = array
    if not all(place in fitting for place in places if place.startswith("features.")):
        raise CustomerError(f"{found[0].name} in channel {PRETRAINED} is not of {name}")
    for place, array in fitting.items():
        places[place].set_data(array)
    log.info("Starting from %s: %d of %d parameters", found[0].name, len(fitting), len(places))
