"""`docker compose up`: the whole offline environment, used from the host as a person would.

The stack has a project name, ports, a network and volumes of its own, so that a running one of a
developer is not touched. The first Compose that is found goes through everything; each starts a
stack, uses it and removes it.
"""

import io
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
import requests
from PIL import Image

from scones.etl.drawings import Drawings
from scones.etl.staging import write_png
from tests.drawn_boxes import boxes_that_lack_a_line

from .stacks import (
    COMMANDS,
    SERVICE_LABEL,
    STATE_LABEL,
    WEB_PORT_ENV,
    Stack,
    removed_at_the_end,
    version,
)

PER_CLASS = 40
CLASSES = ("bicycle", "motorcycle")
EMAIL_SECONDS = 120.0
WEB_SECONDS = 240.0
DETECT_SECONDS = 240.0


def compose_found() -> str:
    return next((name for name in COMMANDS if version(name)), "plugin")


def require(name: str) -> None:
    if version(name) is None:
        pytest.skip(f"`{' '.join(COMMANDS[name])}` is not on this machine: not tested with it")


def draw_images(folder: Path) -> Path:
    """Make a folder of images per class, as a person's own would be."""
    counts = dict.fromkeys(CLASSES, 0)
    for image in Drawings().images(CLASSES):
        if counts[image.class_name] < PER_CLASS:
            counts[image.class_name] += 1
            (folder / image.class_name).mkdir(parents=True, exist_ok=True)
            write_png(image.pixels, folder / image.class_name / f"{image.file_name}.png")
    assert set(counts.values()) == {PER_CLASS}
    return folder


@pytest.fixture(scope="module")
def stack(
    engine: docker.DockerClient, images: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack on a person's own images, up."""
    name = compose_found()
    require(name)
    folder = tmp_path_factory.mktemp("stack")
    folder.chmod(0o755)  # the bootstrap is another user
    for parent in list(folder.parents)[:2]:
        parent.chmod(parent.stat().st_mode | 0o011)
    drawn = draw_images(folder / "images")
    made = Stack.make(name, engine, folder, SCONES_BOOTSTRAP_IMAGES=str(drawn))
    with removed_at_the_end(made):
        said = made.up()
        assert "trained just now" in said
        assert "is in service" in said
        yield made


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def eventually[T](look: Callable[[], T | None], seconds: float, what: str) -> T:
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.3)
    return found


def confidence(stack: Stack, image: Path) -> float:
    project = stack.on_host()
    answer = project.aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=project.settings.endpoint_name,
        ContentType="image/png",
        Body=image.read_bytes(),
    )
    return float(max(json.load(answer["Body"])))


def training_jobs(stack: Stack) -> list[str]:
    answer = stack.on_host().aws.client("sagemaker").list_training_jobs()
    return [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]]


def server_ids(stack: Stack) -> set[str]:
    """The model servers' containers."""
    return {str(container.id) for container in stack.started_by_sagemaker()}


def test_all_services_answer_the_command_line_on_the_host(stack: Stack) -> None:
    services = {each["name"]: each for each in stack.json("status")}
    assert {name: each["health"] for name, each in services.items()} == {
        "inbox": "running",
        "localstack": "running",
        "sagemaker": "running",
    }
    assert services["inbox"]["page_url"] in stack.scones("status")
    refused = stack.scones("up", code=2)
    assert "run `docker compose up --detach`" in refused


def test_the_whole_workflow_runs_from_the_host(stack: Stack) -> None:
    pictures = sorted((stack.folder / "images").rglob("*.png"))[::8]
    ranked = sorted(pictures, key=lambda picture: confidence(stack, picture))
    unsure, sure = ranked[0], ranked[-1]
    threshold = (confidence(stack, unsure) + confidence(stack, sure)) / 2
    settings = {"SCONES_THRESHOLD": f"{threshold:.6f}"}
    stack.scones("deploy", **settings)

    decided = stack.json("classify", str(sure), str(unsure), **settings)["decisions"]
    assert {each["status"] for each in decided} == {"ROUTED", "BELOW_THRESHOLD"}
    batch = stack.json("classify", "--batch", str(sure), str(unsure), **settings)["decisions"]
    assert sorted(each["status"] for each in batch) == ["BELOW_THRESHOLD", "ROUTED"]

    page = str(stack.on_host().settings.target.inbox_url)
    emails = eventually(
        lambda: get_json(f"{page}/emails.json")["emails"] or None, EMAIL_SECONDS, "the email"
    )
    assert unsure.name in emails[0]["text"]
    assert sure.name not in emails[0]["text"]
    with urllib.request.urlopen(f"{page}/emails/{emails[0]['id']}", timeout=60) as answer:
        assert unsure.name in answer.read().decode()

    asked = len(pictures) + 2 + 4  # by hand, to choose the threshold, and by the workflow
    report = eventually(lambda: _complete(stack, asked), 240, f"{asked} captures")
    assert Path(report["report"]).is_file()
    captured = stack.on_host()
    listed = captured.aws.client("s3").list_objects_v2(
        Bucket=captured.outputs.data_bucket,
        Prefix=f"data_capture/{captured.settings.endpoint_name}/",
    )
    assert listed["KeyCount"] > 0


