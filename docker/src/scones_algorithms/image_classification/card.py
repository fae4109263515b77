"""The model card of a training job: output/data/model-card.json.

SageMaker puts it beside the model, in output.tar.gz.
Its content follows SageMaker's model card JSON schema, so that CreateModelCard takes it.
Evaluated is the model that is served, by what its model-metadata.json says of the validation
images; so a job that goes on from a checkpoint has the card of the model that it ends with.

Source: docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema
"""

import json
import os
from typing import Any, Final

from scones_algorithms.container import JOB_ARN_ENV, JOB_NAME_ENV, Container
from scones_algorithms.image_classification import provenance
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.files import METADATA_FILE, PREFIX
from scones_algorithms.image_classification.job import Job
from scones_algorithms.intervals import wilson
from scones_algorithms.preprocess import RESIZE_POLICY
from scones_algorithms.whole_files import write_whole

CARD_FILE: Final = "model-card.json"
MOST_CHARS: Final = 1024  # of a detail; a hyperparameter's value has 255
RELIABILITY_COLUMNS: Final = ("low", "high", "images", "right", "mean confidence")
Images = dict[str, LabelledImages]
Document = dict[str, Any]


def write_card(
    container: Container, job: Job, images: Images, *, resumed_after: int | None = None
) -> None:
    """Describe the model that lies in the model folder.

    Args:
        container: of a job whose model is saved.
        job: what was asked for.
        images: of the channels that were read, by name.
        resumed_after: epochs that an earlier run of this job had done, where there was one.
    """
    metadata = json.loads((container.model_dir / METADATA_FILE).read_text(encoding="utf-8"))
    content = json.dumps(build_card(job, images, metadata, resumed_after), indent=2) + "\n"
    container.output_data_dir.mkdir(parents=True, exist_ok=True)
    write_whole(container.output_data_dir / CARD_FILE, lambda part: part.write_text(content))


def build_card(
    job: Job, images: Images, metadata: Document, resumed_after: int | None = None
) -> Document:
    """Put a card together.

    Args:
        job: what was asked for.
        images: of the channels that were read, by name.
        metadata: content of the model's model-metadata.json.
        resumed_after: epochs that an earlier run of this job had done, where there was one.
    """
    return {
        "model_overview": _overview(job, metadata),
        "intended_uses": _uses(job),
        "training_details": _training(job, images),
        "evaluation_details": [_data(job, images), *_evaluation(job, images, metadata)],
        "additional_information": _additional(job, metadata, resumed_after),
    }


def _overview(job: Job, metadata: Document) -> Document:
    kind = "Multi-label" if job.multi_label else "Binary" if job.num_classes == 2 else "Multiclass"
    versions = metadata["versions"]
    return {
        "model_name": os.environ.get(JOB_NAME_ENV) or PREFIX,
        "model_description": (
            f"Tells {job.num_classes} classes of images apart: {metadata['network']}, "
            f"after {metadata['epochs']} epochs."
        ),
        "problem_type": f"{kind} classification of images",
        "algorithm_type": (
            f"{PREFIX} (scones-algorithms {versions['scones-algorithms']}, "
            f"MXNet {versions['mxnet']})"
        ),
        "model_creator": "scones",
    }


def _uses(job: Job) -> Document:
    _, height, width = job.image_shape
    return {
        "purpose_of_model": "Answers with a probability for each of its classes.",
        "intended_uses": (
            "Images that show one of its classes, with a threshold below which a person looks. "
            "Not for decisions on people, nor where a wrong answer does harm that nobody can undo."
        ),
        "factors_affecting_model_efficiency": (
            f"Every image is brought to {width} x {height} pixels ({RESIZE_POLICY}): what is small "
            "in a photo is lost. Pictures of other things, other cameras, light or angles than in "
            "the training images may get a wrong answer, and a confident one."
        ),
        "risk_rating": "Unknown",
        "explanations_for_risk_rating": "Not rated: it depends on what is done with the answers.",
    }


def _training(job: Job, images: Images) -> Document:
    values = provenance.hyperparameters(job)
    details = {
        "training_datasets": [
            provenance.describe_images(name, some, job)[:MOST_CHARS]
            for name, some in images.items()
        ],
        "hyper_parameters": [{"name": v.name, "value": v.text[:255]} for v in values],
    }
    arn = os.environ.get(JOB_ARN_ENV)
    return {
        "objective_function": {
            "function": {
                "function": "Minimize",
                "facet": "Loss",
                "condition": "cross entropy" + (" of each label" if job.multi_label else ""),
            }
        },
        "training_observations": f"{job.recipe.keep} epoch kept; recipe {job.recipe.name}",
        "training_job_details": details | ({"training_arn": arn} if arn else {}),
    }


