"""Images: one that was built here goes to ECR, and the profile that asks for it finds it there.

    docker build ─▶ engine ─push─▶ repository in ECR ─▶ scan's findings
                                        │
                                        └▶ SSM parameter with the URI ─▶ training jobs, endpoints

A tag stands for content: version and the first digits of the image's id. Tags are immutable, so
an image that is there under its tag is the right one and is not pushed again. The URI that jobs and
endpoints get ends in the digest.
"""

from scones.images.pushing import PushedImage, push
from scones.images.record import pushed_uri
from scones.images.repository import describe_repository, repository_name
from scones.images.scanning import Scan

__all__ = [
    "PushedImage",
    "Scan",
    "describe_repository",
    "names_registry",
    "push",
    "pushed_uri",
    "repository_name",
]


def names_registry(image: str) -> bool:
    """Return whether an image's name begins with a registry's host, as Docker reads it."""
    first, slash, _ = image.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
