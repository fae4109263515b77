"""What the workers of a training tell one another: gradients or weights, and sums of anything.

    Alone          one host: nobody to tell
    Synchronous    dist_sync: every step is taken by all, with the sum of all gradients
    Asynchronous   dist_async: the servers take a step whenever a worker sends gradients

All methods but `step` of an asynchronous training are to be called by all workers in the same
order. Everything is sent as one vector: one message where a network has dozens of parameters.
Source: mxnet.apache.org/versions/1.9.1/api/faq/distributed_training
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import mxnet as mx

from scones_algorithms.distributed.server_side import WEIGHTS, ServerSide
from scones_algorithms.distributed.trainer_state import Arrays, read_state, write_state

Array = Any  # mxnet.nd.NDArray

_stores: list[Any] = []


class Exchange(ABC):
    """One worker's connection to the others.

    Attributes:
        size: how many workers there are.
        in_step: whether the trained parameters of all workers are always the same.
    """

    size = 1
    in_step = True

    @abstractmethod
    def step(self, samples: int, learning_rate: float, *, stop: bool) -> bool:
        """Change the network by the gradients of a batch.

        Args:
            samples: images in this worker's batch; the same for all.
            learning_rate: of this step; asynchronous servers reckon it by themselves.
            stop: whether this worker wants to stop.

        Returns:
            Whether to stop now.
        """

    @abstractmethod
    def total(self, arrays: Sequence[Array]) -> None:
        """Replace arrays by their sums over all workers: the same bits everywhere."""

    @abstractmethod
    def refresh(self) -> None:
        """Let the network have the same trained parameters as every other worker's."""

    @abstractmethod
    def optimizer_state(self) -> Arrays:
        """Return what this worker's optimizer remembers."""

    @abstractmethod
    def restore_optimizer(self, arrays: Arrays) -> None:
        """Let the optimizer remember what `optimizer_state` once returned."""

    def mean(self, arrays: Sequence[Array]) -> None:
        """Replace arrays by their means over all workers."""
        self.total(arrays)
        for array in arrays:
            array /= self.size

    def total_of(self, numbers: Iterable[float]) -> list[float]:
        """Return the sums over all workers of some numbers, counts below 2^24 exactly."""
        array = mx.nd.array(list(numbers))
        self.total([array])
        return [float(value) for value in array.asnumpy()]

    def any(self, wish: bool) -> bool:
        """Whether any worker wishes so."""
        return self.total_of([wish])[0] > 0


