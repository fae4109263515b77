"""The network of a model that AWS's built-in algorithm has trained, to be trained further.

Its layers are those of its own symbol file, under the names that they have there.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mxnet as mx
import numpy as np

from scones_algorithms.checkpoint import Arrays
from scones_algorithms.container import MODEL_CHANNEL
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.builtin_model import INPUT, BuiltInModel
from scones_algorithms.image_classification.files import SYMBOL_FILE
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.recipe import BUILTIN
from scones_algorithms.preprocess import MEAN, STD


def open_network(folder: Path, model: BuiltInModel, job: Job) -> Any:
    """Make a gluon block of a model's network; its weights are yet to be set.

    Args:
        folder: with the model's files.
        model: what they say.
        job: which must say the same.

    Returns:
        A block like those of `network.build_network`.

    Raises:
        CustomerError: the job says otherwise, or MXNet cannot read the network.
    """
    CustomerError.raise_first(_differences(model, job))
    try:
        symbol = mx.sym.load(str(folder / SYMBOL_FILE))
        logits = symbol.get_internals()[f"{model.last_layer}_output"]
        network = mx.gluon.SymbolBlock(logits, mx.sym.var(INPUT))
        network.initialize(mx.init.Zero())
        network.hybridize(static_alloc=True, static_shape=True)
        network(mx.nd.zeros((1, *job.image_shape)))  # fixes the shapes of all weights
    except (mx.base.MXNetError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise CustomerError(
            f"{SYMBOL_FILE} in channel {MODEL_CHANNEL} cannot be loaded: {reason}"
        ) from None
    parts = (network.params[f"{model.last_layer}_{part}"] for part in ("weight", "bias"))
    network.output = SimpleNamespace(**dict(zip(("weight", "bias"), parts, strict=True)))
    return network


def in_our_scale(arrays: Arrays, model: BuiltInModel) -> Arrays:
    """Let the first layer take images as `preprocess.normalise` gives them; its answers stay.

    It subtracts a mean and divides by a deviation: those of colours from 0 to 255 until now.
    """
    mean, variance = (f"{model.normalisation}_moving_{part}" for part in ("mean", "var"))
    centre, scale = np.array(MEAN, np.float32), np.array(STD, np.float32)
    if mean not in arrays or variance not in arrays:
        raise CustomerError(
            f"the model in channel {MODEL_CHANNEL} has no {mean} and {variance}: is it whole?"
        )
    return arrays | {mean: (arrays[mean] - centre) / scale, variance: arrays[variance] / scale**2}


def _differences(model: BuiltInModel, job: Job) -> list[str]:
    """Tell what the job says otherwise than the model."""
    pairs = {
        "num_classes": (model.num_classes, job.num_classes),
        "image_shape": (model.image_shape, job.image_shape),
        "num_layers": (model.num_layers or job.num_layers, job.num_layers),
    }
    found = [
        f"{name} of the model in channel {MODEL_CHANNEL} is {_text(there)}, and here it is "
        f"{_text(here)}: it must be the same"
        for name, (there, here) in pairs.items()
        if there != here
    ]
    if job.recipe.name != BUILTIN.name:
        found.append(
            f"the model in channel {MODEL_CHANNEL} is of AWS's own algorithm: give its num_layers, "
            "and no other recipe than builtin"
        )
    return found


def _text(value: Any) -> str:
    if value is None:
        return "not given"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
