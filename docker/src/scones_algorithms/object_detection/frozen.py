"""Parameters that a training must not change, not even by rounding."""

import re
from typing import Any

from mxnet.gluon.parameter import Constant

from scones_algorithms.errors import CustomerError

NAMES_TOLD = 4


class Frozen:
    """The parameters whose names match a pattern, and the anchors.

    Args:
        heads: with initial weights.
        pattern: of freeze_layer_pattern; None freezes nothing.

    Raises:
        CustomerError: it matches no parameter, or every one.
    """

    def __init__(self, heads: Any, pattern: re.Pattern[str] | None) -> None:
        parameters = heads.collect_params()
        found = [name for name in parameters if pattern and pattern.search(name)]
        trained = [name for name in parameters if parameters[name].grad_req != "null"]
        if pattern and (not found or set(trained) <= set(found)):
            which = "every" if found else "no"
            raise CustomerError(
                f"freeze_layer_pattern={pattern.pattern!r} matches {which} parameter: there are "
                f"{', '.join(trained[:NAMES_TOLD])}, ..."
            )
        for name in found:
            parameters[name].grad_req = "null"
        self.names = found
        constants = [name for name, one in parameters.items() if isinstance(one, Constant)]
        self._kept = [
            (parameters[name], parameters[name].data().copy()) for name in (*found, *constants)
        ]

    def restore(self) -> None:
        """Undo what changes without gradients: statistics, and means over equal weights."""
        for parameter, value in self._kept:
            parameter.set_data(value)
