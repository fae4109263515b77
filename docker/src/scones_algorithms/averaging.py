"""A running average of a network's weights, which predicts better than the latest weights do."""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import mxnet as mx
import numpy as np

from scones_algorithms.checkpoint import Arrays

EVERY_STEPS: Final = 8  # neighbouring steps differ too little to be worth the copying


class WeightAverage:
    """Exponential average of all parameters, the statistics of batch normalisation included.

    Args:
        network: a gluon block whose parameters have their shapes.
        decay: weight of the past at each of the updates, of which there is one in eight steps.
    """

    def __init__(self, network: Any, decay: float) -> None:
        self._parameters = list(network.collect_params().values())
        self._decay = decay
        self._steps = 0
        self._updates = 0
        self._averages = [parameter.data().copy() for parameter in self._parameters]

    def values(self, *, statistics_only: bool) -> list[Any]:
        """Return the averages, or only those of what has no gradients; changing them counts."""
        return [
            average
            for average, parameter in zip(self._averages, self._parameters, strict=True)
            if not statistics_only or parameter.grad_req == "null"
        ]

    def state(self) -> Arrays:
        """Return all that a later average needs to go on."""
        counts = {"steps": np.array(self._steps), "updates": np.array(self._updates)}
        return counts | {str(n): a.asnumpy() for n, a in enumerate(self._averages)}

    def restore(self, arrays: Arrays) -> None:
        """Go on from what `state` once returned."""
        self._steps, self._updates = int(arrays["steps"]), int(arrays["updates"])
        for number, average in enumerate(self._averages):
            average[:] = mx.nd.array(arrays[str(number)])

    def step(self) -> None:
        """Note that the network has taken a step."""
        self._steps += 1
        if self._steps % EVERY_STEPS:
            return
        self._updates += 1
        # A young average must not remember the random weights that it began with.
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for average, parameter in zip(self._averages, self._parameters, strict=True):
            average *= decay
            average += (1 - decay) * parameter.data()

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network have the averaged weights for a while."""
        latest = [parameter.data().copy() for parameter in self._parameters]
        _assign(self._parameters, self._averages)
        try:
            yield
        finally:
            _assign(self._parameters, latest)


def _assign(parameters: list[Any], values: list[Any]) -> None:
    for parameter, value in zip(parameters, values, strict=True):
        parameter.set_data(value)