def _complete(stack: Stack, records: int) -> dict[str, Any] | None:
    """Return the monitor's report once it has all records; they reach S3 some time later."""
    document: dict[str, Any] = stack.json("monitor")
    assert document["records"] <= records
    return document if document["records"] == records else None


def test_the_web_site_classifies_a_photo(stack: Stack) -> None:
    site = f"http://127.0.0.1:{stack.environment[WEB_PORT_ENV]}"
    eventually(lambda: healthy(f"{site}/health"), WEB_SECONDS, "the site's first answer")
    picture = next((stack.folder / "images").rglob("*.png"))
    browser = requests.Session()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get(f"{site}/").text)
    assert token is not None
    answer = browser.post(
        f"{site}/classify/",
        data={"csrfmiddlewaretoken": token[1]},
        files={"photos": (picture.name, picture.read_bytes(), "image/png")},
        headers={"Accept": "application/json"},
        timeout=120,
    )
    assert answer.status_code == 201, answer.text + stack.logs()
    card = browser.get(site + answer.json()["card"]).text
    assert "bicycle" in card or "motorcycle" in card


def healthy(url: str) -> Any:
    try:
        return get_json(url)
    except OSError:
        return None


def test_the_web_site_finds_objects_in_a_photo(stack: Stack) -> None:
    site = f"http://127.0.0.1:{stack.environment[WEB_PORT_ENV]}"
    browser = requests.Session()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get(f"{site}/").text)
    assert token is not None
    photo = io.BytesIO()
    Image.effect_noise((320, 240), 90).convert("RGB").save(photo, "PNG")
    sent = browser.post(
        f"{site}/photos/",
        data={"csrfmiddlewaretoken": token[1]},
        files={"photos": ("yard.png", photo.getvalue(), "image/png")},
        timeout=120,
    )
    assert sent.ok, sent.text + stack.logs()
    document = eventually(lambda: found_in(browser, sent.url), DETECT_SECONDS, "the result")
    assert document["image"] == {"width": 320, "height": 240}
    drawn = browser.get(f"{sent.url}annotated", timeout=120)
    with Image.open(io.BytesIO(drawn.content)) as picture:
        assert picture.size == (320, 240)


def found_in(browser: requests.Session, page: str) -> Any:
    assert "card failed" not in browser.get(page, timeout=120).text
    answer = browser.get(f"{page}json", timeout=120)
    return answer.json() if answer.ok else None


def test_the_detectors_demo_sends_photos_to_s3_and_their_boxes_come_back(stack: Stack) -> None:
    shown = stack.json("detector", "demo", "--threshold", "0")
    assert shown["removed"] == [], "what was deployed before is left"
    assert len(shown["photos"]) == 4
    for photo in shown["photos"]:
        assert photo["objects"]
        picture = next(Path(name) for name in photo["files"] if not name.endswith(".json"))
        assert not boxes_that_lack_a_line(Path(photo["photo"]), picture, photo["objects"])


def test_only_the_sagemaker_service_has_the_docker_socket(stack: Stack) -> None:
    containers = [*stack.containers(), *stack.started_by_sagemaker()]
    with_socket = {
        container.labels.get(SERVICE_LABEL, container.name)
        for container in containers
        for mount in container.attrs["Mounts"]
        if "docker.sock" in mount["Source"] + mount["Destination"]
    }
    assert with_socket == {"sagemaker"}
    assert len(containers) == 9  # seven services and two model servers
    code, _ = stack.container("localstack").exec_run(["test", "-e", "/var/run/docker.sock"])
    assert code == 1


