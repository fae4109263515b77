"""The images as they are: the container contract by hand, health, labels, and what is inside."""

import json
import time
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docker
import numpy as np
import pytest
from docker.models.containers import Container
from PIL import Image

IMAGES = ("image-classification", "localstack", "sagemaker", "site", "tools")
ALGORITHM = "scones/image-classification"
COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}

pytestmark = pytest.mark.usefixtures("images")


def picture(colour: tuple[int, int, int], seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 40, (32, 32, 3))
    pixels = (np.array(colour) * 0.8 + noise).astype("uint8")
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_job(root: Path, **hyperparameters: str) -> None:
    """Lay out /opt/ml for a training job of two easy classes."""
    config = root / "input" / "config"
    config.mkdir(parents=True)
    for name in ("train", "validation"):
        folder = root / "input" / "data" / name
        folder.mkdir(parents=True)
        (root / "input" / "data" / f"{name}_lst").mkdir()
        lines = []
        for index in range(16):
            label = index % 2
            (folder / f"{index}.png").write_bytes(picture(list(COLOURS.values())[label], index))
            lines.append(f"{index}\t{label}\t{index}.png\n")
        (root / "input" / "data" / f"{name}_lst" / f"{name}.lst").write_text("".join(lines))
    given = {
        "num_classes": "2",
        "num_training_samples": "16",
        "epochs": "2",
        "mini_batch_size": "8",
        "image_shape": "3,32,32",
        **hyperparameters,
    }
    (config / "hyperparameters.json").write_text(json.dumps(given))
    channels = {
        name: {
            "ContentType": "application/x-image",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
        for name in ("train", "validation", "train_lst", "validation_lst")
    }
    (config / "inputdataconfig.json").write_text(json.dumps(channels))
    hosts = {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"}
    (config / "resourceconfig.json").write_text(json.dumps(hosts))


def until_healthy(container: Container) -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        container.reload()
        assert container.status == "running", container.logs().decode()
        if container.attrs["State"]["Health"]["Status"] == "healthy":
            return
        time.sleep(0.5)
    raise AssertionError(f"not healthy: {container.attrs['State']['Health']}")


@pytest.fixture(scope="module")
def trained(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after `docker run IMAGE train` with it as /opt/ml."""
    root = tmp_path_factory.mktemp("ml")
    write_job(root)
    log = engine.containers.run(
        ALGORITHM, "train", remove=True, stderr=True, volumes={str(root): {"bind": "/opt/ml"}}
    )
    assert b"Epoch[1] Validation-accuracy=" in log
    return root


@pytest.fixture(scope="module")
def serving(engine: docker.DockerClient, trained: Path) -> Iterator[Container]:
    """`docker run IMAGE serve` over what was trained."""
    container = engine.containers.run(
        ALGORITHM,
        "serve",
        detach=True,
        init=True,
        ports={"8080/tcp": ("127.0.0.1", None)},
        volumes={str(trained): {"bind": "/opt/ml", "mode": "ro"}},
    )
    yield container
    container.remove(force=True, v=True)


def test_train_alone_leaves_the_artifact_of_the_built_in_algorithm(trained: Path) -> None:
    names = {path.name for path in (trained / "model").iterdir()}

    assert {"image-classification-symbol.json", "model-shapes.json"} <= names
    assert any(name.endswith(".params") for name in names)


def test_a_bad_hyperparameter_ends_the_container_with_a_failure_file(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    write_job(tmp_path, optimizer="adagrad")

    container = engine.containers.run(
        ALGORITHM, "train", detach=True, volumes={str(tmp_path): {"bind": "/opt/ml"}}
    )
    try:
        assert container.wait(timeout=300)["StatusCode"] != 0
    finally:
        container.remove(force=True, v=True)
    assert "optimizer" in (tmp_path / "output" / "failure").read_text()


def test_serve_alone_becomes_healthy_and_classifies(serving: Container) -> None:
    until_healthy(serving)

    port = serving.ports["8080/tcp"][0]["HostPort"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        data=picture(COLOURS["red"], 99),
        headers={"Content-Type": "image/png", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        probabilities = json.load(reply)

    assert len(probabilities) == 2
    assert sum(probabilities) == pytest.approx(1.0, abs=1e-3)


def test_serve_ends_on_sigterm(serving: Container) -> None:
    until_healthy(serving)

    began = time.monotonic()
    serving.stop(timeout=90)

    assert time.monotonic() - began < 80
    assert serving.wait()["StatusCode"] == 0


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_says_what_it_is_and_holds_no_development_tools(
    engine: docker.DockerClient, name: str
) -> None:
    image = engine.images.get(f"scones/{name}")
    print(f"scones/{name}: {image.attrs['Size'] / 1e6:.0f} MB")
    labels = image.labels
    packages = (
        engine.containers.run(
            image,
            [
                "-c",
                "from importlib.metadata import distributions\n"
                "print(*sorted(d.name.lower() for d in distributions()))",
            ],
            entrypoint="python",
            remove=True,
        )
        .decode()
        .split()
    )

    assert labels["org.opencontainers.image.title"] == f"scones/{name}"
    assert {"version", "licenses", "description"} <= {key.rpartition(".")[2] for key in labels}
    suffixes = {"tools": "", "site": "", "image-classification": "-algorithms"}
    assert f"scones{suffixes.get(name, '-localstack')}" in packages
    assert not {"pytest", "mypy", "ruff", "pip", "uv"} & set(packages)


def test_the_tools_do_not_run_as_root(engine: docker.DockerClient) -> None:
    user = engine.containers.run("scones/tools", ["-u"], entrypoint="id", remove=True)

    assert user.strip() == b"1000"


def test_the_image_of_the_classifier_is_the_detectors_with_another_entry_point(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    table = json.loads((Path(__file__).parents[2] / "docker" / "images.json").read_text())
    entry = next(e for e in table["images"] if "object-detection" in e["repositories"])
    write_job(tmp_path, freeze_layer_pattern="(")

    container = engine.containers.run(
        *(entry["image"], "train"),
        entrypoint=entry["entrypoint"],
        detach=True,
        volumes={str(tmp_path): {"bind": "/opt/ml"}},
    )
    try:
        assert container.wait(timeout=300)["StatusCode"] == 1
    finally:
        container.remove(force=True, v=True)
    told = (tmp_path / "output" / "failure").read_text()
    assert "freeze_layer_pattern='(' must be a regular expression" in told
    assert "channel train_annotation is missing" in told
