"""A detector that trains in about a minute, on drawn scenes: for demos, and for a site's first day.

It finds what it was drawn from; what it says of photographs is worth nothing.
"""

from dataclasses import dataclass

from scones.project import Project
from scones.steps import detector
from scones.steps.recipe import Recipe, served
from scones.training import DETECTOR

SETTINGS = {"image_shape": 96, "train": 600, "validation": 30, "test": 12, "others": ()}
HYPERPARAMETERS = {"epochs": 5, "mini_batch_size": 8}


@dataclass(frozen=True, slots=True)
class ReadyDetector:
    """A detector in service.

    Attributes:
        job_name: The training job whose model was trained or stored.
        trained: Whether it was trained just now.
        endpoint_name: The endpoint.
    """

    job_name: str
    trained: bool
    endpoint_name: str


def quick(project: Project) -> Project:
    """Return the project with a small detector, but for what its settings say themselves."""
    own = project.settings.detector
    values = {name: value for name, value in SETTINGS.items() if name not in own.model_fields_set}
    hyperparameters = {**HYPERPARAMETERS, **own.hyperparameters}
    changed = own.model_copy(update={**values, "hyperparameters": hyperparameters})
    return Project(project.settings.model_copy(update={"detector": changed}), project.reporter)


def bootstrap(project: Project) -> ReadyDetector:
    """Serve a detector; one that is there already is left alone.

    A model is trained anew only if scenes, settings or the algorithm's image have changed.

    Args:
        project: The project; its stack is deployed.

    Raises:
        SconesError: One of the steps fails; the message says which.
    """
    project = quick(project)
    settings = project.settings
    staged = detector.stage_scenes(project, detector.compose(project, drawings=True))
    project.reporter.note(staged.summary())
    made_from = {
        "scenes": staged.fingerprint,
        "hyperparameters": detector.hyperparameters_of(project, staged),
        "image": settings.target.detector_image,
    }
    family = f"{settings.project}-{DETECTOR}"
    recipe = Recipe(project, family, f"{settings.profile}-{DETECTOR}", made_from)
    found = recipe.stored_model()
    if found is None:
        result = detector.train(project, staged)
        recipe.remember()
        return ReadyDetector(result.job_name, True, detector.serve(project))
    project.reporter.note(f"reusing the model of {found[0]}")
    endpoint = served(project, settings.detector_name, lambda: detector.serve(project))
    return ReadyDetector(found[0], False, endpoint)
