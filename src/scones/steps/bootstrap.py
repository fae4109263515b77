"""From running services to a serving endpoint, in one step that may be repeated at will.

    images ─▶ staged ─▶ stack ─▶ model: the stored one, or a new one ─▶ endpoint

`docker compose up` runs this at each start: LocalStack has forgotten the stack by then, while the
model and the endpoint are still there. A model is trained anew only if what it is made from has
changed: the images, the hyperparameters or the algorithm's image.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from scones import hosting, training
from scones.etl.dataset import Dataset
from scones.project import Project
from scones.steps import data, infrastructure, model


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
    recipe = _Recipe(project, dataset)
    found = recipe.stored_model()
    if found is None:
        result = model.train(project, dataset)
        trained = (result.job_name, result.model_uri)
        recipe.remember()
        endpoint_name = model.serve(project, trained)
        return Bootstrapped(dataset, result.job_name, True, endpoint_name)
    project.reporter.note(f"reusing the model of {found[0]}")
    endpoint_name = _served(project, found)
    return Bootstrapped(dataset, found[0], False, endpoint_name)


def _served(project: Project, found: tuple[str, str]) -> str:
    """Return the endpoint's name, once it answers; one that serves another model is left alone.

    A person may have trained and served again since.
    """
    name = project.settings.endpoint_name
    if hosting.status(project.aws, name) in (None, "Failed"):
        return model.serve(project, found)
    hosting.wait_in_service(project.aws, name, reporter=project.reporter)
    return name


class _Recipe:
    """What a model is made from, as it was at the last bootstrap and as it is now."""

    def __init__(self, project: Project, dataset: Dataset) -> None:
        self._project = project
        made_from = {
            "images": dataset.fingerprint,
            "hyperparameters": dict(project.settings.training.hyperparameters),
            "seed": project.settings.training.seed,
            "image": project.training_image,
        }
        content = json.dumps(made_from, sort_keys=True).encode()
        self._digest = hashlib.sha256(content).hexdigest()
        self._file = project.state_dir / "bootstrapped" / project.settings.profile

    def remember(self) -> None:
        """Keep it for the next time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._digest)

    def stored_model(self) -> tuple[str, str] | None:
        """Return job name and artifact of the last model, if the recipe is the same still."""
        if not self._file.exists() or self._file.read_text() != self._digest:
            return None
        found = training.latest_model(self._project.aws, self._project.settings.project)
        return found if found is not None and self._is_there(found[1]) else None

    def _is_there(self, model_uri: str) -> bool:
        place = urlsplit(model_uri)
        s3 = self._project.aws.client("s3")
        try:
            s3.head_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        except ClientError:
            return False
        return True
