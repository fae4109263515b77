"""The training loop: batches in, log lines and models worth keeping out.

The log lines are the built-in's, which tools match: `Epoch[0] Batch [20] Speed: ... samples/sec
accuracy=...`, `Epoch[0] Train-accuracy=...`, `Epoch[0] Time cost=...`,
`Epoch[0] Validation-accuracy=...`.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.augment import Batches
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.job import EarlyStopping, Job
from scones_algorithms.image_classification.optimizer import build_trainer, learning_rate
from scones_algorithms.image_classification.preprocess import Floats, Pixels, to_batch
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

BATCHES_PER_LINE: Final = 20


@dataclass(frozen=True)
class Scores:
    """What a network says of the validation images after some epochs."""

    logits: Floats
    accuracy: float


Keep = Callable[[int, Scores | None], None]


class Training:
    """Trains one network.

    Args:
        network: hybridized, with initial weights.
        job: what was asked for.
        batches: of training images.
        validation: images to score after each epoch; None where the job has none.
        stop: looked at after each batch.
        keep: saves the model; gets the number of epochs done and the latest scores.
    """

    def __init__(
        self,
        network: Any,
        job: Job,
        batches: Batches,
        validation: LabelledImages | None,
        stop: StopRequest,
        keep: Keep,
    ) -> None:
        self._network = network
        self._job = job
        self._batches = batches
        self._validation = validation
        self._stop = stop
        self._keep = keep
        self._trainer = build_trainer(network, job)
        self._loss = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)
        self._loss.hybridize(static_alloc=True, static_shape=True)

    def run(self) -> int:
        """Train until the last epoch, early stopping or a stop request; the model is kept.

        Returns:
            How many epochs were begun.
        """
        keep_best = self._job.recipe.keep == "best" and self._validation is not None
        watch = Watch(self._job.early_stopping)
        scores: Scores | None = None
        epochs_done = 0
        while epochs_done < self._job.recipe.epochs and not watch.patience_is_over(epochs_done):
            finished = self._train_epoch(epochs_done)
            epochs_done += 1
            if not finished:
                log.info("Stop requested in epoch %d", epochs_done - 1)
                break
            scores = self._validate(epochs_done - 1)
            if scores and watch.is_best(scores.accuracy, epochs_done) and keep_best:
                self._keep(epochs_done, scores)
        if not (keep_best and watch.best_epoch):
            self._keep(epochs_done, scores)
        return epochs_done

    def _train_epoch(self, epoch: int) -> bool:
        """Train one epoch; False where a stop request ended it."""
        started = time.monotonic()
        tally = Tally(self._job.top_k)
        for number, (images, targets) in enumerate(self._batches.epoch(), start=1):
            rate = learning_rate(self._job, epoch + number / len(self._batches))
            self._trainer.set_learning_rate(rate)
            tally.add(*self._step(images, targets), targets)
            if number % min(BATCHES_PER_LINE, max(1, len(self._batches) // 2)) == 0:
                speed = tally.count / (time.monotonic() - started)
                line = "Epoch[%d] Batch [%d] Speed: %.2f samples/sec accuracy=%.6f"
                log.info(line, epoch, number, speed, tally.accuracy)
            if self._stop.requested:
                return False
        if not np.isfinite(tally.loss):
            rate_given = self._job.recipe.learning_rate
            raise CustomerError(
                f"the loss is no longer a number in epoch {epoch}: "
                f"lower learning_rate={rate_given:g}"
            )
        tally.tell(epoch, "Train")
        log.info("Epoch[%d] Time cost=%.3f", epoch, time.monotonic() - started)
        return True

    def _step(self, images: Floats, targets: Floats) -> tuple[Floats, float]:
        """Take one step; returns the logits and the sum of the losses."""
        batch, wanted = mx.nd.array(images), mx.nd.array(targets)
        with autograd.record():
            logits = self._network(batch)
            loss = self._loss(logits, wanted)
        loss.backward()
        self._trainer.step(len(images))
        return logits.asnumpy(), float(loss.sum().asscalar())

    def _validate(self, epoch: int) -> Scores | None:
        if self._validation is None:
            return None
        images = self._validation
        logits = predict(self._network, images.pixels, self._job.recipe.mini_batch_size)
        tally = Tally(self._job.top_k)
        targets = np.eye(self._job.num_classes, dtype=np.float32)[images.labels]
        tally.add(logits, 0.0, targets)
        tally.tell(epoch, "Validation")
        return Scores(logits, tally.accuracy)


class Tally:
    """Counts how often a network is right."""

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


class Watch:
    """Remembers the best epoch and tells when to wait no longer for a better one."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.best_epoch = 0
        self._rule = rule
        self._best = -1.0
        self._last_gain = 0
        self._to_beat = -1.0

    def is_best(self, accuracy: float, epochs_done: int) -> bool:
        """Note an epoch's validation accuracy; whether it is the best so far."""
        tolerance = self._rule.tolerance if self._rule else 0.0
        if accuracy > self._to_beat + tolerance * max(0.0, self._to_beat):
            self._to_beat = accuracy
            self._last_gain = epochs_done
        if accuracy <= self._best:
            return False
        self._best = accuracy
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


def predict(network: Any, pixels: Pixels, batch_size: int) -> Floats:
    """Run images through a network, in batches of one size since a new size is costly.

    Args:
        network: hybridized.
        pixels: (n, height, width, 3).
        batch_size: images at a time.

    Returns:
        Logits of (n, classes).
    """
    logits = []
    for start in range(0, len(pixels), batch_size):
        piece = pixels[start : start + batch_size]
        filled = np.concatenate([piece, np.repeat(piece[:1], batch_size - len(piece), axis=0)])
        logits.append(network(mx.nd.array(to_batch(filled))).asnumpy()[: len(piece)])
    return np.concatenate(logits)
