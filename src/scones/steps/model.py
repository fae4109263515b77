"""The model: trained on the uploaded images, and served."""

from pathlib import Path
from typing import Any

from scones import builtin_algorithm, hosting, pretraining, retraining, training
from scones.emulation.services import interpreter
from scones.errors import EndpointError, UsageError, WorkflowError
from scones.etl.dataset import Dataset
from scones.etl.opening import open_source
from scones.pretraining import Pretrained
from scones.project import Project
from scones.published_weights import fetch, published_classifier, upload_weights
from scones.retraining import Retraining, RetrainingRequest
from scones.steps import infrastructure
from scones.steps.data import upload_images
from scones.training import TrainingResult
from scones.training_request import TrainingRequest

CHOOSES_NETWORK = {"num_layers", "network", "recipe", "image_shape", "use_pretrained_model"}


def train(
    project: Project,
    dataset: Dataset,
    *,
    job_name: str | None = None,
    weights: Path | None = None,
) -> TrainingResult:
    """Upload the images and train; pick up a job of this project that is still running.

    Args:
        project: The project.
        dataset: What to train on.
        job_name: A name for the job, by default a new one.
        weights: A .params file of GluonCV's to begin with, where the job asks for one; by default
            it is downloaded.

    Raises:
        UsageError: The job asks for weights that nobody has published, or for none.
        TrainingError: The job failed or was stopped, or its name is taken.
    """
    hyperparameters = hyperparameters_of(project, dataset)
    running = training.running_job(project.aws, project.settings.project)
    if running is not None and job_name in (None, running):
        project.reporter.note(f"picking up {running}, which is still training")
        name = running
    else:
        name = job_name or training.new_job_name(project.settings.project)
        request = _request(project, dataset, name, hyperparameters, weights)
        training.start(project.aws, request)
    return training.wait(project.aws, name, reporter=project.reporter)


def pretrain(
    project: Project, *, archive: Path | None = None, epochs: int | None = None
) -> Pretrained:
    """Train a base network on the classes of CIFAR-100 that are not the project's.

    Args:
        project: The project.
        archive: A CIFAR-100 archive on disk; by default it is downloaded.
        epochs: Passes over the images, by default the recipe's.

    Raises:
        DataError: The archive is not what it should be.
        TrainingError: The training failed.
    """
    downloads = project.state_dir / "downloads"
    source = open_source(archive, None, False, downloads, reporter=project.reporter)
    return pretraining.pretrain(
        source,
        project.settings.etl.classes,
        project.state_dir / "pretraining",
        interpreter("algorithms"),
        seed=project.settings.training.seed,
        epochs=epochs,
        reporter=project.reporter,
    )


def retrain(
    project: Project, dataset: Dataset, *, least_accuracy: float, job_name: str | None = None
) -> Retraining:
    """Upload the images and have the state machine train, judge and deploy.

    An execution that runs already is picked up, with the settings that it was started with: two
    would deploy over each other.

    Args:
        project: The project.
        dataset: What to train on.
        least_accuracy: On the validation images; a model below it is not deployed.
        job_name: A name for the job, by default a new one.

    Raises:
        WorkflowError: The execution failed, or one of another name runs.
    """
    under_way = retraining.running(project.aws, project.outputs.train_state_machine_arn)
    if under_way is None:
        name = job_name or training.new_job_name(project.settings.project)
        request = retraining_request(project, dataset, name, least_accuracy)
        under_way = retraining.start(project.aws, request)
        project.reporter.note(f"started {under_way.arn}")
    elif job_name in (None, under_way.job_name):
        project.reporter.note(
            f"picking up {under_way.job_name}, which was started with a least accuracy of "
            f"{under_way.least_accuracy:g}"
        )
    else:
        raise WorkflowError(
            f"{under_way.job_name} is being retrained: run `scones retrain` without --job-name to "
            "wait for its end, then this"
        )
    return retraining.wait(project.aws, under_way, reporter=project.reporter)


def retraining_request(
    project: Project, dataset: Dataset, job_name: str, least_accuracy: float
) -> RetrainingRequest:
    """Upload the images, and say what the state machine is to be told."""
    return RetrainingRequest(
        state_machine_arn=project.outputs.train_state_machine_arn,
        training=_request(project, dataset, job_name, hyperparameters_of(project, dataset)),
        instance_type=project.settings.target.endpoint_instance_type,
        capture_uri=project.capture_uri,
        least_accuracy=least_accuracy,
        instances=project.settings.target.endpoint_instances,
    )


def training_request(project: Project, dataset: Dataset) -> TrainingRequest:
    """Upload the images, and say what a training job of this project is asked for."""
    name = training.new_job_name(project.settings.project)
    return _request(project, dataset, name, hyperparameters_of(project, dataset))


