"""What a stored model was made from, as it was at the last bootstrap and as it is now."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from scones import hosting, training
from scones.project import Project


class Recipe:
    """All that a model's training depends on."""

    def __init__(
        self, project: Project, family: str, name: str, made_from: Mapping[str, Any]
    ) -> None:
        """Compare it with the last one.

        Args:
            project: The project.
            family: What its training jobs' names begin with.
            name: The file in which it is remembered.
            made_from: Whatever makes another model when it changes.
        """
        self._project = project
        self._family = family
        content = json.dumps(dict(made_from), sort_keys=True).encode()
        self._digest = hashlib.sha256(content).hexdigest()
        self._file = project.state_dir / "bootstrapped" / name

    def remember(self) -> None:
        """Keep it for the next time."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(self._digest)

    def stored_model(self) -> tuple[str, str] | None:
        """Return job name and artifact of the last model, if the recipe is the same still."""
        if not self._file.exists() or self._file.read_text() != self._digest:
            return None
        found = training.latest_model(self._project.aws, self._family)
        return found if found is not None and self._is_there(found[1]) else None

    def _is_there(self, model_uri: str) -> bool:
        place = urlsplit(model_uri)
        s3 = self._project.aws.client("s3")
        try:
            s3.head_object(Bucket=place.netloc, Key=place.path.lstrip("/"))
        except ClientError:
            return False
        return True


def served(project: Project, name: str, serve: Callable[[], str]) -> str:
    """Return an endpoint's name, once it answers; one that serves another model is left alone.

    A person may have trained and served again since.

    Args:
        project: The project.
        name: The endpoint.
        serve: Makes it, and returns its name.
    """
    if hosting.status(project.aws, name) in (None, "Failed"):
        return serve()
    hosting.wait_in_service(project.aws, name, reporter=project.reporter)
    return name
