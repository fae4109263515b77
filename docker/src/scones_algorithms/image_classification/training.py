"""The training loop: batches in, log lines and models worth keeping out.

The log lines are the built-in's, which tools match: `Epoch[0] Batch [20] Speed: ... samples/sec
accuracy=...`, `Epoch[0] Train-accuracy=...`, `Epoch[0] Time cost=...`,
`Epoch[0] Validation-accuracy=...`.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import mxnet as mx
import numpy as np
from mxnet import autograd, gluon

from scones_algorithms.averaging import WeightAverage
from scones_algorithms.checkpoint import Checkpoints, State
from scones_algorithms.distributed.exchange import Exchange, statistics
from scones_algorithms.early_stopping import Watch
from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.augment import Batches, targets
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.inference import logits
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.recipe import Recipe
from scones_algorithms.image_classification.tally import Tally
from scones_algorithms.preprocess import Floats, Pixels, to_batch
from scones_algorithms.schedule import learning_rate
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

BATCHES_PER_LINE: Final = 20


@dataclass(frozen=True)
class Scores:
    """What a network says of the validation images after some epochs."""

    logits: Floats
    accuracy: float


Keep = Callable[[int, Scores | None, bool], None]


class Training:
    """Trains one network.

    Args:
        network: hybridized, with initial weights.
        exchange: changes the network by its gradients, with the workers of other hosts.
        job: what was asked for.
        batches: of training images.
        validation: images to score after each epoch; None where the job has none.
        stop: looked at after each batch.
        keep: saves the model; gets the number of epochs done, the latest scores, and whether
            this is the model to serve.
        checkpoints: written after each epoch.
        resumed: what to go on from; the network has its weights already.
        label_weights: (classes,) how much more a label counts that is there than one that is not.
    """

    def __init__(
        self,
        network: Any,
        exchange: Exchange,
        job: Job,
        batches: Batches,
        validation: LabelledImages | None,
        stop: StopRequest,
        keep: Keep,
        checkpoints: Checkpoints,
        resumed: State | None = None,
        label_weights: Floats | None = None,
    ) -> None:
        self._network = network
        self._exchange = exchange
        self._job = job
        self._batches = batches
        self._validation = validation
        self._stop = stop
        self._keep = keep
        self._checkpoints = checkpoints
        self._resumed = resumed
        decay = job.recipe.weight_average
        self._average = WeightAverage(network, decay) if decay else None
        self._loss = build_loss(job.multi_label, label_weights)

    def run(self) -> int:
        """Train until the last epoch, early stopping or a stop request; the model is kept.

        Returns:
            How many epochs were begun, those before a checkpoint included.
        """
        recipe = self._job.recipe
        keep_best = recipe.keep == "best" and self._validation is not None
        watch = Watch(self._job.early_stopping)
        scores: Scores | None = None
        epochs_done = self._resume(watch)
        while epochs_done < recipe.epochs and not watch.patience_is_over(epochs_done):
            stopped = self._exchange.any(not self._train_epoch(epochs_done))
            self._align()
            epochs_done += 1
            if stopped:
                log.info("Stop requested in epoch %d", epochs_done - 1)
                scores = None
                break
            with self._weights_to_keep():
                scores = self._validate(epochs_done - 1)
                best = scores is not None and watch.is_best(scores.accuracy, epochs_done)
                if keep_best and best and scores:
                    log.info("Storing the best model with validation accuracy: %f", scores.accuracy)
                if (keep_best and best) or self._is_due(epochs_done):
                    self._keep(epochs_done, scores, best or not keep_best)
            self._checkpoints.write(self._state(epochs_done, watch))
        if not (keep_best and watch.best_epoch):
            with self._weights_to_keep():
                self._keep(epochs_done, scores or self._validate(epochs_done - 1), True)
        return epochs_done

    def _is_due(self, epochs_done: int) -> bool:
        """Whether checkpoint_frequency asks for the model of this epoch."""
        frequency = self._job.checkpoint_frequency
        return frequency is not None and epochs_done % frequency == 0

    def _resume(self, watch: Watch) -> int:
        """Take up the checkpoint where there is one; returns how many epochs it has done."""
        state = self._resumed
        done = state.epochs_done if state else 0
        if self._exchange.total_of([done])[0] != done * self._exchange.size:
            raise CustomerError(
                "the hosts have checkpoints of different epochs: empty CheckpointConfig's S3Uri"
            )
        if state is None:
            return 0
        self._exchange.restore_optimizer(state.part("optimizer"))
        if self._average:
            self._average.restore(state.part("average"))
        watch.restore(state.watch)
        log.info("Resumed from the checkpoint after %d epochs", state.epochs_done)
        return state.epochs_done

    def _state(self, epochs_done: int, watch: Watch) -> State:
        weights = {n: p.data().asnumpy() for n, p in self._network.collect_params().items()}
        average = self._average.state() if self._average else {}
        optimizer = self._exchange.optimizer_state()
        return State.of(
            epochs_done, watch.state(), weights=weights, average=average, optimizer=optimizer
        )

    def _align(self) -> None:
        """Let all workers go on with the same network, and the same average of it.

        What has gradients is the same already where all take the same steps; the statistics of
        batch normalisation are each worker's own, and become the mean.
        """
        self._exchange.refresh()
        values = statistics(self._network)
        if self._average:
            values += self._average.values(statistics_only=self._exchange.in_step)
        self._exchange.mean(values)

    def _weights_to_keep(self) -> contextlib.AbstractContextManager[None]:
        return self._average.in_place() if self._average else contextlib.nullcontext()

    def _train_epoch(self, epoch: int) -> bool:
        """Train one epoch; False where a stop request ended it."""
        started = time.monotonic()
        tally = Tally(self._job.top_k, multi_label=self._job.multi_label)
        batches = self._batches.epoch(epoch, self._job.recipe.scale(epoch))
        for number, (images, wanted) in enumerate(batches, start=1):
            rate = learning_rate(self._job, epoch + number / len(self._batches))
            found, loss, stop = self._step(images, wanted, rate)
            tally.add(found, loss, wanted)
            if number % min(BATCHES_PER_LINE, max(1, len(self._batches) // 2)) == 0:
                speed = tally.count / (time.monotonic() - started)
                line = "Epoch[%d] Batch [%d] Speed: %.2f samples/sec accuracy=%.6f"
                log.info(line, epoch, number, speed, tally.accuracy)
            if stop:
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

    def _step(self, images: Floats, wanted: Floats, rate: float) -> tuple[Floats, float, bool]:
        """Take one step; returns the logits, the sum of the losses, and whether to stop."""
        batch, target = mx.nd.array(images), mx.nd.array(wanted)
        with autograd.record():
            found = self._network(batch)
            loss = self._loss(found, target)
        loss.backward()
        stop = self._exchange.step(len(images), rate, stop=self._stop.requested)
        if self._average:
            self._average.step()
        return found.asnumpy(), float(loss.sum().asscalar()), stop

    def _validate(self, epoch: int) -> Scores | None:
        if self._validation is None:
            return None
        images = self._validation
        found = predict(self._network, images.pixels, self._job.recipe)
        tally = Tally(self._job.top_k, multi_label=self._job.multi_label)
        tally.add(found, 0.0, targets(images.labels, self._job.num_classes, smoothing=0.0))
        tally.pool(self._exchange)
        tally.tell(epoch, "Validation")
        return Scores(found, tally.accuracy)


def build_loss(multi_label: bool, label_weights: Floats | None) -> Callable[[Any, Any], Any]:
    """Return the loss of logits beside targets, one number per image."""
    if not multi_label:
        loss = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)
        loss.hybridize(static_alloc=True, static_shape=True)
        return loss  # type: ignore[no-any-return]
    sigmoid = gluon.loss.SigmoidBinaryCrossEntropyLoss()
    if label_weights is None:
        return sigmoid  # type: ignore[no-any-return]
    weights = mx.nd.array(label_weights.reshape(1, -1))
    return lambda found, wanted: sigmoid(found, wanted, None, weights)


def predict(network: Any, pixels: Pixels, recipe: Recipe) -> Floats:
    """Run images through a network, in batches of one size since a new size is costly.

    Args:
        network: hybridized.
        pixels: (n, height, width, 3).
        recipe: has the batch's size, and whether mirror images count too.

    Returns:
        Logits of (n, classes).
    """
    size = recipe.mini_batch_size
    found = []
    for start in range(0, len(pixels), size):
        piece = pixels[start : start + size]
        filled = np.concatenate([piece, np.repeat(piece[:1], size - len(piece), axis=0)])
        batch = mx.nd.array(to_batch(filled))
        found.append(logits(mx.nd, network, batch, mirror=recipe.mirror).asnumpy()[: len(piece)])
    return np.concatenate(found)
