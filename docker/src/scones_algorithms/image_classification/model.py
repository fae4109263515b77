"""A model on its way to its files: calibrated on the validation images, and described."""

import importlib.metadata
import logging
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import mxnet as mx
import numpy as np

from scones_algorithms import preprocess
from scones_algorithms.container import JOB_NAME_ENV
from scones_algorithms.image_classification import artifact
from scones_algorithms.image_classification.calibration import (
    REPORTED_CONFIDENCE,
    as_pairs,
    confidence_report,
    fit_temperature,
)
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.evaluation import evaluate
from scones_algorithms.image_classification.files import PREFIX
from scones_algorithms.image_classification.job import Job
from scones_algorithms.image_classification.network import describe_network
from scones_algorithms.image_classification.onlooker import Onlooker
from scones_algorithms.image_classification.training import Scores

log = logging.getLogger(__name__)

METADATA_FORMAT: Final = 1


@dataclass(frozen=True)
class Model:
    """What a training has made so far.

    Attributes:
        network: with the weights to keep.
        job: what was asked for.
        onlooker: judges what is familiar; None where there is no base network.
        epochs_done: so far.
    """

    network: Any
    job: Job
    onlooker: Onlooker | None
    epochs_done: int

    def save(
        self,
        directory: Path,
        judged: tuple[Scores, LabelledImages] | None,
        *,
        to_serve: bool,
    ) -> None:
        """Calibrate and write it.

        Args:
            directory: the model folder.
            judged: what the network says of the validation images, and these.
            to_serve: not just to be kept beside the one that is served.
        """
        temperature, found = self._calibrate(*judged) if judged else (1.0, {})
        job = self.job
        path = artifact.save(
            directory,
            self.network,
            job.image_shape,
            self.epochs_done,
            mirror=job.recipe.mirror,
            temperature=temperature,
            metadata=self._metadata(temperature, found) if to_serve else None,
            multi_label=job.multi_label,
            keep_every=job.checkpoint_frequency,
            onlooker=self.onlooker,
        )
        log.info('Saved checkpoint to "%s"', path)

    def _calibrate(self, scores: Scores, images: LabelledImages) -> tuple[float, dict[str, Any]]:
        """Return the temperature, and how accuracy and confidence then go together.

        The latter twice: as the figures `validation`, and as counts, `evaluation`.
        """
        logits, labels = scores.logits, images.labels
        share = self.onlooker.share(images.pixels) if self.onlooker else None
        if self.job.multi_label:
            logits, labels = as_pairs(logits, labels)
        temperature = fit_temperature(logits, labels, share)
        report = confidence_report(logits, labels, temperature, share)
        log.info(
            "Calibration: temperature=%.4f, %.1f%% of the validation images reach a confidence "
            "of %g, of those %.1f%% are right",
            temperature,
            100 * report["share_confident"],
            REPORTED_CONFIDENCE,
            100 * report["accuracy_confident"],
        )
        counts = evaluate(logits, labels, temperature, share)
        return temperature, {"validation": report, "evaluation": counts}

    def _metadata(self, temperature: float, found: dict[str, Any]) -> dict[str, Any]:
        """Tell all that serving needs, and how the model came to be; nothing in it is a time."""
        job = self.job
        return {
            "format": METADATA_FORMAT,
            "algorithm": PREFIX,
            "num_classes": job.num_classes,
            "multi_label": job.multi_label,
            "image_shape": list(job.image_shape),
            "normalization": {"mean": list(preprocess.MEAN), "std": list(preprocess.STD)},
            "resize": preprocess.RESIZE_POLICY,
            "network": describe_network(job.num_layers, wide=job.wide),
            "recipe": asdict(job.recipe),
            "seed": job.seed,
            "epochs": self.epochs_done,
            "hosts": {"count": job.cluster.size, "kv_store": job.kv_store},
            "calibration": {"temperature": temperature, "folded_into": "output layer"},
            "familiarity": "folded into the network" if self.onlooker else None,
            "validation": found.get("validation"),
            "evaluation": found.get("evaluation"),
            "hyperparameters": dict(sorted(job.given.items())),
            "training_job": os.environ.get(JOB_NAME_ENV, ""),
            "versions": {
                "scones-algorithms": importlib.metadata.version("scones-algorithms"),
                "mxnet": mx.__version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
        }
