"""A training job's model card: fetched from beside its model, and completed.

    output.tar.gz ──▶ model-card.json ──▶ + artifact, image, class names, source, licence

The algorithm writes it in SageMaker's model card schema, and in that schema it stays.
Source: docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
"""

import copy
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from botocore.exceptions import ClientError
from PIL import Image

from scones.aws import Aws
from scones.errors import DataError, TrainingError
from scones.etl.dataset import NOT_PHOTOGRAPHS, Dataset
from scones.jobs.history import TrainingRun
from scones.tags import as_list

ARTIFACT, OUTPUT = "model.tar.gz", "output.tar.gz"
CARD_FILE = "model-card.json"
MOST_BYTES = 1 << 20  # of a card; SageMaker takes 100,000 characters
LICENCES = {  # by the kind of a dataset
    "photographs": "CIFAR-100 (Krizhevsky 2009) states no licence",
    "drawings": "drawn by scones: the project's own",
    "images": "unknown: ask whoever the images come from",
}
NOT_STAGED = "not stated: the images that are staged now are others"

Card = dict[str, Any]


def fetch(aws: Aws, run: TrainingRun) -> Card:
    """Read the card that a job has left.

    Raises:
        TrainingError: It has left none.
        DataError: What it has left is no card.
    """
    if run.model_uri is None or not run.model_uri.endswith(ARTIFACT):
        raise TrainingError(f"training job '{run.name}' is {run.status} and has no model: no card")
    bucket, _, key = run.model_uri.removeprefix("s3://").partition("/")
    place = key.removesuffix(ARTIFACT) + OUTPUT
    try:
        body = aws.client("s3").get_object(Bucket=bucket, Key=place)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
            raise
        raise _no_card(run) from error
    return _card_in(body, run)


def _card_in(archive: bytes, run: TrainingRun) -> Card:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
            found = {member.name.removeprefix("./"): member for member in members}
            member = found.get(CARD_FILE)
            file = members.extractfile(member) if member else None
            if file is None:
                raise _no_card(run)
            card: Card = json.loads(file.read(MOST_BYTES))
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise DataError(f"the model card of '{run.name}' cannot be read: {error}") from error
    return card


def _no_card(run: TrainingRun) -> TrainingError:
    return TrainingError(
        f"training job '{run.name}' left no {CARD_FILE} in {OUTPUT}: scones' image classification "
        "writes one, AWS's built-in algorithms and others do not"
    )


def complete(card: Card, run: TrainingRun, dataset: Dataset | None) -> Card:
    """Add what the algorithm cannot know.

    Args:
        card: As the job left it.
        run: The job.
        dataset: What is staged now; named as the source only where the job had those images.
    """
    found = copy.deepcopy(card)
    found["model_overview"] |= {
        "model_artifact": [run.model_uri],
        "inference_environment": {"container_image": [run.image]},
    }
    details = found["training_details"]["training_job_details"]
    details["training_environment"] = {"container_image": [run.image]}
    said = found["additional_information"]["custom_details"]
    if dataset is None or not _same_images(details["training_datasets"][0], dataset):
        said["source"] = NOT_STAGED
        return found
    said["source"] = f"{dataset.source}; {dataset.source_fingerprint}"
    said["classes"] = ", ".join(dataset.classes)[:1024]
    said["licence of the images"] = LICENCES[dataset.kind]
    if dataset.kind == "drawings":
        said["note"] = NOT_PHOTOGRAPHS
    _name_classes(found, dataset.classes)
    return found


def _same_images(told: str, dataset: Dataset) -> bool:
    """Whether a job's description of its training images fits what is staged.

    Images that had the network's size are compared by the SHA-256 of labels and pixels; those that
    it has brought to size, by their number of each class.
    """
    counts = [dataset.counts["train"].get(name, 0) for name in dataset.classes]
    numbers = ", ".join(f"{count} of class {n}" for n, count in enumerate(counts[:10]))
    if f"({numbers}" not in told:
        return False
    digest = _digest(dataset, told)
    return digest is None or digest in told


def _digest(dataset: Dataset, told: str) -> str | None:
    """Return the SHA-256 as the algorithm makes it; None where it has seen other pixels."""
    entries = dataset.entries("train")
    found = hashlib.sha256(np.array([entry.label for entry in entries], np.int64).tobytes())
    for entry in entries:
        with Image.open(dataset.channel("train") / entry.path) as image:
            if f" {image.width} x {image.height} pixels" not in told:
                return None
            found.update(np.asarray(image.convert("RGB")).tobytes())
    return found.hexdigest()


def _name_classes(card: Card, classes: tuple[str, ...]) -> None:
    """Put the classes' names in the places of their numbers."""
    names = {f"class {number}": name[:63] for number, name in enumerate(classes)}
    for metric in metrics(card):
        for axis in ("x_axis_name", "y_axis_name"):
            if isinstance(metric.get(axis), list):
                metric[axis] = [names.get(name, name) for name in metric[axis]]


def register(aws: Aws, run: TrainingRun, card: Card, tags: Mapping[str, str]) -> str:
    """Put a card among SageMaker's model cards, under the job's name, and return its ARN.

    One that is there with another content gets a new version; its status stays. SageMaker takes a
    card in one line alone.

    Raises:
        TrainingError: SageMaker refuses it.
    """
    sagemaker, content = aws.client("sagemaker"), json.dumps(card)
    try:
        there = _registered(sagemaker, run.name)
        if there is None:
            made = sagemaker.create_model_card(
                ModelCardName=run.name,
                Content=content,
                ModelCardStatus="Draft",
                Tags=as_list(tags),
            )
        elif there["Content"] == content:
            made = there
        else:
            made = sagemaker.update_model_card(ModelCardName=run.name, Content=content)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        raise TrainingError(f"SageMaker refused the card of '{run.name}': {message}") from error
    return str(made["ModelCardArn"])


def _registered(sagemaker: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = sagemaker.describe_model_card(ModelCardName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFound":
            return None
        raise
    return found


def metrics(card: Card) -> list[dict[str, Any]]:
    """Return all metrics of a card, in order."""
    return [
        metric
        for part in card["evaluation_details"]
        for group in part.get("metric_groups", [])
        for metric in group["metric_data"]
    ]
