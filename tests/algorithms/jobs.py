"""Training jobs as SageMaker lays them out, on generated images."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from tests.algorithms.pictures import encoded, picture

COMMAND = [sys.executable, "-m", "scones_algorithms.image_classification"]
SMALL_JOB = {"num_classes": "2", "num_training_samples": "48", "image_shape": "3,32,32"}
QUICK = SMALL_JOB | {"epochs": "6", "mini_batch_size": "16", "learning_rate": "0.05"}


class Trained(NamedTuple):
    """A finished training job."""

    base: Path
    process: subprocess.CompletedProcess[str]


def write_config(base: Path, hyperparameters: Mapping[str, str], **channels: str) -> None:
    """Write the configuration of a job; `channels` gives content types by channel name."""
    config = base / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    described = {
        name: {
            "ContentType": content_type,
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
        for name, content_type in channels.items()
    }
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters)))
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    (config / "resourceconfig.json").write_text(json.dumps(hosts))


def write_channel(base: Path, name: str, images: list[tuple[int, Image.Image]]) -> None:
    """Write images and their list file as the channels `name` and `name`_lst."""
    folder, listing = (base / "input" / "data" / part for part in (name, f"{name}_lst"))
    folder.mkdir(parents=True)
    listing.mkdir(parents=True)
    lines = []
    for number, (label, image) in enumerate(images):
        (folder / f"{number:03d}.png").write_bytes(encoded(image))
        lines.append(f"{number}\t{label}\t{number:03d}.png\n")
    (listing / f"{name}.lst").write_text("".join(lines))


def write_job(
    base: Path,
    hyperparameters: Mapping[str, str] = QUICK,
    *,
    train: int = 48,
    validation: int = 24,
    size: int = 32,
) -> Path:
    """Lay out a whole job with as many images as asked for, half of them of each class."""
    rng = np.random.default_rng(7)
    channels = {}
    for name, count in (("train", train), ("validation", validation)):
        if count:
            images = [(n % 2, picture(n % 2, rng, size)) for n in range(count)]
            write_channel(base, name, images)
            channels |= {name: "application/x-image", f"{name}_lst": "application/x-image"}
    write_config(base, hyperparameters, **channels)
    return base


def environment(base: Path, **more: str) -> dict[str, str]:
    """The environment of an algorithm process on one thread."""
    return os.environ | {"SAGEMAKER_BASE_DIR": str(base), "OMP_NUM_THREADS": "1"} | more


def run_train(base: Path) -> subprocess.CompletedProcess[str]:
    """Run a job to its end as SageMaker would."""
    return subprocess.run(
        [*COMMAND, "train"], env=environment(base), capture_output=True, text=True, timeout=120
    )


def failure(base: Path) -> str:
    """The failure file's content."""
    return (base / "output" / "failure").read_text()


def metadata(base: Path) -> dict[str, object]:
    """What training wrote about its model."""
    return json.loads((base / "model" / "model-metadata.json").read_text())