def test_all_published_ports_are_on_loopback(stack: Stack) -> None:
    published = [
        (binding["HostIp"], binding["HostPort"])
        for container in [*stack.containers(), *stack.started_by_sagemaker()]
        for bindings in container.attrs["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    ]
    assert len(published) == 5
    assert {host for host, _ in published} == {"127.0.0.1"}
    assert {port for _, port in published} == {
        value
        for name, value in stack.environment.items()
        if name == WEB_PORT_ENV or (name.endswith("_PORT") and "DOCKER" in name)
    }


def test_containers_have_no_more_rights_than_they_need(stack: Stack) -> None:
    for container in stack.containers():
        host = container.attrs["HostConfig"]
        service = container.labels[SERVICE_LABEL]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert bool(host["CapAdd"]) == (service == "localstack")
        assert host["Init"], service


def test_a_lambda_function_is_neither_root_nor_sees_localstacks_files(stack: Stack) -> None:
    code, output = stack.container("localstack").exec_run(
        ["setpriv", "--reuid=nobody", "--clear-groups", "ls", "/state/s3"]
    )
    assert code != 0
    assert b"Permission denied" in output


def test_down_and_up_bring_everything_back_without_training_again(stack: Stack) -> None:
    before = training_jobs(stack)
    assert before
    servers = server_ids(stack)
    stack.down()
    assert stack.remains().containers == []
    assert len(stack.remains().volumes) == 5

    said = stack.up()

    assert "reused" in said
    assert "trained just now" not in said
    assert training_jobs(stack) == before
    assert server_ids(stack).isdisjoint(servers)
    picture = next((stack.folder / "images").rglob("*.png"))
    assert 0.5 <= confidence(stack, picture) <= 1
    (decision,) = stack.json("classify", str(picture))["decisions"]
    assert decision["status"] in ("ROUTED", "BELOW_THRESHOLD")


def test_up_again_changes_nothing(stack: Stack) -> None:
    stack.up()  # another test may have deployed other settings from the host
    running_before = {c.id for c in stack.containers() if c.status == "running"}
    servers = server_ids(stack)
    said = stack.up()
    assert "is up to date" in said
    assert "reused" in said
    assert {c.id for c in stack.containers() if c.status == "running"} == running_before
    assert server_ids(stack) == servers


def test_killed_services_are_brought_back_as_they_were(stack: Stack) -> None:
    servers = server_ids(stack)
    before = training_jobs(stack)
    stack.run("kill", "--signal", "SIGKILL", "sagemaker", "localstack")

    said = stack.up()

    assert "reused" in said
    assert training_jobs(stack) == before
    assert server_ids(stack).isdisjoint(servers)
    assert len(servers) == 2
    picture = next((stack.folder / "images").rglob("*.png"))
    assert stack.json("classify", str(picture))["decisions"][0]["confidence"] >= 0.5


def test_changed_settings_are_trained_with(stack: Stack) -> None:
    before = training_jobs(stack)
    settings = stack.folder / "scones.toml"
    settings.write_text(settings.read_text().replace("epochs = 1", "epochs = 2"))

    assert "trained just now" in stack.up()

    (new,) = set(training_jobs(stack)) - set(before)
    aws = stack.on_host().aws.client("sagemaker")
    endpoint = aws.describe_endpoint(EndpointName=stack.on_host().settings.endpoint_name)
    assert endpoint["EndpointConfigName"] == new


def test_down_with_volumes_leaves_nothing(stack: Stack) -> None:
    servers = stack.started_by_sagemaker()
    label = f"{STATE_LABEL}={servers[0].labels[STATE_LABEL]}"
    anonymous = {
        mount["Name"]
        for container in [*stack.containers(), *servers]
        for mount in container.attrs["Mounts"]
        if mount["Type"] == "volume"
    }
    stack.down("--volumes")
    left = stack.remains(label)
    assert left.containers + left.networks + left.volumes == []
    assert anonymous.isdisjoint(volume.name for volume in stack.engine.volumes.list())
    network = stack.environment["SCONES_ENDPOINTS_NETWORK"]
    assert network not in [each.name for each in stack.engine.networks.list()]


def test_every_other_compose_version_starts_and_removes_the_stack(
    engine: docker.DockerClient, images: None, tmp_path: Path
) -> None:
    others = [name for name in COMMANDS if name != compose_found()]
    (name,) = others
    require(name)
    tmp_path.chmod(0o755)
    with removed_at_the_end(Stack.make(name, engine, tmp_path)) as stack:
        said = stack.up()
        assert "drawings, not photographs" in said
        assert "trained just now" in said
        assert {each["health"] for each in stack.json("status")} == {"running"}
        server = stack.started_by_sagemaker()[0]
        stack.down("--volumes")
        left = stack.remains(f"{STATE_LABEL}={server.labels[STATE_LABEL]}")
        assert left.containers + left.networks + left.volumes == []