def _request(
    project: Project,
    dataset: Dataset,
    job_name: str,
    hyperparameters: dict[str, Any],
    weights: Path | None = None,
) -> TrainingRequest:
    target = project.settings.target
    machine = target.training_instance_type
    for doubt in builtin_algorithm.check(target.training_image, hyperparameters, machine):
        project.reporter.note(doubt)
    outputs = project.outputs
    weights = _weights(project, hyperparameters, weights)
    channels = dict(upload_images(project, dataset).training_channels)
    if weights is not None:
        s3 = project.aws.client("s3")
        channels |= upload_weights(s3, weights, outputs.data_bucket, "", reporter=project.reporter)
    return TrainingRequest(
        job_name=job_name,
        image=project.training_image,
        instance_type=target.training_instance_type,
        role_arn=outputs.sagemaker_role_arn,
        channels=channels,
        output_uri=f"s3://{outputs.data_bucket}/models",
        checkpoint_uri=f"s3://{outputs.data_bucket}/checkpoints/{job_name}",
        hyperparameters=hyperparameters,
        max_runtime_seconds=project.settings.training.max_runtime_seconds,
        instances=target.training_instances,
        volume_gb=target.training_volume_gb,
        spot_wait_seconds=target.spot_wait_seconds,
        vpc_config=target.vpc_config,
        kms_key_arn=target.kms_key_arn,
        tags=project.tags,
    )


def _weights(project: Project, hyperparameters: dict[str, Any], given: Path | None) -> Path | None:
    """Get GluonCV's weights where the job asks for them; AWS's built-in has its own inside."""
    target = project.settings.target
    own = target.own_algorithm and not builtin_algorithm.is_builtin(target.training_image)
    wanted = published_classifier(hyperparameters) if own else None
    if wanted is None and given is not None:
        raise UsageError(
            "--weights has no effect on this job: it belongs to our algorithm with num_layers and "
            "use_pretrained_model = 1 in [training.hyperparameters]"
        )
    if wanted is None or given is not None:
        return given
    return fetch(project.state_dir / "downloads", wanted, reporter=project.reporter)


def hyperparameters_of(project: Project, dataset: Dataset) -> dict[str, Any]:
    """What a training job of this project is told.

    The built-in algorithm is not told to begin with its pretrained network: that is a ResNet for
    large photos, which a project's own hyperparameters may still ask for.
    """
    training_settings = project.settings.training
    given = dict(training_settings.hyperparameters)
    values: dict[str, Any] = {
        "num_classes": len(dataset.classes),
        "num_training_samples": dataset.size("train"),
        "image_shape": "3,32,32",
    }
    target = project.settings.target
    if target.own_algorithm:
        values["seed"] = training_settings.seed
    if builtin_algorithm.is_builtin(target.training_image):
        values |= builtin_algorithm.defaults(target.training_instances)
    elif target.own_algorithm and training_settings.pretrained:
        values |= {} if CHOOSES_NETWORK & given.keys() else {"use_pretrained_model": 1}
    return values | given


def serve(project: Project, model: tuple[str, str] | None = None) -> str:
    """Serve a model, and return the endpoint's name.

    Args:
        project: The project.
        model: Name and artifact URI; by default the last one trained.

    Raises:
        EndpointError: Nothing has been trained, or the endpoint fails.
    """
    model = model or training.latest_model(project.aws, project.settings.project)
    if model is None:
        raise EndpointError("no model has been trained: run `scones train` first")
    target = project.settings.target
    operations = project.operations_settings
    scales = operations is not None and operations.scales
    if scales:
        infrastructure.scale(project, on=False)
    hosting.deploy(
        project.aws,
        hosting.EndpointRequest(
            endpoint_name=project.settings.endpoint_name,
            model_name=model[0],
            image=project.training_image,
            model_uri=model[1],
            role_arn=project.outputs.sagemaker_role_arn,
            instance_type=target.endpoint_instance_type,
            capture_uri=project.capture_uri,
            instances=target.endpoint_instances,
            vpc_config=target.vpc_config,
            kms_key_arn=target.kms_key_arn,
            tags=project.tags,
        ),
        reporter=project.reporter,
    )
    if scales:
        infrastructure.scale(project, on=True)
    return project.settings.endpoint_name


def wait_for_endpoint(project: Project) -> None:
    """Return once the endpoint answers.

    Raises:
        UsageError: There is none.
        EndpointError: It failed.
    """
    name = project.settings.endpoint_name
    if hosting.status(project.aws, name) is None:
        raise UsageError(
            f"there is no endpoint '{name}': run `scones train`, then `scones endpoint`"
        )
    hosting.wait_in_service(project.aws, name)
