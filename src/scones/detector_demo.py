"""Object detection once, from nothing to photos with boxes, by the way of a site's visitors.

    1 services ─▶ 2 scenes ─▶ 3 stack ─▶ 4 training ─▶ 5 endpoint ─▶ 6 photos, their boxes ─▶ 7 end

The photos are test scenes: each goes to S3 by a form that the REST API gives out, its arrival
starts the functions, and the drawn picture comes back by the result's link.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType

from scones.console import Terminal, seconds, table
from scones.demonstration import Demonstration
from scones.detection.scene import Box
from scones.detection.staged import StagedScenes
from scones.errors import ApiError
from scones.etl.dataset import NOT_PHOTOGRAPHS
from scones.project import Project
from scones.steps import detection, detector, infrastructure, services
from scones.steps.detection import Detection
from scones.steps.quick_detector import quick
from scones.training import TrainingResult

STAGES = 7
PHOTOS = 4
LEAST_OVERLAP = 0.5  # from which a box counts as found
FOLDER = "detector-demo"


@dataclass(frozen=True)
class DetectorDemoRequest:
    """What the demo is run on.

    Attributes:
        archive: A CIFAR-100 archive that vehicles are cut from; drawings by default.
        folder: A folder of images instead.
        threshold: Least confidence.
        keep: Leave everything running at the end.
    """

    archive: Path | None = None
    folder: Path | None = None
    threshold: float = 0.5
    keep: bool = False


class DetectorDemo(Demonstration):
    """One run of the demo."""

    def __init__(self, project: Project, terminal: Terminal) -> None:
        super().__init__(quick(project), terminal, STAGES)

    def run(self, request: DetectorDemoRequest) -> dict[str, Any]:
        """Run all stages; return the summary as a JSON-ready document."""
        profile = self._project.settings.profile
        return self.carry_out(
            lambda: self._show(request),
            keep=request.keep,
            afterwards=f"scones --profile {profile} web serve",
        )

    def _show(self, request: DetectorDemoRequest) -> dict[str, Any]:
        project = self._project
        with self.stage("up", "Having the services run"):
            services.have_running(project)
        with self.stage("stage", "Composing scenes"):
            drawings = request.archive is None and request.folder is None
            source = detector.compose(
                project, archive=request.archive, folder=request.folder, drawings=drawings
            )
            staged = detector.stage_scenes(project, source)
            self._terminal.note(staged.summary())
        with self.stage("deploy", "Deploying the stack"):
            infrastructure.deploy(project)
        with self.stage("train", "Training"):
            trained = detector.train(project, staged)
        with self.stage("endpoint", "Deploying the endpoint"):
            detector.serve(project)
        with self.stage("upload", "Uploading photos, and waiting for their boxes"):
            found = self._upload(staged, request.threshold)
        return _document(staged, trained, found, request.threshold)

    def _upload(self, staged: StagedScenes, threshold: float) -> list[Detection]:
        photos = sorted(staged.images("test").iterdir())[:PHOTOS]
        folder = self._project.reports_dir / FOLDER
        found = detection.detect(
            self._project, photos, threshold=threshold, upload=True, folder=folder
        )
        for each in found:
            if each.error:
                raise ApiError(f"{Path(each.photo).name}: {each.error}")
            self._terminal.note(f"{Path(each.photo).name}: {seconds(each.seconds)}")
        self._terminal.note(f"pictures with boxes: {folder}")
        return found


def true_boxes(staged: StagedScenes, photo: Path) -> list[Box]:
    """Return what a test scene shows."""
    file = staged.annotations("test") / f"{photo.stem}.json"
    return [
        Box(staged.classes[found.pop("class_id")], **found)
        for found in json.loads(file.read_bytes())["annotations"]
    ]


def _document(
    staged: StagedScenes, trained: TrainingResult, found: list[Detection], threshold: float
) -> dict[str, Any]:
    photos = [_photo(staged, each) for each in found]
    document = {
        "data_kind": staged.kind,
        "classes": list(staged.classes),
        "scenes": dict(staged.pictures),
        "training_job": trained.job_name,
        "train_cpu_seconds": trained.cpu_seconds,
        "validation_map": trained.metrics.get("validation:mAP"),
        "threshold": threshold,
        "photos": photos,
        "true_objects": sum(photo["true_objects"] for photo in photos),
        "found_objects": sum(photo["found_objects"] for photo in photos),
    }
    return document | ({"note": NOT_PHOTOGRAPHS} if staged.kind == "drawings" else {})


def _photo(staged: StagedScenes, detected: Detection) -> dict[str, Any]:
    """Set what was found in a photo beside what is in it."""
    path = Path(detected.photo)
    truth = true_boxes(staged, path)
    boxes = [Box(one["label"], **one["box"]) for one in detected.objects]
    best = [_best(box, truth) for box in boxes]
    return {
        "photo": str(path),
        "files": detected.files,
        "seconds": round(detected.seconds, 2),
        "objects": [
            {**one, "overlap": round(overlap, 3)}
            for one, overlap in zip(detected.objects, best, strict=True)
        ],
        "true_objects": len(truth),
        "found_objects": sum(_best(true, boxes) >= LEAST_OVERLAP for true in truth),
    }


def _best(box: Box, others: list[Box]) -> float:
    """Return how well a box agrees with the best of the others of its class."""
    alike = [box.overlap(other) for other in others if other.class_name == box.class_name]
    return max(alike, default=0.0)


def describe(document: dict[str, Any]) -> RenderableType:
    """Draw the summary for a person."""
    rows = []
    for photo in document["photos"]:
        name = Path(photo["photo"]).name
        if not photo["objects"]:
            rows.append((name, "nothing found", "", "", ""))
        for one in photo["objects"]:
            box = one["box"]
            extent = f"{box['width']:.0f}x{box['height']:.0f}"
            place = f"{extent} at {box['left']:.0f},{box['top']:.0f}"
            figures = (f"{one['confidence']:.3f}", place, f"{one['overlap']:.2f}")
            rows.append((name, one["label"], *figures))
    objects = table(("photo", "object", "confidence", "box", "overlap with the true one"), rows)
    times = table(("step", "time"), [(n, seconds(v)) for n, v in document["seconds"].items()])
    share = (
        f"{document['found_objects']} of {document['true_objects']} objects found with a "
        f"confidence of {document['threshold']:g} or more"
    )
    drawn = f" ({NOT_PHOTOGRAPHS})" if "note" in document else ""
    return Group(objects, "", times, "", share + drawn)
