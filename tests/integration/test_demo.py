"""The main job, on a stack that the demo leaves running."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from localstack_client.session import Session as LocalStackSession

from scones import training
from scones.emulation.services import interpreter

from .conftest import Scones, source_arguments

type Kept = tuple[Scones, dict[str, Any]]

IMAGES = ("bicycle", "motorcycle")


def service_pids(scones: Scones) -> dict[str, int]:
    return {found["name"]: found["pid"] for found in scones.json("status")}


def family(scones: Scones) -> list[psutil.Process]:
    processes = [psutil.Process(pid) for pid in service_pids(scones).values()]
    return processes + [child for one in processes for child in one.children(recursive=True)]


def other_addresses() -> list[str]:
    """The machine's own addresses that are not loopback."""
    return [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]


def answers(address: str, port: int, kind: int) -> bool:
    """Whether a connection (TCP) or a datagram (UDP) gets any reaction but a refusal."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.settimeout(1)
        try:
            probe.connect((address, port))
            probe.send(b"x")
            return kind == socket.SOCK_STREAM or bool(probe.recv(1))
        except OSError:
            return False


def staged_image(scones: Scones, class_name: str) -> Path:
    return next((scones.state_dir / "data").glob(f"*/test/*{class_name}*.png"))


def test_the_summary_counts_every_test_image_once(kept: Kept) -> None:
    _, summary = kept
    executions = summary["executions"]
    assert sum(executions.values()) == summary["test_images"]
    assert summary["captured_records"] == summary["test_images"]
    assert executions["failed"] == 0
    assert 0.5 < summary["test_accuracy"] <= 1
    assert summary["train_cpu_seconds"] > 1
    assert executions["below_threshold"] > 0
    assert summary["notifications"] in (1, 2)
    assert Path(summary["report"]).exists()
    stages = {"up", "etl", "deploy", "train", "endpoint", "workflow", "report", "end"}
    assert set(summary["seconds"]) == stages


def test_drawings_are_never_called_photographs(kept: Kept) -> None:
    _, summary = kept
    drawn = source_arguments() == ["--drawings"]
    assert (summary["data_kind"] == "drawings") is drawn
    assert ("note" in summary) is drawn
    assert ("drawings, not photographs" in Path(summary["report"]).read_text()) is drawn


def test_the_model_card_says_what_the_model_was_made_of(kept: Kept, tmp_path: Path) -> None:
    scones, summary = kept
    found = scones.json("models", "--card", "--output", str(tmp_path / "card"))
    assert found["job"] == summary["training_job"]
    overview, details = (
        found["card"]["model_overview"],
        found["card"]["additional_information"]["custom_details"],
    )
    assert overview["model_artifact"][0].endswith(f"{found['job']}/output/model.tar.gz")
    assert details["base network sha256"] in Path(found["page"]).read_text()
    drawn = source_arguments() == ["--drawings"]
    licence = "drawn by scones" if drawn else "CIFAR-100 (Krizhevsky 2009) states no licence"
    assert details["licence of the images"].startswith(licence)
    metrics = [
        metric["value"]
        for part in found["card"]["evaluation_details"]
        for group in part["metric_groups"]
        for metric in group["metric_data"]
        if metric["name"] == "accuracy"
    ]
    assert metrics == [pytest.approx(summary["validation_accuracy"], abs=1e-5)]
    for _ in range(2):  # the second time there is nothing new to register
        registered = scones.json("models", "--register", "--output", str(tmp_path / "card"))
        kept_card = scones.aws.client("sagemaker").describe_model_card(
            ModelCardName=registered["arn"]
        )
        assert json.loads(kept_card["Content"]) == found["card"]
        assert kept_card["ModelCardVersion"] == 1
    assert "no training job 'bakery-9'" in scones.refused("models", "bakery-9", "--card", code=1)


def test_what_a_real_answer_rests_on_is_drawn_and_not_reported(kept: Kept, tmp_path: Path) -> None:
    scones, _ = kept
    before = scones.json("monitor")["records"]
    image = staged_image(scones, "motorcycle")
    found = scones.json("explain", str(image), "--grid", "4", "--output", str(tmp_path))
    (explained,) = found["images"]
    decision = scones.json("classify", str(image))["decisions"][0]
    assert explained["label"] == decision["predicted_class"]
    assert explained["confidence"] == pytest.approx(decision["confidence"], abs=1e-5)
    assert explained["lowest"] < explained["confidence"]
    assert found["requests"] == 26
    deadline = time.monotonic() + 120
    while (records := scones.json("monitor")["records"]) == before:
        assert time.monotonic() < deadline
    assert records == before + 1  # the classified photo, and none of the 26


def test_nothing_listens_on_other_than_loopback(kept: Kept) -> None:
    scones, _ = kept
    assert scones.json("classify", str(staged_image(scones, "bicycle")))
    listening = 0
    processes = family(scones)
    assert any("scones_algorithms" in " ".join(p.cmdline()) for p in processes), "no endpoint"
    for process in processes:
        for found in process.net_connections("inet"):
            bound_udp = found.type == socket.SOCK_DGRAM and not found.raddr
            if found.status == psutil.CONN_LISTEN or bound_udp:
                listening += 1
                assert found.laddr.ip in ("127.0.0.1", "::1"), f"{process.cmdline()}: {found.laddr}"
                for address in other_addresses():
                    assert not answers(address, found.laddr.port, found.type)
    assert listening >= 4
    assert other_addresses(), "this machine has no other address to test from"


def test_a_localstack_users_own_client_reaches_everything_on_one_port(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    scones, summary = kept
    port = scones.project().settings.target.localstack_port
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = LocalStackSession(localstack_host=f"127.0.0.1:{port}")
    bucket = session.client("s3").list_buckets()["Buckets"][0]["Name"]
    assert bucket.startswith("scones-unlimited-")
    jobs = session.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert summary["training_job"] in [job["TrainingJobName"] for job in jobs]
    answer = session.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="scones-unlimited-classifier",
        ContentType="image/png",
        Body=staged_image(scones, "motorcycle").read_bytes(),
    )
    probabilities = json.loads(answer["Body"].read())
    assert len(probabilities) == 2
    assert sum(probabilities) == pytest.approx(1, abs=1e-4)


def test_an_upload_under_incoming_starts_the_state_machine_by_itself(kept: Kept) -> None:
    scones, _ = kept
    project = scones.project()
    outputs = project.outputs
    key = f"incoming/by-itself-{time.time_ns()}.png"
    project.aws.client("s3").put_object(
        Bucket=outputs.data_bucket,
        Key=key,
        Body=staged_image(scones, "bicycle").read_bytes(),
        ContentType="image/png",
    )
    states = project.aws.client("stepfunctions")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for found in states.list_executions(stateMachineArn=outputs.batch_state_machine_arn)[
            "executions"
        ]:
            execution = states.describe_execution(executionArn=found["executionArn"])
            if key in execution["input"] and execution["status"] == "SUCCEEDED":
                decided = json.loads(execution["output"])
                images = decided["routed"] + decided["below_threshold"]
                assert [image["s3_key"] for image in images] == [key]
                assert images[0]["loading_bay"] in ("A", "B")
                return
        time.sleep(0.2)
    pytest.fail(f"no execution for {key}")


def test_a_second_deployment_finds_nothing_to_do(kept: Kept) -> None:
    scones, _ = kept
    assert "up to date" in scones.ok("deploy").stderr


def test_models_names_the_job_and_who_serves_it_and_draws_its_curve(
    kept: Kept, tmp_path: Path
) -> None:
    scones, _ = kept
    found = scones.json("models", "--page", "--output", str(tmp_path))
    (job,) = found["jobs"]
    assert job["status"] == "Completed"
    assert job["endpoints"] == ["scones-unlimited-classifier"]
    assert 0 < job["metrics"]["validation:accuracy"] <= 1
    assert job["stages"]["Training"] > 0
    assert Path(found["page"]).parent == tmp_path
    assert (tmp_path / "learning.png").stat().st_size > 10_000


def test_tuning_ranks_its_jobs_and_goes_on_with_what_was_tried(kept: Kept) -> None:
    scones, _ = kept
    first = scones.json("tune", "--trials", "2")
    assert len(first["jobs"]) == 2
    accuracies = [job["metrics"]["validation:accuracy"] for job in first["jobs"]]
    assert accuracies == sorted(accuracies, reverse=True)
    again = scones.json("tune", "--trials", "2")
    assert [job["created"] for job in again["jobs"]] == [job["created"] for job in first["jobs"]]
    served = scones.json("models", "--last", "3")["jobs"][-1]
    assert "-tune-" not in served["name"]
    assert served["endpoints"]


def test_a_decision_carries_its_route(kept: Kept) -> None:
    scones, _ = kept
    images = [str(staged_image(scones, name)) for name in IMAGES]
    decisions = scones.json("classify", *images)["decisions"]
    assert len(decisions) == 2
    for decision in decisions:
        if decision["status"] == "ROUTED":
            route = {"bicycle": ("A", "nearby"), "motorcycle": ("B", "far")}
            found = decision["loading_bay"], decision["order_range"]
            assert found == route[decision["predicted_class"]]
        else:
            assert decision["status"] == "BELOW_THRESHOLD"
            assert decision["confidence"] < 0.93


def test_a_killed_localstack_comes_back_where_it_stood(kept: Kept) -> None:
    scones, _ = kept
    image = str(staged_image(scones, "bicycle"))
    before = scones.json("classify", image)["decisions"][0]["confidence"]
    functions = [p for p in family(scones) if "executor" in " ".join(p.cmdline())]
    assert functions
    os.kill(service_pids(scones)["localstack"], signal.SIGKILL)
    status = scones.run("status")
    assert status.returncode == 1, status.stdout
    assert "has died" in status.stdout
    assert "run `scones up`" in scones.refused("classify", image, code=1)
    scones.ok("up")
    assert scones.json("classify", image)["decisions"][0]["confidence"] == before
    outlived = [p.pid for p in functions if p.is_running()]
    assert not outlived, "function processes outlived the LocalStack that started them"


def test_a_killed_sagemaker_service_serves_the_endpoint_again(kept: Kept) -> None:
    scones, _ = kept
    image = str(staged_image(scones, "motorcycle"))
    before = scones.json("classify", image)["decisions"][0]["confidence"]
    os.kill(service_pids(scones)["sagemaker"], signal.SIGKILL)
    scones.ok("up")
    assert scones.json("classify", image)["decisions"][0]["confidence"] == before


def test_everything_comes_back_after_down_and_up(kept: Kept) -> None:
    scones, _ = kept
    image = str(staged_image(scones, "motorcycle"))
    before = scones.json("classify", image)["decisions"][0]["confidence"]
    processes = family(scones)
    scones.ok("down")
    psutil.wait_procs(processes, timeout=60)
    assert not [p.cmdline() for p in processes if p.is_running()], "down left processes behind"
    scones.ok("up")
    assert scones.json("classify", image)["decisions"][0]["confidence"] == before


def test_a_batch_notifies_in_one_email(kept: Kept) -> None:
    scones, _ = kept
    images = [str(path) for path in (scones.state_dir / "data").glob("*/test/*.png")][:12]
    emails = len(list((scones.state_dir / "inbox").glob("*.eml")))
    document = scones.json("classify", "--batch", *images)
    below = [o for o in document["decisions"] if o["status"] == "BELOW_THRESHOLD"]
    assert len(document["decisions"]) == 12
    assert below, "choose more images: all are above the threshold"
    deadline = time.monotonic() + 30
    while len(found := sorted((scones.state_dir / "inbox").glob("*.eml"))) == emails:
        assert time.monotonic() < deadline, "no email arrived"
        time.sleep(0.1)
    assert len(found) == emails + 1
    text = found[-1].read_text()
    assert "dispatcher@scones-unlimited.example" in text


def test_the_report_covers_everything_captured(kept: Kept) -> None:
    scones, summary = kept
    document = scones.json("monitor")
    assert document["records"] > summary["captured_records"]
    assert Path(document["report"]).read_text().startswith("<!doctype html>")


def test_the_workflow_is_exported_and_valid(kept: Kept, tmp_path: Path) -> None:
    scones, _ = kept
    written = scones.json("workflow", "export", "--output", str(tmp_path))["files"]
    assert {Path(path).suffix for path in written} == {".json", ".svg", ".png"}
    definition = next(path for path in written if path.endswith(".json"))
    assert json.loads(Path(definition).read_text())["States"]
    assert scones.json("workflow", "validate")["invalid"] == []


def test_a_job_name_is_used_once(kept: Kept) -> None:
    scones, summary = kept
    message = scones.refused("train", "--job-name", summary["training_job"], code=1)
    assert summary["training_job"] in message
    assert "--job-name" in message


def test_an_image_that_is_none_fails_alone(kept: Kept, tmp_path: Path) -> None:
    scones, _ = kept
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image at all")
    done = scones.run("classify", str(broken), str(staged_image(scones, "bicycle")), "--json")
    assert done.returncode == 1
    first, second = json.loads(done.stdout)["decisions"]
    assert first["status"] == "FAILED"
    assert "image" in first["reason"]
    assert second["status"] in ("ROUTED", "BELOW_THRESHOLD")


def test_a_batch_transform_answers_as_the_endpoint_does(kept: Kept) -> None:
    scones, summary = kept
    s3, sagemaker = scones.aws.client("s3"), scones.aws.client("sagemaker")
    (served,) = scones.json("models", summary["training_job"])["jobs"]
    bucket = served["model_uri"].split("/")[2]
    (model,) = sagemaker.list_models()["Models"]
    images = [staged_image(scones, name) for name in IMAGES]
    for image in images:
        s3.upload_file(str(image), bucket, f"batch/in/{image.name}")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch/in/"}
    sagemaker.create_transform_job(
        TransformJobName="photos",
        ModelName=model["ModelName"],
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "image/png"},
        TransformOutput={
            "S3OutputPath": f"s3://{bucket}/batch/out",
            "Accept": "application/jsonlines",
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    deadline = time.monotonic() + 120
    while (job := sagemaker.describe_transform_job(TransformJobName="photos"))[
        "TransformJobStatus"
    ] == "InProgress":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    decisions = scones.json("classify", *map(str, images))["decisions"]
    for image, decision in zip(images, decisions, strict=True):
        found = s3.get_object(Bucket=bucket, Key=f"batch/out/{image.name}.out")["Body"].read()
        probabilities = json.loads(found)["prediction"]
        assert max(probabilities) == pytest.approx(decision["confidence"], abs=1e-5)
        assert IMAGES[probabilities.index(max(probabilities))] == decision["predicted_class"]


PUBLISHED = """
import sys, mxnet
from gluoncv.model_zoo import get_model
network = get_model("cifar_resnet20_v1")
network.initialize()
network(mxnet.nd.zeros((1, 3, 32, 32)))
network.save_parameters(sys.argv[1])
"""


def test_a_published_resnet_is_trained_further(kept: Kept, tmp_path: Path) -> None:
    scones, _ = kept
    weights = tmp_path / "cifar_resnet20_v1-121e1579.params"
    program = [interpreter("algorithms"), "-W", "ignore", "-c", PUBLISHED, weights]
    subprocess.run(program, check=True, timeout=120)
    assert "--weights has no effect" in scones.refused("train", "--weights", str(weights), code=2)
    prefix = "SCONES_TRAINING__HYPERPARAMETERS__"
    asked = {"NUM_LAYERS": "20", "USE_PRETRAINED_MODEL": "1", "EPOCHS": "1"}
    asking = replace(
        scones,
        environment=scones.environment | {prefix + name: value for name, value in asked.items()},
    )
    job = asking.json("train", "--weights", str(weights))["job_name"]
    lines = training.log_lines(scones.aws, job)
    assert any(f"Starting from {weights.name}: 105 of 107 parameters" in line for line in lines)


def test_destroy_leaves_nothing_behind(kept: Kept) -> None:
    """The last test of this module: it takes the stack away."""
    scones, _ = kept
    processes = family(scones)
    document = scones.json("destroy")
    assert document["left"] == []
    assert len(document["removed"]) > 10
    psutil.wait_procs(processes, timeout=60)
    assert not [p.cmdline() for p in processes if p.is_running()]
    kept_folders = {path.name for path in scones.state_dir.iterdir() if path.is_dir()}
    assert kept_folders <= {"reports", "downloads", "logs", "run", "localstack"}
    assert scones.json("destroy")["removed"] == []
