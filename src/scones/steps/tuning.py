"""Hyperparameters compared by training jobs, and the best of them named."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scones import training
from scones.etl.dataset import Dataset
from scones.etl.source import Split
from scones.jobs import TrainingRun
from scones.project import Project
from scones.steps import model, models
from scones.tuning import Trial, points, ranked, run_trials


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a search has found.

    Attributes:
        ranked: The jobs that have the metric, the best first.
        usual: The job with the project's own settings, whatever became of it.
        chosen: What the best was told beside the usual; empty where the usual is the best.
        page: The page that compares all.
    """

    ranked: list[TrainingRun]
    usual: TrainingRun
    chosen: dict[str, Any]
    page: Path


def tune(project: Project, dataset: Dataset, *, count: int | None = None) -> Tuning:
    """Try hyperparameters, on the validation images alone; the first trial has the project's own.

    A search that was cut off goes on; one with more trials than before adds to it.

    Args:
        project: The project.
        dataset: What to train on.
        count: Trials, by default the setting's.

    Raises:
        TrainingError: SageMaker refuses a job, or none has the metric.
    """
    settings = project.settings.tuning
    request = model.training_request(project, dataset)
    told = dict(request.hyperparameters)
    tried = [{}, *points(settings.search, (count or settings.trials) - 1, settings.seed)]
    prefix = training.tuning_prefix(project.settings.project)
    mark = _mark([told, _content(dataset), request.image])
    trials = [Trial(f"{prefix}{mark}-{_mark(one)}", one) for one in tried]
    run_trials(project.aws, request, trials, parallel=settings.parallel, reporter=project.reporter)
    found = models.listed(project, names=[trial.job_name for trial in trials])
    best_first = ranked(found, settings.metric)
    rest = [run for run in found if run not in best_first]
    page = models.drawn(
        project, best_first + rest, _folder(project), title=f"tuning for {settings.metric}"
    )
    chosen = {trial.job_name: dict(trial.chosen) for trial in trials}
    return Tuning(best_first, found[0], chosen[best_first[0].name], page)


def _folder(project: Project) -> Path:
    return project.reports_dir / "tuning"


def _content(dataset: Dataset) -> str:
    """Return a digest of the images that are trained on and validated with, and their labels."""
    digest = hashlib.sha256()
    splits: tuple[Split, ...] = ("train", "validation")
    for split in splits:
        digest.update(dataset.list_file(split).read_bytes())
        for entry in dataset.entries(split):
            digest.update((dataset.channel(split) / entry.path).read_bytes())
    return digest.hexdigest()


def _mark(content: Any) -> str:
    """Return a few characters that stand for a document."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:6]
