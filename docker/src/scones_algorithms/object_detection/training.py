"""The training loop: batches in, log lines and models worth keeping out.

The log lines are the built-in's, which tools match:
`#quality_metric: host=algo-1, epoch=0, batch=10 train cross_entropy <loss>=(0.7)`,
`... train smooth_l1 <loss>=(0.5)`, `... validation mAP <score>=(0.42)`,
`#throughput_metric: host=algo-1, train throughput=(32.1) records/second`.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import mxnet as mx
import numpy as np
from mxnet import autograd

from scones_algorithms.averaging import WeightAverage
from scones_algorithms.checkpoint import Checkpoints, State
from scones_algorithms.distributed.exchange import Exchange
from scones_algorithms.early_stopping import Watch
from scones_algorithms.errors import CustomerError
from scones_algorithms.object_detection.augment import Batches
from scones_algorithms.object_detection.both_ways import answering
from scones_algorithms.object_detection.dataset import Scenes
from scones_algorithms.object_detection.frozen import Frozen
from scones_algorithms.object_detection.job import Job
from scones_algorithms.object_detection.loss import losses
from scones_algorithms.object_detection.scoring import mean_average_precision
from scones_algorithms.preprocess import Floats
from scones_algorithms.schedule import learning_rate
from scones_algorithms.stop_request import StopRequest

log = logging.getLogger(__name__)

BATCHES_PER_LINE: Final = 10

Keep = Callable[[int, float | None], None]


class Training:
    """Trains one network.

    Args:
        heads: hybridized, with initial weights.
        exchange: changes the network by its gradients.
        job: what was asked for.
        batches: of training images.
        validation: images to score after each epoch; None where the job has none.
        stop: looked at after each batch.
        keep: saves the model; gets the number of epochs done and the mAP on validation images.
        frozen: parameters that stay as they are.
        checkpoints: written after each epoch.
        resumed: what to go on from; the network has its weights already.
    """

    def __init__(
        self,
        heads: Any,
        exchange: Exchange,
        job: Job,
        batches: Batches,
        validation: Scenes | None,
        stop: StopRequest,
        keep: Keep,
        frozen: Frozen,
        checkpoints: Checkpoints,
        resumed: State | None = None,
    ) -> None:
        self._heads = heads
        self._exchange = exchange
        self._job = job
        self._batches = batches
        self._validation = validation
        self._stop = stop
        self._keep = keep
        self._frozen = frozen
        self._checkpoints = checkpoints
        decay = job.recipe.weight_average
        self._average = WeightAverage(heads, decay) if decay else None
        self._watch = Watch(job.early_stopping)
        self._epochs_done = self._resume(resumed)

    def run(self) -> int:
        """Train until the last epoch, early stopping or a stop request; the model is kept.

        Returns:
            How many epochs were begun, those before a checkpoint included.
        """
        recipe, watch = self._job.recipe, self._watch
        keep_best = recipe.keep == "best" and self._validation is not None
        score: float | None = None
        while self._epochs_done < recipe.epochs and not watch.patience_is_over(self._epochs_done):
            whole = self._train_epoch(self._epochs_done)
            self._frozen.restore()
            self._epochs_done += 1
            if not whole:
                log.info("Stop requested in epoch %d", self._epochs_done - 1)
                score = None
                break
            with self._weights_to_keep():
                score = self._validate(self._epochs_done - 1)
                best = score is not None and watch.is_best(score, self._epochs_done)
                if keep_best and best:
                    self._keep(self._epochs_done, score)
            self._checkpoints.write(self._state())
        if not (keep_best and watch.best_epoch):
            with self._weights_to_keep():
                self._keep(self._epochs_done, score)
        return self._epochs_done

    def _resume(self, state: State | None) -> int:
        """Take up the checkpoint where there is one; returns how many epochs it has done."""
        if state is None:
            return 0
        self._exchange.restore_optimizer(state.part("optimizer"))
        if self._average:
            self._average.restore(state.part("average"))
        self._watch.restore(state.watch)
        log.info("Resumed from the checkpoint after %d epochs", state.epochs_done)
        return state.epochs_done

    def _state(self) -> State:
        weights = {n: p.data().asnumpy() for n, p in self._heads.collect_params().items()}
        return State.of(
            self._epochs_done,
            self._watch.state(),
            weights=weights,
            average=self._average.state() if self._average else {},
            optimizer=self._exchange.optimizer_state(),
        )

    @contextlib.contextmanager
    def _weights_to_keep(self) -> Iterator[None]:
        with self._average.in_place() if self._average else contextlib.nullcontext():
            self._frozen.restore()
            yield

    def _train_epoch(self, epoch: int) -> bool:
        """Train one epoch; False where a stop request ended it."""
        started, images_seen = time.monotonic(), 0
        entropies, distances = [], []
        for number, (images, objects) in enumerate(self._batches.epoch(epoch), start=1):
            rate = learning_rate(self._job, epoch + number / len(self._batches))
            entropy, distance, stop = self._step(images, objects, rate)
            entropies.append(entropy)
            distances.append(distance)
            images_seen += len(images)
            if number % BATCHES_PER_LINE == 0 or number == len(self._batches) or stop:
                self._tell_losses(epoch, number, float(np.mean(entropies)), np.mean(distances))
            if stop:
                return False
        if not np.isfinite(entropies).all() or not np.isfinite(distances).all():
            raise CustomerError(
                f"the loss is no longer a number in epoch {epoch}: "
                f"lower learning_rate={self._job.recipe.learning_rate:g}"
            )
        log.info(
            "#throughput_metric: host=%s, train throughput=(%.3f) records/second",
            self._job.host,
            images_seen / (time.monotonic() - started),
        )
        return True

    def _step(self, images: Floats, objects: Floats, rate: float) -> tuple[float, float, bool]:
        """Take one step; returns the two losses, and whether to stop."""
        with autograd.record():
            scores, offsets, anchors = self._heads(mx.nd.array(images))
            wanted = mx.nd.array(objects)
            lost = losses(scores, offsets, anchors, wanted, self._job.overlap_threshold)
            total = lost.total
        total.backward()
        # The loss is divided by the objects already, so a batch counts as one sample.
        stop = self._exchange.step(1, rate, stop=self._stop.requested)
        if self._average:
            self._average.step()
        return float(lost.cross_entropy.asscalar()), float(lost.smooth_l1.asscalar()), stop

    def _tell_losses(self, epoch: int, batch: int, entropy: float, distance: float) -> None:
        line = "#quality_metric: host=%s, epoch=%d, batch=%d train %s <loss>=(%.6f)"
        for name, value in (("cross_entropy", entropy), ("smooth_l1", distance)):
            log.info(line, self._job.host, epoch, batch, name, value)

    def _validate(self, epoch: int) -> float | None:
        if self._validation is None:
            return None
        job = self._job
        score = mean_average_precision(
            answering(self._heads, mirror=job.recipe.mirror),
            self._validation,
            job.num_classes,
            job.nms_threshold,
            job.recipe.mini_batch_size,
        )
        line = "#quality_metric: host=%s, epoch=%d, validation mAP <score>=(%.6f)"
        log.info(line, job.host, epoch, score)
        return score
