"""One project: its settings, its AWS, its folders, and what is staged and deployed of it.

This is where everything is wired; `scones.steps` acts on it.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from scones import config as configuration
from scones import deploy, images
from scones.aws import Session
from scones.config import Settings
from scones.console import Printed
from scones.deploy import (
    ClassRoute,
    DeploySettings,
    DetectionSettings,
    OperationsSettings,
    StackOutputs,
)
from scones.deploy.settings import PROJECT_TAG
from scones.detection.staged import StagedScenes, read_staged
from scones.emulation import remote, services, stack
from scones.emulation.process import ServiceSpec, ServiceStatus
from scones.errors import DataError
from scones.etl.dataset import Dataset, read_dataset
from scones.progress import SILENT, Reporter

CAPTURE_PREFIX = "data_capture"


def open_project(
    profile: str | None = None,
    *,
    config: Path | None = None,
    state_dir: Path | None = None,
    reporter: Reporter | None = None,
) -> "Project":
    """Read the settings and return the project; `scones.open_project` says what is what.

    Raises:
        ConfigError: There is no such profile, or a setting is wrong.
    """
    named = os.environ.get(configuration.CONFIG_ENV)
    above = _settings_above() if config is None and named is None else None
    config = above or config or (Path(named) if named else None)
    settings = configuration.load(config, profile=profile, state_dir=state_dir)
    if above and state_dir is None and configuration.STATE_DIR_ENV not in os.environ:
        beside = above.parent / settings.state_dir
        settings = configuration.load(config, profile=profile, state_dir=beside)
    return Project(settings, reporter or Printed())


def _settings_above() -> Path | None:
    """Return the nearest settings file in this folder or above: a notebook lies in a folder."""
    here = Path.cwd()
    places = (folder / configuration.DEFAULT_CONFIG for folder in (here, *here.parents))
    return next((place for place in places if place.is_file()), None)


class Project:
    """One project on one target."""

    def __init__(self, settings: Settings, reporter: Reporter = SILENT) -> None:
        self.settings = settings
        self.reporter = reporter

    @cached_property
    def aws(self) -> Session:
        """The session of the chosen profile."""
        return Session(self.settings.target)

    # Folders

    @property
    def state_dir(self) -> Path:
        """The state folder, absolute."""
        return self.settings.state_dir.absolute()

    @property
    def data_dir(self) -> Path:
        """Where the ETL stages datasets, one folder each."""
        return self.state_dir / "data"

    @property
    def reports_dir(self) -> Path:
        """Where reports and drawn workflows go."""
        return self.state_dir / "reports"

    @property
    def current_dataset(self) -> Path:
        """The file that names the dataset that was staged last."""
        return self.data_dir / "current"

    @property
    def scenes_dir(self) -> Path:
        """Where the detector's scenes are staged, one folder each."""
        return self.state_dir / "scenes"

    @property
    def current_scenes(self) -> Path:
        """The file that names the scenes that were staged last."""
        return self.scenes_dir / "current"

    @property
    def deployed_marker(self) -> Path:
        """The file that says that the stack is to be there after `scones up`."""
        return self.state_dir / "deployed" / f"{self.settings.profile}.json"

    # Images

    @property
    def local_images(self) -> tuple[str, ...]:
        """Those images of jobs and endpoints that have to be pushed to the target's registry."""
        target = self.settings.target
        asked = (target.training_image, target.detector_image)
        return tuple(i for i in asked if target.registry and not images.names_registry(i))

    @property
    def training_image(self) -> str:
        """URI of the image of the classifier's jobs and endpoint, at the target.

        Raises:
            ImageError: It is to be in ECR and was not pushed.
        """
        return self._at_target(self.settings.target.training_image)

    @property
    def detector_image(self) -> str:
        """URI of the image of the detector's jobs and endpoint, at the target.

        Raises:
            ImageError: It is to be in ECR and was not pushed.
        """
        return self._at_target(self.settings.target.detector_image)

    def _at_target(self, image: str) -> str:
        if image not in self.local_images:
            return image
        return images.pushed_uri(self.aws, self.settings.project, image)

    @property
    def image_repositories(self) -> tuple[str, ...] | None:
        """Repositories that are to be in the target's registry; None where it has none."""
        if not self.settings.target.registry:
            return None
        names = (images.repository_name(self.settings.project, i) for i in self.local_images)
        return tuple(dict.fromkeys(names))

    # Services

    @cached_property
    def specs(self) -> tuple[ServiceSpec, ...]:
        """The services of the offline stack."""
        return services.specs(self.settings)

    def require_services(self) -> None:
        """Return only if the target's services answer; AWS is taken to be there.

        Raises:
            StackError: One does not.
        """
        start_command = self.settings.target.start_command
        if start_command is not None:
            stack.require_running(self.service_statuses(), start_command)

    def service_statuses(self) -> list[ServiceStatus]:
        """Look at the offline services, whoever starts them.

        Raises:
            ConfigError: The target has none.
        """
        target = self.settings.target
        if target.emulated and not target.supervised:
            return remote.statuses(target)
        return stack.status(self.specs)

    # What is staged and deployed

    def dataset(self) -> Dataset:
        """Return what was staged last.

        Raises:
            DataError: Nothing was, or it is not whole.
        """
        if not self.current_dataset.exists():
            raise DataError(f"no images are staged in {self.data_dir}: run `scones etl` first")
        return read_dataset(self.data_dir / self.current_dataset.read_text())

    def scenes(self) -> StagedScenes:
        """Return what the detector is to be trained on: the scenes that were staged last.

        Raises:
            DataError: None were, or they are not whole.
        """
        if not self.current_scenes.exists():
            raise DataError(
                f"no scenes are staged in {self.scenes_dir}: run `scones detector stage` first"
            )
        return read_staged(self.scenes_dir / self.current_scenes.read_text())

    @property
    def classes(self) -> Sequence[str]:
        """The classes in index order: the staged dataset's, else the configured ones."""
        try:
            return self.dataset().classes
        except DataError:
            return self.settings.etl.classes

    @property
    def deploy_settings(self) -> DeploySettings:
        """What the CloudFormation stack is made from."""
        settings = self.settings
        routes = [settings.route(name) for name in self.classes]
        return DeploySettings(
            project=settings.project,
            threshold=settings.threshold,
            classes=[ClassRoute(r.name, r.loading_bay, r.order_range) for r in routes],
            email=settings.email,
            endpoint_name=settings.endpoint_name,
            redeploy_on_failure=settings.target.redeploy_on_failure,
            detection=self.detection_settings,
            operations=self.operations_settings,
            in_vpc=settings.target.vpc_config is not None,
            kms_key_arn=settings.target.kms_key_arn,
            protected=settings.target.protected,
            tags=settings.target.tags,
            image_repositories=self.image_repositories,
        )

    @property
    def tags(self) -> dict[str, str]:
        """The tags of all that is made outside the stacks, as they are in them."""
        return {PROJECT_TAG: self.settings.project, **self.settings.target.tags}

    @property
    def detection_settings(self) -> DetectionSettings:
        """What detector, uploads and REST API are made from."""
        settings, target = self.settings, self.settings.target
        return DetectionSettings(
            classes=settings.detector.classes,
            upload_origins=target.site_origins,
            photo_days=settings.api.photo_days,
            requests_a_second=settings.api.requests_a_second,
            burst=settings.api.burst,
            requests_a_day=settings.api.requests_a_day,
            set_log_role=target.set_api_log_role,
            emulator_url=target.localstack_url,
        )

    @property
    def operations_settings(self) -> OperationsSettings | None:
        """What the stack of alarms, cost and hours is made from, where the target has one."""
        target = self.settings.target
        if not target.watched:
            return None
        return OperationsSettings(
            monthly_budget_usd=target.monthly_budget_usd,
            least_instances=target.endpoint_instances,
            most_instances=target.endpoint_most_instances,
            invocations_a_minute=target.endpoint_invocations_a_minute,
            endpoint_off=target.endpoint_off,
            endpoint_on=target.endpoint_on,
            time_zone=target.time_zone,
        )

    @cached_property
    def outputs(self) -> StackOutputs:
        """Names and ARNs of what is deployed.

        Raises:
            DeployError: Nothing is.
        """
        return deploy.outputs(self.aws, self.deploy_settings)

    @property
    def capture_uri(self) -> str:
        """Where the project's endpoint captures to."""
        return f"s3://{self.outputs.data_bucket}/{CAPTURE_PREFIX}"
