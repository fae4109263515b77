"""What a model was made of: images, hyperparameters, base network and machine."""

import hashlib
import importlib.metadata
import os
import platform
import resource
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from scones_algorithms.container import MODEL_CHANNEL, PRETRAINED
from scones_algorithms.declaration import Hyperparameter, read
from scones_algorithms.image_classification.contract import HYPERPARAMETERS
from scones_algorithms.image_classification.dataset import LabelledImages
from scones_algorithms.image_classification.initial import BASE_FILE
from scones_algorithms.image_classification.job import RECIPE_FIELDS, Job
from scones_algorithms.image_classification.network import describe_network

CPU_INFO: Final = Path("/proc/cpuinfo")
GIVEN, DEFAULT, RECIPE = "given", "default", "recipe"


@dataclass(frozen=True)
class Value:
    """One hyperparameter as it took effect.

    Attributes:
        name: of the hyperparameter.
        text: its value; "none" where it has none.
        origin: given, default, or recipe: chosen by the recipe for this job.
    """

    name: str
    text: str
    origin: str


def digest(images: LabelledImages) -> str:
    """Return the SHA-256 of labels and pixels, which no form of a channel changes."""
    found = hashlib.sha256(images.labels.tobytes())
    found.update(images.pixels.tobytes())
    return found.hexdigest()


def counts(images: LabelledImages, num_classes: int) -> list[int]:
    """Count the images of each class; one with several labels counts for each of them."""
    if images.labels.ndim > 1:
        found = images.labels.sum(axis=0)
    else:
        found = np.bincount(images.labels, minlength=num_classes)
    return [int(count) for count in found]


def describe_images(name: str, images: LabelledImages, job: Job) -> str:
    """Say in one line what a channel holds."""
    per_class = ", ".join(
        f"{count} of class {number}"
        for number, count in enumerate(counts(images, job.num_classes)[:10])
    )
    more = " and so on" if job.num_classes > 10 else ""
    share = f", this host's share among {job.cluster.size}" if job.cluster.size > 1 else ""
    _, height, width, _ = images.pixels.shape
    return (
        f"channel {name}: {len(images)} images of {width} x {height} pixels{share} "
        f"({per_class}{more}), SHA-256 of labels and pixels {digest(images)}"
    )


def hyperparameters(job: Job) -> list[Value]:
    """List every hyperparameter, and whatever else was given."""
    values, _ = read(HYPERPARAMETERS, job.given)
    found = [_value(parameter, values[parameter.name], job) for parameter in HYPERPARAMETERS]
    known = {parameter.name for parameter in HYPERPARAMETERS}
    return found + [Value(n, t, GIVEN) for n, t in sorted(job.given.items()) if n not in known]


def _value(parameter: Hyperparameter, value: Any, job: Job) -> Value:
    name = parameter.name
    if name in job.given:
        return Value(name, job.given[name], GIVEN)
    if value is not None:
        return Value(name, _text(value), DEFAULT)
    chosen = {"recipe": job.recipe.name, "network": _network(job), "kv_store": job.kv_store}
    chosen |= {field: getattr(job.recipe, field) for field in RECIPE_FIELDS}
    if chosen.get(name) is not None:
        return Value(name, _text(chosen[name]), RECIPE)
    return Value(name, "none", DEFAULT)


def _network(job: Job) -> str:
    return describe_network(job.num_layers, wide=job.wide)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def environment(job: Job) -> dict[str, str]:
    """Tell what trained: versions, machine, threads, seed and CPU time."""
    packages = ("scones-algorithms", "mxnet", "gluoncv", "numpy", "pillow")
    versions = {name: importlib.metadata.version(name) for name in packages}
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "python": platform.python_version(),
        **versions,
        "operating system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu(CPU_INFO),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "seed": str(job.seed),
        "hosts": str(job.cluster.size),
        "cpu seconds": f"{sum(one.ru_utime + one.ru_stime for one in used):.1f}",
    }


def _cpu(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "unknown")


def beginning(job: Job) -> dict[str, str]:
    """Tell which weights the training began with."""
    if MODEL_CHANNEL in job.channels:
        return {"began with": f"the earlier model in channel {MODEL_CHANNEL}"}
    if job.begins_with_published:
        files = sorted(job.channels[PRETRAINED].directory.rglob("*.params"))
        return {"began with": f"GluonCV's published weights {files[0].name}"}
    if not job.begins_with_base:
        return {"began with": "random weights"}
    said = _table(BASE_FILE.with_suffix(".md").read_text(encoding="utf-8"))
    return {
        "began with": f"the base network {BASE_FILE.name}",
        "base network sha256": hashlib.sha256(BASE_FILE.read_bytes()).hexdigest(),
        "base network data": said["data"],
        "base network licence": said["licence"],
    }


def _table(markdown: str) -> dict[str, str]:
    """Read a table of two columns."""
    rows = [line.strip("|").split("|") for line in markdown.splitlines() if line.startswith("|")]
    return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}


def network_and_recipe(job: Job) -> dict[str, str]:
    """Tell what was trained, and how in all detail."""
    settings = asdict(job.recipe)
    settings |= settings.pop("augmentation")
    told = ", ".join(f"{name} {_text(value)}" for name, value in settings.items())
    return {"network": _network(job), "recipe": told}
