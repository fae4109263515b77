"""Embeddings of a sample of the captured images, for a baseline and for checks against it."""

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scones.embedding import ServedModel, embed, find_model, model_of_endpoint
from scones.errors import DataError
from scones.monitor.baseline.embeddings import Embeddings
from scones.monitor.baseline.separation import LEAST_VECTORS
from scones.monitor.keeping import ImageKeeper
from scones.project import Project

if TYPE_CHECKING:
    from scones.steps.monitoring import Source  # which uses this module

PREFIX = "monitoring/embeddings"
"""Where images and answers lie in the data bucket while a job runs."""
SAMPLE = 500
"""Images, drawn at random: a job of seconds here, of minutes on AWS, whatever was captured."""


def embed_baseline(project: Project, source: "Source") -> Embeddings:
    """Embed a sample of captures with the model that the endpoint serves now.

    Raises:
        UsageError: There is no endpoint.
        DataError: Too few images were captured.
        EndpointError: The job failed, or the model's server gives no embeddings.
    """
    name = source.endpoint_name or project.settings.endpoint_name
    return _embed(project, source, model_of_endpoint(project.aws, name))


def embed_like(project: Project, source: "Source", baseline: Embeddings) -> Embeddings:
    """Embed a sample of captures with the model that embedded the baseline's.

    Raises:
        DataError: The model is no more, or too few images were captured.
        EndpointError: The job failed.
    """
    model = find_model(project.aws, baseline.model_name)
    if model.data_uri != baseline.model_uri:
        raise DataError(
            f"the model '{model.name}' is not the one that embedded the baseline: make the "
            "baseline anew with --embeddings, or check with --no-embeddings"
        )
    return _embed(project, source, model)


def _embed(project: Project, source: "Source", model: ServedModel) -> Embeddings:
    with tempfile.TemporaryDirectory(prefix="scones-embeddings-") as folder:
        keeper = ImageKeeper(Path(folder), SAMPLE)
        captures = source.open(project)
        for capture in captures:
            keeper.offer(chance_of(capture.event_id), capture.input)
        images = [keeper.path(item) for item in keeper.items()]
        if len(images) < LEAST_VECTORS:
            raise DataError(
                f"{len(images)} different images have been captured at {captures.source} in that "
                f"time; embeddings want {LEAST_VECTORS} or more"
            )
        vectors = embed(
            project.aws,
            model,
            images,
            project=project.settings.project,
            bucket=project.outputs.data_bucket,
            prefix=PREFIX,
            instance_type=project.settings.target.endpoint_instance_type,
            tags=project.tags,
            reporter=project.reporter,
        )
    return Embeddings(model.name, model.data_uri, vectors)


def chance_of(event_id: str) -> float:
    """A number from 0 to 1 that looks random, and is the same for the same capture."""
    return int.from_bytes(hashlib.sha256(event_id.encode()).digest()[:6]) / 2**48
