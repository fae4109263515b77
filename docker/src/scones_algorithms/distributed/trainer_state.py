"""What a gluon Trainer remembers between two steps, as arrays by name.

MXNet would pickle it; arrays can be read from a file that somebody else may have written.
"""

from typing import Any, Final

import mxnet as mx
import numpy as np
import numpy.typing as npt

UPDATES: Final = "updates"

Arrays = dict[str, npt.NDArray[Any]]


def read_state(trainer: Any) -> Arrays:
    """Return the optimizer's state of each parameter, and how many steps it has taken."""
    found = {UPDATES: np.array(trainer._optimizer.num_update)}
    for index, state in trainer._updaters[0].states.items():
        for number, part in enumerate(_parts(state)):
            found[f"{index}.{number}"] = part.asnumpy()
    return found


def write_state(trainer: Any, arrays: Arrays) -> None:
    """Give a trainer that has not taken a step yet the state that another had."""
    optimizer, updater = trainer._optimizer, trainer._updaters[0]
    steps = int(arrays[UPDATES])
    optimizer.num_update = steps
    for index, parameter in enumerate(trainer._params):
        if parameter.grad_req == "null":
            continue
        state = optimizer.create_state_multi_precision(index, parameter.data())
        for number, part in enumerate(_parts(state)):
            part[:] = mx.nd.array(arrays[f"{index}.{number}"])
        updater.states[index] = state
        updater.states_synced[index] = True
        optimizer._index_update_count[index] = steps


def _parts(state: Any) -> list[Any]:
    """Optimizers keep one array, several or none for a parameter."""
    parts = state if isinstance(state, (tuple, list)) else (state,)
    return [part for part in parts if part is not None]
