"""What an analyzer job is to do: its variables, read once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scones.errors import ConfigError

MODEL_QUALITY = "MODEL_QUALITY"
DEFAULT_CUTOFF = 0.5
CLASSES_ENV = "SCONES_CLASSES"
"""JSON list of class names in index order: captures become the features of `scones monitor`."""
THRESHOLD_ENV = "SCONES_THRESHOLD"
"""Least confidence that passes, 0 to 1."""
TOPIC_ENV = "SCONES_TOPIC_ARN"
"""SNS topic that is told of violations."""

_OPT_ML = "/opt/ml"
_SCRIPTS = ("record_preprocessor_script", "post_analytics_processor_script")


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        root: What is /opt/ml.
        source: Folder of the dataset, or of captures.
        output: Folder of the results.
        dataset_format: `csv`, `json` or `sagemakerCaptureJson`, with its options.
        constraints: The baseline's constraints.json; None for a job that suggests them.
        statistics: The baseline's statistics.json, if there is one.
        ground_truth: Folder of labels, of a model-quality job on captures.
        begin: First moment that counts, if there is one.
        end: First moment that does not any more.
        metric_time: What metrics are dated.
        endpoint: Name of the endpoint.
        schedule: Name of the monitoring schedule.
        publish: Whether to leave metrics for CloudWatch.
        problem_type: Such as "BinaryClassification"; empty for data quality.
        attributes: Where prediction, probability and ground truth are in a record.
        cutoff: Least probability that is a positive prediction.
        excluded: Columns to leave out, by name or number.
        classes: Class names of a classifier.
        threshold: Least confidence that passes.
        topic_arn: Whom to tell.
    """

    root: Path
    source: Path
    output: Path
    dataset_format: Mapping[str, Any]
    constraints: Path | None
    statistics: Path | None
    ground_truth: Path | None
    begin: datetime | None
    end: datetime | None
    metric_time: datetime
    endpoint: str
    schedule: str
    publish: bool
    problem_type: str
    attributes: Mapping[str, str]
    cutoff: float
    excluded: frozenset[str]
    classes: tuple[str, ...]
    threshold: float | None
    topic_arn: str

    @property
    def on_captures(self) -> bool:
        """Whether the dataset is what endpoints capture."""
        return bool({"sagemakerCaptureJson", "sagemakerMergeJson"} & set(self.dataset_format))


def root_of(variables: Mapping[str, str]) -> Path:
    """Return what is /opt/ml."""
    return Path(variables.get("SAGEMAKER_BASE_DIR", _OPT_ML))


def read_job(variables: Mapping[str, str]) -> Job:
    """Read a job's variables.

    Raises:
        ConfigError: One is missing or wrong, or asks for what is not there.
    """
    for name in _SCRIPTS:
        if variables.get(name):
            raise ConfigError(f"{name} is not supported by this analyzer: leave it out, or use AWS")
    quality = variables.get("analysis_type") == MODEL_QUALITY
    end = _time(variables, "end_time")
    metric_time = _time(variables, "metric_time") or end or datetime.now(UTC)
    return Job(
        root=root_of(variables),
        source=Path(_needed(variables, "dataset_source")),
        output=Path(_needed(variables, "output_path")),
        dataset_format=_json(variables, "dataset_format", dict, {"csv": {"header": True}}),
        constraints=_path(variables, "baseline_constraints"),
        statistics=_path(variables, "baseline_statistics"),
        ground_truth=_path(variables, "ground_truth_source"),
        begin=_time(variables, "start_time"),
        end=end,
        metric_time=metric_time,
        endpoint=variables.get("sagemaker_endpoint_name", ""),
        schedule=variables.get("sagemaker_monitoring_schedule_name", ""),
        publish=variables.get("publish_cloudwatch_metrics") == "Enabled",
        problem_type=_needed(variables, "problem_type") if quality else "",
        attributes={
            name: variables[f"{name}_attribute"]
            for name in ("inference", "probability", "ground_truth")
            if variables.get(f"{name}_attribute")
        },
        cutoff=_share(variables, "probability_threshold_attribute") or DEFAULT_CUTOFF,
        excluded=frozenset(
            word.strip() for word in variables.get("exclude_features_attribute", "").split(",")
        )
        - {""},
        classes=tuple(str(name) for name in _json(variables, CLASSES_ENV, list, [])),
        threshold=_share(variables, THRESHOLD_ENV),
        topic_arn=variables.get(TOPIC_ENV, ""),
    )


def _needed(variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise ConfigError(f"the variable {name} is missing: Model Monitor's jobs have it")
    return value


def _path(variables: Mapping[str, str], name: str) -> Path | None:
    value = variables.get(name)
    return Path(value) if value else None


def _json(variables: Mapping[str, str], name: str, kind: type, default: Any) -> Any:
    text = variables.get(name)
    if not text:
        return default
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"the variable {name} is not JSON: {error} (got {text[:80]!r})"
        ) from error
    if not isinstance(value, kind):
        raise ConfigError(f"the variable {name} is not a JSON {kind.__name__}: {text[:80]!r}")
    return value


def _time(variables: Mapping[str, str], name: str) -> datetime | None:
    text = variables.get(name)
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.replace(" ", ""))
    except ValueError as error:
        raise ConfigError(f"the variable {name} is no time: {text!r}") from error
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _share(variables: Mapping[str, str], name: str) -> float | None:
    text = variables.get(name)
    if not text:
        return None
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"the variable {name} is {text!r}, and no number between 0 and 1")
    return share
