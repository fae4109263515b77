"""Counts how often a network is right, and says so in the built-in's words."""

import logging

import numpy as np

from scones_algorithms.distributed.exchange import Exchange
from scones_algorithms.image_classification.preprocess import Floats

log = logging.getLogger(__name__)


class Tally:
    """The hits of one epoch.

    Args:
        top_k: also count images whose class is among the k likeliest.
    """

    def __init__(self, top_k: int | None) -> None:
        self.count = 0
        self.loss = 0.0
        self._top_k = top_k
        self._right = 0
        self._right_in_top = 0

    def add(self, logits: Floats, loss: float, targets: Floats) -> None:
        """Count a batch; of a mixed target the larger share is the class to find."""
        wanted = targets.argmax(axis=1)
        self.count += len(wanted)
        self.loss += loss
        self._right += int((logits.argmax(axis=1) == wanted).sum())
        if self._top_k:
            best = np.argsort(-logits, axis=1)[:, : self._top_k]
            self._right_in_top += int((best == wanted[:, None]).any(axis=1).sum())

    def pool(self, exchange: Exchange) -> None:
        """Count what all workers have counted."""
        counts = exchange.total_of([self.count, self._right, self._right_in_top])
        self.count, self._right, self._right_in_top = map(int, counts)

    @property
    def accuracy(self) -> float:
        """Share of images whose likeliest class is right."""
        return self._right / max(1, self.count)

    def tell(self, epoch: int, part: str) -> None:
        """Log the epoch's metrics; `part` is Train or Validation."""
        log.info("Epoch[%d] %s-accuracy=%.6f", epoch, part, self.accuracy)
        if self._top_k:
            share = self._right_in_top / max(1, self.count)
            log.info("Epoch[%d] %s-top_k_accuracy_%d=%.6f", epoch, part, self._top_k, share)
