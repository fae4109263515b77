"""Settings: a flag wins over the environment, which wins over scones.toml, then the defaults.

Every setting stands once, here, with its limits; `docs/settings.md` documents each.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from scones.errors import ConfigError
from scones.profiles import PROFILES, Profile

CONFIG_ENV = "SCONES_CONFIG"
STATE_DIR_ENV = "SCONES_STATE_DIR"
PROFILE_ENV = "SCONES_PROFILE"
DEFAULT_CONFIG = Path("scones.toml")

_Strict = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Route(BaseModel):
    """Where deliveries of one class of vehicle go."""

    model_config = _Strict

    name: Annotated[str, Field(alias="class", min_length=1)]
    loading_bay: str
    order_range: str


class EtlSettings(BaseModel):
    """What is taken from the archive and how it is split."""

    model_config = _Strict

    classes: Annotated[tuple[str, ...], Field(min_length=2)] = ("bicycle", "motorcycle")
    validation_fraction: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    seed: int = 0


class TrainingSettings(BaseModel):
    """How the model is trained."""

    model_config = _Strict

    seed: int = 0
    max_runtime_seconds: Annotated[int, Field(ge=1)] = 3600
    pretrained: bool = True
    hyperparameters: Mapping[str, str | int | float | bool] = {}


class Range(BaseModel):
    """Where to look for a number: evenly, or (`log`) evenly in powers; `whole` ones only, if so."""

    model_config = _Strict

    low: float
    high: float
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> "Range":
        if self.high <= self.low or (self.log and self.low <= 0):
            raise ValueError(f"low {self.low:g} to high {self.high:g} is no range to search")
        return self


class Choices(BaseModel):
    """Values to choose from."""

    model_config = _Strict

    choices: Annotated[tuple[str | int | float | bool, ...], Field(min_length=2)]


class TuningSettings(BaseModel):
    """What `scones tune` tries."""

    model_config = _Strict

    trials: Annotated[int, Field(ge=2, le=256)] = 8
    parallel: Annotated[int, Field(ge=1, le=20)] = 2
    metric: str = "validation:accuracy"
    seed: int = 0
    search: Mapping[str, Range | Choices] = {
        "learning_rate": Range(low=0.005, high=0.2, log=True),
        "weight_decay": Range(low=0.0005, high=0.01, log=True),
        "mini_batch_size": Choices(choices=(32, 64)),
    }


class DetectorSettings(BaseModel):
    """What the object detector learns from, and how."""

    model_config = _Strict

    classes: Annotated[tuple[str, ...], Field(min_length=1)] = ("bicycle", "motorcycle")
    others: tuple[str, ...] = ("bus", "pickup_truck", "tractor", "lawn_mower")
    image_shape: Annotated[int, Field(ge=64, le=1024)] = 128
    train: Annotated[int, Field(ge=1)] = 3000
    validation: Annotated[int, Field(ge=1)] = 150
    test: Annotated[int, Field(ge=1)] = 300
    seed: int = 0
    max_runtime_seconds: Annotated[int, Field(ge=1)] = 7200
    hyperparameters: Mapping[str, str | int | float | bool] = {}


class ApiSettings(BaseModel):
    """What the REST API takes, and how long it keeps photos."""

    model_config = _Strict

    photo_days: Annotated[int, Field(ge=1)] = 30
    requests_a_second: Annotated[float, Field(gt=0)] = 10
    burst: Annotated[int, Field(ge=1)] = 20
    requests_a_day: Annotated[int, Field(ge=1)] = 10_000


class OwnImage(BaseModel):
    """A program that stands for a container image of one's own, where no Docker is used."""

    model_config = _Strict

    repository: Annotated[str, Field(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]
    command: Annotated[tuple[str, ...], Field(min_length=1)]


class Settings(BaseSettings):
    """All settings of one project."""

    model_config = SettingsConfigDict(
        env_prefix="SCONES_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}[a-z0-9]$")] = "scones-unlimited"
    profile: str = "local"
    state_dir: Path = Path(".scones")
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.93
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")] = (
        "dispatcher@scones-unlimited.example"
    )
    routes: tuple[Route, ...] = ()
    images: tuple[OwnImage, ...] = ()
    etl: EtlSettings = EtlSettings()
    training: TrainingSettings = TrainingSettings()
    tuning: TuningSettings = TuningSettings()
    detector: DetectorSettings = DetectorSettings()
    api: ApiSettings = ApiSettings()
    profiles: Mapping[str, Mapping[str, Any]] = {}

    @model_validator(mode="after")
    def _profiles_are_known(self) -> "Settings":
        unknown = ({self.profile} | set(self.profiles)) - set(PROFILES)
        if unknown:
            raise ValueError(f"no profile {sorted(unknown)[0]!r}; there are {', '.join(PROFILES)}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the TOML file that `load` names."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def target(self) -> Profile:
        """The chosen profile with this project's overrides."""
        given = dict(self.profiles.get(self.profile, {}))
        base = PROFILES[self.profile].in_region(given.get("region"))
        return Profile.model_validate(base.model_dump() | given)

    @property
    def endpoint_name(self) -> str:
        """The endpoint that the workflow asks."""
        return f"{self.project}-classifier"

    @property
    def detector_name(self) -> str:
        """The endpoint that finds objects."""
        return f"{self.project}-detector"

    def route(self, name: str) -> Route:
        """Return the route of a class.

        Raises:
            ConfigError: The class has none.
        """
        for route in self.routes:
            if route.name == name:
                return route
        raise ConfigError(
            f"class '{name}' has no route: add a [[routes]] table with class = \"{name}\", "
            "loading_bay and order_range to scones.toml"
        )


def load(path: Path | None = None, **flags: Any) -> Settings:
    """Read the settings, check them, and return them.

    Args:
        path: The TOML file; by default scones.toml in this folder, where there is one.
        flags: Settings given on the command line; None means not given.

    Raises:
        ConfigError: The file is not there or not TOML, or a value is out of its limits.
    """
    if path is not None and not path.is_file():
        raise ConfigError(f"no settings file {path}: check --config or {CONFIG_ENV}")
    configured = type(
        "Configured",
        (Settings,),
        {
            "__module__": __name__,
            "model_config": SettingsConfigDict(toml_file=path or DEFAULT_CONFIG),
        },
    )
    try:
        settings: Settings = configured(**{k: v for k, v in flags.items() if v is not None})
        _ = settings.target
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path or DEFAULT_CONFIG} is not valid TOML: {error}") from error
    except SettingsError as error:
        raise ConfigError(f"an environment variable is not JSON: {error}") from error
    except ValidationError as error:
        raise ConfigError(_explain(error)) from error
    return settings


def _explain(error: ValidationError) -> str:
    """Put all the faults in one line, each with its setting, its value and what is allowed."""
    faults = []
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"]) or "settings"
        message = re.sub(r"^Value error, ", "", fault["msg"])
        value = fault["input"]
        shown = f" (got {value!r})" if isinstance(value, str | int | float) else ""
        faults.append(f"{name}: {message[:1].lower()}{message[1:]}{shown}")
    return "setting " + "; ".join(faults)
