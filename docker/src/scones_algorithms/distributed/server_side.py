"""What a parameter server does with what workers of an asynchronous training send.

It is pickled by a worker and run by a server whose `import mxnet` has not ended: nothing here, or
in what it holds, may import more of MXNet than its optimizers.
"""

from typing import Any, Final

from mxnet.optimizer import Optimizer

WEIGHTS: Final = 0  # the key of all trained parameters, as one vector


class ServerSide(Optimizer):  # type: ignore[misc]
    """Lets an optimizer update the weights, and keeps everything else as it comes.

    Args:
        optimizer: of elementwise updates, since it gets all parameters as one vector.
    """

    def __init__(self, optimizer: Any) -> None:
        super().__init__()
        self.aggregate_num = 0
        self._optimizer = optimizer

    def create_state_multi_precision(self, index: int, weight: Any) -> Any:
        """Make the optimizer's state for the weights."""
        if index == WEIGHTS:
            return self._optimizer.create_state_multi_precision(index, weight)
        return None

    def update_multi_precision(self, index: int, weight: Any, grad: Any, state: Any) -> None:
        """Take one step, or store a value."""
        if index == WEIGHTS:
            self._optimizer.update_multi_precision(index, weight, grad, state)
        else:
            weight[:] = grad
