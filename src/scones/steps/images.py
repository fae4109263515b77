"""Container images: brought from this machine to the target's registry."""

from scones import images
from scones.errors import UsageError
from scones.images import PushedImage
from scones.profiles import PROFILES, Profile
from scones.project import Project

OWN_IMAGE = str(Profile.model_fields["training_image"].default)
OWN_DETECTOR = str(Profile.model_fields["detector_image"].default)


def default_image(project: Project) -> str:
    """Return the image that is pushed where none is named: the profile's, else ours."""
    return next(iter(project.local_images), OWN_IMAGE)


def setting_of(name: str) -> str:
    """Return the profile's value that is to name an image: the detector's, or the classifier's."""
    names = {images.repository_name("", image) for image in (name, OWN_DETECTOR)}
    return "detector_image" if len(names) == 1 else "training_image"


def require_registry(project: Project) -> None:
    """Return only where the target pulls images from a registry.

    Raises:
        UsageError: It runs those of this machine.
    """
    target = project.settings.target
    if not target.registry:
        others = ", ".join(name for name, profile in PROFILES.items() if profile.registry)
        raise UsageError(
            f"profile '{target.name}' runs the images of this machine, there is nothing to push: "
            f"give --profile {others}"
        )


def push(project: Project, name: str) -> PushedImage:
    """Bring an image to ECR, where jobs and endpoints of this project find it.

    Args:
        project: The project.
        name: The image here, such as scones/image-classification:latest.

    Raises:
        ImageError: There is no Docker, no such image, or ECR refuses.
    """
    return images.push(
        project.aws,
        project.settings.project,
        name,
        project.tags,
        kms_key_arn=project.settings.target.kms_key_arn,
        reporter=project.reporter,
    )
