"""Photos through the REST API, by request or by upload; pictures and objects into a folder."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scones.api_client import RestApi, content_type_of, rest_api
from scones.errors import ApiError
from scones.project import Project

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}


@dataclass(frozen=True, slots=True)
class Detection:
    """What became of one photo.

    Attributes:
        photo: Its path.
        objects: Each with label, confidence and box in pixels.
        image: Its width and height.
        files: What was written.
        error: Why there are none.
        seconds: From the photo's first byte sent to the last one here.
    """

    photo: str
    objects: list[dict[str, Any]] = field(default_factory=list)
    image: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0


def detect(
    project: Project,
    photos: Sequence[Path],
    *,
    threshold: float | None = None,
    upload: bool = False,
    folder: Path | None = None,
) -> list[Detection]:
    """Find the objects in photos; one that fails does not keep the others.

    Args:
        project: The project.
        photos: Paths of PNG and JPEG files.
        threshold: Least confidence; the API's own where none is given.
        upload: Send them straight to S3, and wait for the functions behind it.
        folder: Write the drawn picture and the objects of each here.
    """
    outputs = project.outputs
    url = project.settings.target.reached(outputs.api_url)
    api = rest_api(project.aws, url, outputs.api_key_id)
    found = []
    for number, path in enumerate(photos):
        project.reporter.progress("photos", number, len(photos), "photos")
        try:
            photo = path.read_bytes()
            started = time.monotonic()
            result, picture = _look(project, api, photo, threshold, upload, folder is not None)
            took = time.monotonic() - started
            files = _write(folder, path, photo, result, picture) if folder else []
            looked = Detection(str(path), result["objects"], result["image"], files, seconds=took)
            found.append(looked)
        except ApiError as error:
            found.append(Detection(str(path), error=str(error)))
    project.reporter.progress("photos", len(photos), len(photos), "photos")
    return found


def _look(
    project: Project,
    api: RestApi,
    photo: bytes,
    threshold: float | None,
    upload: bool,
    drawn: bool,
) -> tuple[dict[str, Any], bytes]:
    """Return a photo's objects and, where it is wanted, the drawn picture."""
    if not upload:
        result = api.detect(photo, threshold=threshold)
        return result, api.annotated(photo, threshold=threshold) if drawn else b""
    form = api.ask_upload(content_type_of(photo), len(photo), threshold=threshold)
    api.send(form, photo)
    told: set[str] = set()

    def note(status: dict[str, Any]) -> None:
        message = status.get("message", "")
        if message and message not in told:
            told.add(message)
            project.reporter.note(message)

    result = api.await_result(form.id, on_status=note)
    return result, api.download(result["links"]["annotated"]) if drawn else b""


def _write(
    folder: Path, path: Path, photo: bytes, result: dict[str, Any], picture: bytes
) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    shown = {name: result[name] for name in ("id", "image", "threshold", "objects")}
    files = {
        folder / f"{path.stem}.objects.json": json.dumps(shown, indent=2).encode(),
        folder / f"{path.stem}.objects{SUFFIXES[content_type_of(photo)]}": picture,
    }
    for file, body in files.items():
        file.write_bytes(body)
    return [str(file) for file in files]


def describe(detection: Detection) -> str:
    """Write a photo's objects in lines."""
    name = Path(detection.photo).name
    if detection.error:
        return f"{name}  failed: {detection.error}"
    if not detection.objects:
        return f"{name}  nothing found"
    return "\n".join(f"{name}  {_object(found)}" for found in detection.objects)


def _object(found: dict[str, Any]) -> str:
    box = found["box"]
    corner, extent = (
        f"{box['left']:.0f},{box['top']:.0f}",
        f"{box['width']:.0f}x{box['height']:.0f}",
    )
    return f"{found['label']} {found['confidence']:.3f}  {extent} at {corner}"