def _data(job: Job, images: Images) -> Document:
    charts = [
        {
            "name": name,
            "type": "bar_chart",
            "value": provenance.counts(some, job.num_classes),
            "x_axis_name": [f"class {number}" for number in range(job.num_classes)],
            "y_axis_name": "images",
        }
        for name, some in images.items()
    ]
    return {
        "name": "Data",
        "metric_groups": [{"name": "Images per class", "metric_data": charts}],
    }


def _evaluation(job: Job, images: Images, metadata: Document) -> list[Document]:
    """Tell what the validation images say; nothing where there are none."""
    found = metadata.get("evaluation")
    if not found:
        return []
    best = " and to choose the epoch" if job.recipe.keep == "best" else ""
    groups = [
        {"name": "Accuracy", "metric_data": _shares("accuracy", found["right"], found["images"])},
        {"name": "Confidence", "metric_data": _confidence(found)},
        {"name": "Calibration", "metric_data": _calibration(found, metadata)},
    ]
    if found["confusion"]:
        groups.append({"name": "Confusion", "metric_data": [_confusion(job, found["confusion"])]})
    return [
        {
            "name": "Validation images",
            "evaluation_observation": (
                f"These images served to fit the temperature{best} as well: an accuracy on images "
                "that played no part at all would be the honest one, and is likely to be lower."
            ),
            "datasets": [
                provenance.describe_images(name, some, job)[:MOST_CHARS]
                for name, some in images.items()
                if name == "validation"
            ],
            "metric_groups": groups,
        }
    ]


def _number(name: str, value: float, notes: str = "") -> Document:
    return {"name": name, "type": "number", "value": value} | ({"notes": notes} if notes else {})


def _shares(name: str, count: int, total: int) -> list[Document]:
    """Return a share with the ends of its interval; nothing of nothing."""
    if not total:
        return []
    low, high = wilson(count, total)
    notes = f"{count} of {total}"
    return [
        _number(name, round(count / total, 6), notes),
        _number(f"{name} from", round(low, 6), "95 % interval (Wilson)"),
        _number(f"{name} to", round(high, 6), "95 % interval (Wilson)"),
    ]


def _confidence(found: Document) -> list[Document]:
    return [
        _number("threshold", found["threshold"], "the workflow's usual one"),
        *_shares("share that passes", found["passed"], found["images"]),
        *_shares("accuracy of those", found["passed_right"], found["passed"]),
    ]


def _calibration(found: Document, metadata: Document) -> list[Document]:
    said = metadata["validation"]
    reliability = {
        "name": "reliability",
        "type": "matrix",
        "value": found["reliability"],
        "x_axis_name": list(RELIABILITY_COLUMNS),
        "notes": "one row for each step of confidence that has images",
    }
    return [
        _number("expected calibration error", said["calibration_error"], "0 is best"),
        _number("mean confidence", said["mean_confidence"]),
        _number("log loss", said["log_loss"]),
        _number("temperature", metadata["calibration"]["temperature"]),
        reliability,
    ]


def _confusion(job: Job, counts: list[list[int]]) -> Document:
    classes = [f"class {number}" for number in range(job.num_classes)]
    names = ["absent", "present"] if job.multi_label else classes
    return {
        "name": "confusion",
        "type": "matrix",
        "value": counts,
        "x_axis_name": names,
        "y_axis_name": names,
        "notes": "images by true class (rows) and predicted class (columns)",
    }


def _additional(job: Job, metadata: Document, resumed_after: int | None) -> Document:
    values = provenance.hyperparameters(job)
    origins = {
        f"hyperparameters: {origin}": ", ".join(v.name for v in values if v.origin == origin)
        for origin in (provenance.GIVEN, provenance.RECIPE, provenance.DEFAULT)
    }
    resumed = {"resumed after epochs": str(resumed_after)} if resumed_after is not None else {}
    details = {
        **provenance.network_and_recipe(job),
        **provenance.beginning(job),
        **provenance.environment(job),
        **resumed,
        **origins,
        "licence of the images": "not stated by the job",
    }
    return {
        "ethical_considerations": "Nothing is known here of what and whom the images show.",
        "caveats_and_recommendations": " ".join(
            [
                "Try it on images of your own before you rely on it.",
                "Watch what it answers, and train anew when that drifts.",
                *job.remarks,
            ]
        ),
        "custom_details": {name: text[:MOST_CHARS] for name, text in details.items() if text},
    }
