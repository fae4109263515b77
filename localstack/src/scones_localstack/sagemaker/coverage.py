"""What there is of SageMaker's API here, from the code's own tables, as a page of documentation.

A family says in its `fields.py` which members it keeps without effect or refuses; all others are
honoured. Families and operations are found, not listed: a new one is on the page by itself.

    python -m scones_localstack.sagemaker.coverage docs/reference/sagemaker.md
"""

import asyncio
import pkgutil
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from scones_localstack import sagemaker
from scones_localstack.sagemaker.fields import Field, Treatment, table
from scones_localstack.sagemaker.front import model
from scones_localstack.sagemaker.service import Service
from scones_localstack.sagemaker.settings import Settings

BEGIN = "<!-- From here to the end: `python -m scones_localstack.sagemaker.coverage FILE`. -->\n"

# What else people who train and serve models call, by the noun that its operations share.
_FAMILIES = {
    "HyperParameterTuningJob": "hyperparameter tuning",
    "AutoMLJob": "Autopilot",
    "MonitoringSchedule|MonitoringExecution|MonitoringAlert": "Model Monitor's schedules",
    "(DataQuality|ModelQuality|ModelBias|ModelExplainability)JobDefinition": "Model Monitor's jobs",
    "Pipeline": "Pipelines",
    "ModelPackage": "the model registry",
    "InferenceRecommendationsJob|InferenceExperiment": "recommendations and shadow tests",
    "Experiment|Trial": "Experiments",
    "Action|Artifact|Association|Context|Lineage": "lineage",
    "FeatureGroup|FeatureMetadata": "the feature store",
    "InferenceComponent": "inference components",
    "CompilationJob|OptimizationJob|EdgePackagingJob": "compilation and optimization",
    "ModelCard": "model cards",
    "LabelingJob": "Ground Truth's labeling jobs",
    "NotebookInstance": "notebook instances",
    "Hub": "model hubs (JumpStart)",
    "Algorithm": "algorithm resources",
    "(Training|Processing)Job$": "jobs' records",
    "Search$|SearchSuggestions": "search",
    "Mlflow": "MLflow",
}


@cache
def operations() -> tuple[str, ...]:
    """Return the operations of the control plane and the runtime that there are, by name."""

    async def ask(folder: Path) -> frozenset[str]:
        service = Service(Settings(0, folder, "http://127.0.0.1:9", _no_images(folder)))
        try:
            return service.operations
        finally:
            await service.stop()

    with tempfile.TemporaryDirectory() as folder:
        control = asyncio.run(ask(Path(folder)))
    return (*sorted(control), *sorted(model.service_model(model.RUNTIME).operation_names))


@cache
def fields() -> tuple[Field, ...]:
    """Return what is not honoured, of all families."""
    found = pkgutil.walk_packages(sagemaker.__path__, f"{sagemaker.__name__}.")
    names = sorted(each.name for each in found if each.name.endswith(".fields"))
    tables = [import_module(name).FIELDS for name in names if name != Field.__module__]
    return tuple(field for each in tables for field in each)


def shape_of(operation: str) -> Any:
    """Return the shape of an operation's input, of whichever API has it."""
    runtime = model.service_model(model.RUNTIME).operation_names
    return model.input_shape(
        model.RUNTIME if operation in runtime else model.CONTROL_PLANE, operation
    )


def honoured(operation: str) -> list[str]:
    """Return the members that have an effect; below a structure only where not all of it has."""
    not_so = {field.path for field in fields() if field.operation == operation}
    return list(_honoured(shape_of(operation), "", not_so))


def page() -> str:
    """Return the generated part of the page."""
    return "\n".join([*_overview(), *_details(), *_absent()])


def renew(path: Path) -> None:
    """Write the generated part of a page anew, below what people have written."""
    written = path.read_text(encoding="utf-8").partition(BEGIN)[0]
    path.write_text(f"{written}{BEGIN}\n{page()}\n", encoding="utf-8")


def _honoured(shape: Any, above: str, not_so: Iterable[str]) -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{above}{name}"
        inner = member.member if member.type_name == "list" else member
        if any(each.startswith(f"{path}.") for each in not_so):
            yield from _honoured(inner, f"{path}.", not_so)
        elif path not in not_so:
            yield path


def _overview() -> Iterator[str]:
    yield "## Operations\n"
    yield "| operation | members honoured | kept, no effect | refused |"
    yield "| --- | --- | --- | --- |"
    for operation in operations():
        counts = [_count(operation, treatment) for treatment in Treatment]
        name = f"[{operation}](#{operation.lower()})" if any(counts) else operation
        total = len(honoured(operation))
        shown = [str(total) if any(counts) else f"all {total}", *(str(n or "-") for n in counts)]
        yield f"| {name} | {' | '.join(shown)} |"


def _count(operation: str, treatment: Treatment) -> int:
    return sum(f.operation == operation and f.treatment is treatment for f in fields())


def _details() -> Iterator[str]:
    for operation in operations():
        of_it = [field for field in fields() if field.operation == operation]
        if of_it:
            yield f"\n### {operation}\n\nHonoured: {_grouped(honoured(operation))}.\n"
            yield table(of_it)


def _grouped(paths: list[str]) -> str:
    """Return members, those of one structure in brackets after its name."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        above, _, name = path.rpartition(".")
        groups.setdefault(above or path, []).append(name)
    return ", ".join(
        f"`{above}`" if [above] == names else f"`{above}` ({', '.join(f'`{n}`' for n in names)})"
        for above, names in groups.items()
    )


def _absent() -> Iterator[str]:
    left = set(model.service_model(model.CONTROL_PLANE).operation_names) - set(operations())
    yield "\n## Not there\n"
    yield "| of | operations |"
    yield "| --- | --- |"
    for noun, what in _FAMILIES.items():
        names = sorted(name for name in left if re.search(rf"(^|[a-z])({noun})", name))
        left -= set(names)
        if names:
            yield f"| {what} | {', '.join(names)} |"
    yield f"| all else: Studio, HyperPod, workforces, edge devices, projects | {len(left)} more |"


def _no_images(folder: Path) -> Path:
    path = folder / "images.json"
    path.write_text('{"images": []}', encoding="utf-8")
    return path


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
