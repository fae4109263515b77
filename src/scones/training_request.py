"""What CreateTrainingJob is asked for: a project's choice of image, machines and data.

`scones train` sends the parameters itself; `scones retrain` hands the same ones to a state machine.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A "d" after the generation (m5d, g4dn, p4de), and the newer families that all have such disks.
_NVME = re.compile(r"[a-z]+\d+[a-z]*d[a-z]*|(g[56]|p5|trn[12])[a-z]*")

CLASSIFIER_METRICS = {
    "train:accuracy": r"Train-accuracy=(\S+)",
    "validation:accuracy": r"Validation-accuracy=(\S+)",
}
DETECTOR_METRICS = {
    "train:cross_entropy": r"train cross_entropy <loss>=\((\S+)\)",
    "train:smooth_l1": r"train smooth_l1 <loss>=\((\S+)\)",
    "validation:mAP": r"validation mAP <score>=\((\S+)\)",
}


@dataclass(frozen=True)
class TrainingRequest:
    """One job.

    Attributes:
        job_name: Unique in account and region.
        image: URI of the algorithm's image.
        instance_type: Such as ml.m5.large.
        role_arn: The role that the job assumes.
        channels: Channel name to S3 URI.
        output_uri: S3 prefix under which the artifact is put.
        checkpoint_uri: S3 prefix that holds the training's state, so that it can go on.
        hyperparameters: Passed to the algorithm as strings.
        max_runtime_seconds: After this the job is stopped.
        instances: How many there are.
        volume_gb: Disk of each.
        spot_wait_seconds: How long it may wait for spot instances; None for instances on demand.
        vpc_config: Security groups and subnets, as SageMaker has them; None for its own.
        kms_key_arn: Key of the disks and of the artifact; empty for AWS's own.
        tags: Of the job.
        metrics: Name to the regular expression that finds it in the log.
    """

    job_name: str
    image: str
    instance_type: str
    role_arn: str
    channels: Mapping[str, str]
    output_uri: str
    checkpoint_uri: str
    hyperparameters: Mapping[str, Any]
    max_runtime_seconds: int
    instances: int = 1
    volume_gb: int = 10
    spot_wait_seconds: int | None = None
    vpc_config: Mapping[str, Sequence[str]] | None = None
    kms_key_arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=lambda: CLASSIFIER_METRICS)


def parameters(request: TrainingRequest) -> dict[str, Any]:
    """Return CreateTrainingJob's parameters, but for the job's name, its role and its tags."""
    vpc = {"VpcConfig": dict(request.vpc_config)} if request.vpc_config else {}
    key = {"KmsKeyId": request.kms_key_arn} if request.kms_key_arn else {}
    return {
        "AlgorithmSpecification": {
            "TrainingImage": request.image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": name, "Regex": regex} for name, regex in request.metrics.items()
            ],
        },
        "InputDataConfig": [_channel(name, uri) for name, uri in request.channels.items()],
        "OutputDataConfig": {"S3OutputPath": request.output_uri, **key},
        "CheckpointConfig": {"S3Uri": request.checkpoint_uri},
        "ResourceConfig": {
            "InstanceType": request.instance_type,
            "InstanceCount": request.instances,
            "VolumeSizeInGB": request.volume_gb,
            **volume_key(request.instance_type, request.kms_key_arn),
        },
        "HyperParameters": {name: _text(v) for name, v in request.hyperparameters.items()},
        "EnableManagedSpotTraining": request.spot_wait_seconds is not None,
        "StoppingCondition": _stopping_condition(request),
        **vpc,
    }


def volume_key(instance_type: str, kms_key_arn: str) -> dict[str, str]:
    """Return the member that names the key of an instance's disk, where there can be one.

    Instances with disks of their own encrypt them by hardware, and SageMaker refuses a key.
    Source: ResourceConfig in SageMaker's API reference.
    """
    family = instance_type.removeprefix("ml.").partition(".")[0]
    own_disk = _NVME.fullmatch(family) is not None
    return {} if own_disk or not kms_key_arn else {"VolumeKmsKeyId": kms_key_arn}


def _stopping_condition(request: TrainingRequest) -> dict[str, int]:
    """Return the limits; SageMaker counts the wait for a spot instance and the run together."""
    limits = {"MaxRuntimeInSeconds": request.max_runtime_seconds}
    if request.spot_wait_seconds is not None:
        limits["MaxWaitTimeInSeconds"] = request.max_runtime_seconds + request.spot_wait_seconds
    return limits


def _channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": name,
        "ContentType": "application/x-image",
        "DataSource": {"S3DataSource": source},
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
