"""From running services to a serving endpoint, in one step that may be repeated at will.

    images ─▶ staged ─▶ stack ─▶ model: the stored one, or a new one ─▶ endpoint

`docker compose up` runs this at each start: LocalStack has forgotten the stack by then, while the
model and the endpoint are still there. A model is trained anew only if what it is made from has
changed: the images, the hyperparameters or the algorithm's image.
"""

from dataclasses import dataclass
from pathlib import Path

from scones.etl.dataset import Dataset
from scones.project import Project
from scones.steps import data, infrastructure, model
from scones.steps.recipe import Recipe, served


@dataclass(frozen=True)
class Bootstrapped:
    """What is ready.

    Attributes:
        dataset: The staged images.
        job_name: The training job whose model is served.
        trained: Whether it was trained just now.
        endpoint_name: The endpoint, in service.
    """

    dataset: Dataset
    job_name: str
    trained: bool
    endpoint_name: str


def bootstrap(project: Project, images: Path | None = None) -> Bootstrapped:
    """Stage images, deploy the stack, train or reuse a model, and serve it.

    Args:
        project: The project; its services run.
        images: An archive, a folder that holds one, or a folder of images per class. Drawings are
            made where nothing is there.

    Raises:
        SconesError: One of the steps fails; the message says which.
    """
    archive, folder = data.told_apart(images)
    drawings = archive is None and folder is None
    source = data.open_images(project, archive=archive, folder=folder, drawings=drawings)
    dataset = data.stage_images(project, source)
    project.reporter.note(dataset.summary())
    infrastructure.deploy(project)
    made_from = {
        "images": dataset.fingerprint,
        "hyperparameters": dict(project.settings.training.hyperparameters),
        "seed": project.settings.training.seed,
        "image": project.training_image,
    }
    recipe = Recipe(project, project.settings.project, project.settings.profile, made_from)
    found = recipe.stored_model()
    if found is None:
        result = model.train(project, dataset)
        trained = (result.job_name, result.model_uri)
        recipe.remember()
        return Bootstrapped(dataset, result.job_name, True, model.serve(project, trained))
    project.reporter.note(f"reusing the model of {found[0]}")
    endpoint = project.settings.endpoint_name
    endpoint_name = served(project, endpoint, lambda: model.serve(project, found))
    return Bootstrapped(dataset, found[0], False, endpoint_name)
