"""Counts how often a network is right, and says so in the built-in's words."""

import logging

import numpy as np

from scones_algorithms.distributed.exchange import Exchange
from scones_algorithms.preprocess import Floats

log = logging.getLogger(__name__)


class Tally:
    """The hits of one epoch.

    Args:
        top_k: also count images whose class is among the k likeliest.
        multi_label: count the share of an image's labels that are right.
    """

    def __init__(self, top_k: int | None, *, multi_label: bool = False) -> None:
        self._multi_label = multi_label
        self.count = 0
        self.loss = 0.0
        self._top_k = top_k
        self._right = 0.0
        self._right_in_top = 0

    def add(self, logits: Floats, loss: float, targets: Floats) -> None:
        """Count a batch; of a mixed target the larger share is the class to find."""
        self.count += len(targets)
        self.loss += loss
        if self._multi_label:
            self._right += float(((logits > 0) == (targets > 0.5)).mean(axis=1).sum())
            return
        wanted = targets.argmax(axis=1)
        self._right += int((logits.argmax(axis=1) == wanted).sum())
        if self._top_k:
            best = np.argsort(-logits, axis=1)[:, : self._top_k]
            self._right_in_top += int((best == wanted[:, None]).any(axis=1).sum())

    def pool(self, exchange: Exchange) -> None:
        """Count what all workers have counted."""
        counts = exchange.total_of([self.count, self._right, self._right_in_top])
        self.count, self._right, self._right_in_top = int(counts[0]), counts[1], int(counts[2])

    @property
    def accuracy(self) -> float:
        """Share of images whose likeliest class is right, or of all labels that are."""
        return self._right / max(1, self.count)

    def tell(self, epoch: int, part: str) -> None:
        """Log the epoch's metrics; `part` is Train or Validation."""
        log.info("Epoch[%d] %s-accuracy=%.6f", epoch, part, self.accuracy)
        if self._top_k:
            share = self._right_in_top / max(1, self.count)
            log.info("Epoch[%d] %s-top_k_accuracy_%d=%.6f", epoch, part, self._top_k, share)
