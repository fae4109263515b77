"""constraints.json: what later data have to be like, suggested from a baseline's statistics."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from scones.errors import DataError
from scones.monitor.baseline.statistics import Feature, Statistics

DOMAIN_MAX = 100  # values; a feature of more is not given a domain
_Open = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class Switch(StrEnum):
    """Whether something is done, in Model Monitor's words."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class Comparison(StrEnum):
    """How numerical distributions are compared."""

    SIMPLE = "Simple"
    ROBUST = "Robust"


class CategoricalDrift(StrEnum):
    """How categorical distributions are compared."""

    L_INFINITY = "LInfinity"
    CHI_SQUARED = "ChiSquared"


class DistributionConstraints(BaseModel):
    """How distributions are compared with the baseline's."""

    model_config = _Open

    perform_comparison: Switch = Switch.ENABLED
    comparison_threshold: float = 0.1
    comparison_method: Comparison = Comparison.ROBUST
    categorical_comparison_threshold: float = 0.1
    categorical_drift_method: CategoricalDrift = CategoricalDrift.L_INFINITY


class MonitoringConfig(BaseModel):
    """How much is tolerated, for all features or for one.

    The thresholds of types and domains are the least share of values that must fit. Files that
    Model Monitor writes have 1.0, as here; the example in AWS's guide has 0.1.
    """

    model_config = _Open

    evaluate_constraints: Switch = Switch.ENABLED
    emit_metrics: Switch = Switch.ENABLED
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    distribution_constraints: DistributionConstraints = DistributionConstraints()

    def overridden(self, changes: Mapping[str, Any]) -> "MonitoringConfig":
        """This with some values changed, those inside `distribution_constraints` one by one."""
        document = self.model_dump()
        inner = document["distribution_constraints"]
        inner |= changes.get("distribution_constraints") or {}
        return MonitoringConfig.model_validate(
            document | dict(changes) | {"distribution_constraints": inner}
        )


class NumericalConstraints(BaseModel):
    """What numbers have to be like."""

    model_config = _Open

    is_non_negative: bool


class StringConstraints(BaseModel):
    """What texts have to be like: the values that the baseline has."""

    model_config = _Open

    domains: tuple[str, ...] = ()


class FeatureConstraints(BaseModel):
    """What one feature has to be like; `completeness` is the least share of records with it."""

    model_config = _Open

    name: str
    inferred_type: str
    completeness: float | None = None
    num_constraints: NumericalConstraints | None = None
    string_constraints: StringConstraints | None = None
    # AWS's guide writes the first spelling, its SDK the second.
    monitoring_config_overrides: dict[str, Any] | None = Field(
        default=None,
        validation_alias=AliasChoices("monitoringConfigOverrides", "monitoring_config_overrides"),
    )


class Constraints(BaseModel):
    """A whole constraints.json; what is unknown in it is kept as it stands."""

    model_config = _Open

    version: float = 0
    features: tuple[FeatureConstraints, ...] = ()
    monitoring_config: MonitoringConfig = MonitoringConfig()

    def config_of(self, feature: FeatureConstraints) -> MonitoringConfig:
        """The configuration that holds for a feature: the file's, with the feature's overrides."""
        return self.monitoring_config.overridden(feature.monitoring_config_overrides or {})

    def as_json(self) -> dict[str, Any]:
        """The whole file."""
        return self.model_dump(mode="json", exclude_none=True)


def suggest(statistics: Statistics, config: MonitoringConfig | None = None) -> Constraints:
    """Suggest constraints from what a baseline is like."""
    features = tuple(_suggested(feature) for feature in statistics.features.values())
    return Constraints(features=features, monitoring_config=config or MonitoringConfig())


def _suggested(feature: Feature) -> FeatureConstraints:
    numbers, texts = None, None
    if feature.numbers is not None:
        numbers = NumericalConstraints(is_non_negative=feature.numbers.least >= 0)
    elif feature.categories and feature.distinct <= DOMAIN_MAX:
        texts = StringConstraints(domains=tuple(sorted(feature.categories)))
    return FeatureConstraints(
        name=feature.name,
        inferred_type=feature.inferred_type,
        completeness=feature.completeness,
        num_constraints=numbers,
        string_constraints=texts,
    )


def read_constraints(text: str | bytes, source: str) -> Constraints:
    """Read a constraints.json, ours or Model Monitor's, with its per-feature overrides.

    Raises:
        DataError: It is not one, or an override is out of range; the message says where.
    """
    try:
        constraints = Constraints.model_validate(json.loads(text))
        for feature in constraints.features:
            constraints.config_of(feature)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise DataError(
            f"{source} is not a constraints.json: {where}: {fault['msg']} (got {fault['input']!r})"
        ) from error
    except (ValueError, TypeError) as error:
        raise DataError(f"{source} is not a constraints.json: {error}") from error
    return constraints