class Local(Exchange):
    """A worker with an optimizer of its own.

    Args:
        trainer: gluon's, without a key-value store.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def optimizer_state(self) -> Arrays:
        """Return the state of each parameter, and the count of steps."""
        return read_state(self._trainer)

    def restore_optimizer(self, arrays: Arrays) -> None:
        """Give both to the trainer, before its first step."""
        write_state(self._trainer, arrays)


class Alone(Local):
    """A training on one host."""

    def step(self, samples: int, learning_rate: float, *, stop: bool) -> bool:
        """Take a step with the trainer."""
        self._trainer.set_learning_rate(learning_rate)
        self._trainer.step(samples)
        return stop

    def total(self, arrays: Sequence[Array]) -> None:
        """Leave the arrays as they are."""

    def refresh(self) -> None:
        """Leave the network as it is."""


class Synchronous(Local):
    """All workers take the same steps, each with its own trainer.

    The servers only add up. So workers that began with the same weights keep the same weights, to
    the bit, and the sum carries the wish to stop: all of them leave after the same step.
    """

    def __init__(self, network: Any, trainer: Any, size: int) -> None:
        super().__init__(trainer)
        self.size = size
        self._gradients = [parameter.grad() for parameter in trained(network)]
        self._store = _open_store("dist_sync")
        self._keys: dict[int, int] = {}

    def step(self, samples: int, learning_rate: float, *, stop: bool) -> bool:
        """Take a step with the sum of all gradients."""
        wish = mx.nd.array([stop])
        self.total([*self._gradients, wish])
        self._trainer.set_learning_rate(learning_rate)
        self._trainer.step(samples * self.size)
        return bool(wish.asscalar() > 0)

    def total(self, arrays: Sequence[Array]) -> None:
        """Let the servers add up; there is a key for each length."""
        vector = _joined(arrays)
        if vector.size not in self._keys:
            self._keys[vector.size] = len(self._keys)
            self._store.init(self._keys[vector.size], mx.nd.zeros(vector.size))
        key = self._keys[vector.size]
        self._store.push(key, vector)
        self._store.pull(key, out=vector)
        _divide(vector, arrays)

    def refresh(self) -> None:
        """Nothing to do: they never differ."""


class Asynchronous(Exchange):
    """The servers have the weights and the optimizer; workers send gradients and go on."""

    in_step = False

    def __init__(self, network: Any, optimizer: Any, rank: int, size: int) -> None:
        self.size = size
        self._rank = rank
        self._parameters = trained(network)
        self._gradients = [parameter.grad() for parameter in self._parameters]
        self._store = _open_store("dist_async")
        if self._store.rank == 0:
            self._store.set_optimizer(ServerSide(optimizer))
        self._store.init(WEIGHTS, _joined([parameter.data() for parameter in self._parameters]))
        self._keys: dict[int, list[int]] = {}

    def optimizer_state(self) -> Arrays:
        """Return nothing: the servers have the optimizer."""
        return {}

    def restore_optimizer(self, arrays: Arrays) -> None:
        """Do nothing: the servers' optimizer begins anew."""

    def step(self, samples: int, learning_rate: float, *, stop: bool) -> bool:
        """Send this worker's gradients, and get the weights as they are then."""
        self._store.push(WEIGHTS, _joined(self._gradients))
        self._pull_weights()
        return stop

    def total(self, arrays: Sequence[Array]) -> None:
        """Put the values where all workers can read them, and add them up in their order."""
        vector = _joined(arrays)
        keys = self._keys_for(vector.size)
        self._store.push(keys[self._rank], vector)
        self._meet()
        parts = [mx.nd.zeros(vector.size) for _ in keys]
        for key, part in zip(keys, parts, strict=True):
            self._store.pull(key, out=part)
        self._meet()  # nobody may send the next values before all have read these
        _divide(mx.nd.add_n(*parts), arrays)

    def refresh(self) -> None:
        """Get the weights while nobody sends gradients."""
        self._meet()
        self._pull_weights()
        self._meet()

    def _keys_for(self, length: int) -> list[int]:
        if length not in self._keys:
            first = WEIGHTS + 1 + len(self._keys) * self.size
            self._keys[length] = list(range(first, first + self.size))
            for key in self._keys[length]:
                self._store.init(key, mx.nd.zeros(length))
        return self._keys[length]

    def _pull_weights(self) -> None:
        weights = [parameter.data() for parameter in self._parameters]
        vector = mx.nd.zeros(sum(weight.size for weight in weights))
        self._store.pull(WEIGHTS, out=vector)
        _divide(vector, weights)

    def _meet(self) -> None:
        """Wait until all that was sent has arrived, here and elsewhere."""
        mx.nd.waitall()
        self._store._barrier()


def _open_store(name: str) -> Any:
    """Open MXNet's key-value store for as long as the process lives.

    It is never closed, since closing waits for all other workers, who may be gone. Its keys must
    be small numbers: MXNet 1.9.1 multiplies them by 9,973 in 32 bits.
    """
    _stores.append(mx.kv.create(name))
    return _stores[-1]


def trained(network: Any) -> list[Any]:
    """Return the parameters that have gradients, in a fixed order."""
    return [p for p in network.collect_params().values() if p.grad_req != "null"]


def statistics(network: Any) -> list[Array]:
    """Return the values that have none: running means and variances of batch normalisation."""
    return [p.data() for p in network.collect_params().values() if p.grad_req == "null"]


def _joined(arrays: Sequence[Array]) -> Array:
    return mx.nd.concat(*(array.reshape(-1) for array in arrays), dim=0)


def _divide(vector: Array, arrays: Sequence[Array]) -> None:
    """Undo `_joined`, in place."""
    start = 0
    for array in arrays:
        array[:] = vector[start : start + array.size].reshape(array.shape)
        start += array.size
