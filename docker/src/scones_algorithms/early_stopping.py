"""Watches a validation score: which epoch is best, and when no better one is to be expected."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EarlyStopping:
    """When to end before the last epoch.

    Attributes:
        min_epochs: epochs that are run in any case.
        patience: epochs without improvement to wait for one.
        tolerance: relative gain in the score below which an epoch is no improvement.
    """

    min_epochs: int
    patience: int
    tolerance: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "EarlyStopping | None":
        """Take the rule from a job's hyperparameters; None where it has none."""
        if not values["early_stopping"]:
            return None
        return cls(
            min_epochs=values["early_stopping_min_epochs"],
            patience=values["early_stopping_patience"],
            tolerance=values["early_stopping_tolerance"],
        )


class Watch:
    """The course of a training's validation score, such as accuracy.

    Args:
        rule: for early stopping; None to run all epochs.
    """

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.best_epoch = 0
        self._rule = rule
        self._best = -1.0
        self._last_gain = 0
        self._to_beat = -1.0

    def state(self) -> dict[str, float]:
        """Return all that a later watch needs to go on."""
        return {
            "best_epoch": self.best_epoch,
            "best": self._best,
            "last_gain": self._last_gain,
            "to_beat": self._to_beat,
        }

    def restore(self, state: dict[str, float]) -> None:
        """Go on from what `state` once returned."""
        self.best_epoch, self._last_gain = int(state["best_epoch"]), int(state["last_gain"])
        self._best, self._to_beat = state["best"], state["to_beat"]

    def is_best(self, score: float, epochs_done: int) -> bool:
        """Note an epoch's validation score, from 0; whether it is the best so far."""
        tolerance = self._rule.tolerance if self._rule else 0.0
        if score > self._to_beat + tolerance * max(0.0, self._to_beat):
            self._to_beat = score
            self._last_gain = epochs_done
        if score <= self._best:
            return False
        self._best = score
        self.best_epoch = epochs_done
        return True

    def patience_is_over(self, epochs_done: int) -> bool:
        """Whether the rule for early stopping says to end."""
        rule = self._rule
        if rule is None or epochs_done < rule.min_epochs:
            return False
        if epochs_done - self._last_gain < rule.patience:
            return False
        log.info("Early stopping: no improvement in %d epochs", epochs_done - self._last_gain)
        return True
