"""A photo, the endpoint that looks at it, and the document of what it saw."""

import json
import os
from typing import Any

from PIL import Image

from . import endpoint, photos

DETECTOR_ENV = "DETECTOR_NAME"
DETECTOR_CLASSES_ENV = "DETECTOR_CLASSES"
CLASSIFIER_ENV = "CLASSIFIER_NAME"
CLASSES_ENV = "CLASSES"
THRESHOLD_ENV = "THRESHOLD"


def detect(image: Image.Image, threshold: float, upload_id: str) -> dict[str, Any]:
    """Return the objects in a photo: {"id", "image", "threshold", "objects"}.

    Raises:
        EndpointFault: The detector is not there, too slow, or failed.
    """
    body, content_type = photos.for_endpoint(image)
    answer = endpoint.invoke(
        os.environ[DETECTOR_ENV],
        body,
        content_type,
        remedy="run `scones detector deploy`",
        inference_id=upload_id,
    )
    labels = json.loads(os.environ[DETECTOR_CLASSES_ENV])
    return {
        "id": upload_id,
        "image": {"width": image.width, "height": image.height},
        "threshold": threshold,
        "objects": endpoint.read_objects(answer, image.size, labels, threshold),
    }


def classify(image: Image.Image) -> dict[str, Any]:
    """Return the most probable class, and whether it is sure enough to route a delivery.

    Raises:
        EndpointFault: The classifier is not there, too slow, or failed.
    """
    body, content_type = photos.for_endpoint(image)
    answer = endpoint.invoke(
        os.environ[CLASSIFIER_ENV],
        body,
        content_type,
        remedy="run `scones endpoint`",
        inference_id="",
    )
    labels = [route["name"] for route in json.loads(os.environ[CLASSES_ENV])]
    return endpoint.read_classes(answer, labels, float(os.environ[THRESHOLD_ENV]))
