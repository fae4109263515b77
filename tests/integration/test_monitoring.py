"""Findings that lead to a retraining, and embeddings of the model's own, on the running stack."""

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from .conftest import Scones, make_scones

IMAGES = 40


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scones]:
    """A stack with a model in service that was trained on drawings."""
    made = make_scones(tmp_path_factory.mktemp("monitoring"))
    try:
        made.ok("up")
        made.ok("etl", "--drawings")
        made.ok("deploy")
        made.ok("train")
        made.ok("endpoint")
        yield made
    finally:
        made.run("down")


def darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.2)


def ask(scones: Scones, folder: Path, change: Any) -> Path:
    """Have the endpoint answer test images, and write what it captured to a folder."""
    project = scones.project()
    dataset = project.dataset()
    runtime = scones.aws.client("sagemaker-runtime")
    lines = []
    for number, entry in enumerate(dataset.entries("test")[:IMAGES]):
        with Image.open(dataset.channel("test") / entry.path) as opened:
            body = io.BytesIO()
            change(opened.convert("RGB")).save(body, "PNG")
        answer = runtime.invoke_endpoint(
            EndpointName=project.settings.endpoint_name,
            ContentType="image/png",
            Body=body.getvalue(),
        )["Body"].read()
        lines.append(captured(body.getvalue(), answer.decode(), f"{folder.name}-{number}"))
    folder.mkdir()
    (folder / "captures.jsonl").write_text("".join(lines))
    return folder


def captured(body: bytes, answer: str, event_id: str) -> str:
    document = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "image/png",
                "data": base64.b64encode(body).decode(),
                "encoding": "BASE64",
            },
            "endpointOutput": {"data": answer, "encoding": "JSON"},
        },
        "eventMetadata": {"eventId": event_id, "inferenceTime": "2026-03-02T06:00:00Z"},
    }
    return json.dumps(document) + "\n"


def test_findings_set_images_aside_and_start_one_training(serving: Scones, tmp_path: Path) -> None:
    usual = str(ask(serving, tmp_path / "usual", lambda image: image))
    dark = str(ask(serving, tmp_path / "dark", darkened))

    made = serving.json("monitor", "baseline", "--folder", usual, "--embeddings")
    (file,) = (Path(name) for name in made["files"] if "embeddings" in name)
    embedded = json.loads(file.read_text())
    assert len(embedded["embeddings"]) == IMAGES
    assert {len(row) for row in embedded["embeddings"]} == {192}

    quiet = json.loads(serving.run("monitor", "check", "--folder", usual, "--json").stdout)
    assert "embedding" not in quiet["drifted"]
    (same,) = (item for item in quiet["drift"] if item["name"] == "embedding")
    assert same["p_value"] > 0.01

    options = ("--folder", dark, "--on-violation", "retrain", "--least-accuracy", "0", "--json")
    checked = serving.run("monitor", "check", *options)
    assert checked.returncode == 3, checked.stderr
    loud = json.loads(checked.stdout)
    assert "embedding" in loud["drifted"]
    first = loud["reaction"]
    assert (first["started"], first["status"]) == (True, "RUNNING")
    assert_set_aside(serving, first["set_aside"])

    again = serving.json("monitor", *options[:-1])["reaction"]
    assert (again["started"], again["execution"]) == (False, first["execution"])
    assert again["set_aside"]["images"] == 0

    states = serving.aws.client("stepfunctions")
    deadline = time.monotonic() + 300
    found = {"status": "RUNNING"}
    while found["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.5)
        found = states.describe_execution(executionArn=first["execution"])
    assert found["status"] == "SUCCEEDED"
    assert json.loads(found["output"])["deployed"]
    last = serving.json("monitor", *options[:-1])["reaction"]
    assert (last["started"], last["status"]) == (False, "SUCCEEDED")


def assert_set_aside(scones: Scones, aside: dict[str, Any]) -> None:
    """The manifest names each unsure image once, and each is there as it was sent."""
    bucket, _, key = aside["manifest_uri"].removeprefix("s3://").partition("/")
    s3 = scones.aws.client("s3")
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    rows = [json.loads(line) for line in text.splitlines()]
    threshold = scones.project().settings.threshold
    assert len({row["source-ref"] for row in rows}) == len(rows) == aside["images"]
    assert all(row["confidence"] < threshold for row in rows)
    for row in rows:
        _, _, key = row["source-ref"].removeprefix("s3://").partition("/")
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        assert Image.open(io.BytesIO(body)).size == (32, 32)
    assert key.startswith(f"labelling/{scones.project().settings.endpoint_name}/")


def test_another_endpoints_captures_retrain_nothing(serving: Scones) -> None:
    options = ("--endpoint", "another", "--on-violation", "retrain")
    assert "leave out --endpoint" in serving.refused("monitor", *options, code=2)
