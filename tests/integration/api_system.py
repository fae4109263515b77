"""A deployed stack whose detector and classifier tell colours, and its REST API."""

import io
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.scones.lambdas.detection.hostile import photo

from .conftest import Scones, make_scones

PROGRAM = Path(__file__).with_name("colour_detector.py")
SETTINGS = f"""
[[images]]
repository = "example/colours"
command = ["{sys.executable}", "{PROGRAM}"]

[api]
requests_a_second = 1000
burst = 1000
requests_a_day = 1000000

[etl]"""
SECONDS = 90.0
PNG, JPEG, JSON = "image/png", "image/jpeg", "application/json"


@dataclass
class System:
    """A deployed system and its API."""

    scones: Scones
    outputs: dict[str, str]
    key: str

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"x-api-key": self.key} | more.pop("headers", {})
        url = self.outputs["api_url"] + path
        return requests.request(method, url, headers=headers, timeout=60, **more)

    def detect(
        self, body: bytes, content_type: str = PNG, accept: str = JSON, query: str = ""
    ) -> requests.Response:
        headers = {"Content-Type": content_type, "Accept": accept}
        return self.ask("POST", f"/detect{query}", data=body, headers=headers)

    def form(self, content_type: str = PNG, size: int = 1, **more: Any) -> dict[str, Any]:
        wanted = {"content_type": content_type, "size": size, **more}
        answer = self.ask("POST", "/uploads", json=wanted)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def upload(self, body: bytes, content_type: str = PNG, **more: Any) -> str:
        form = self.form(content_type, max(1, len(body)), **more)
        sent = send(form, body)
        assert sent.status_code == 204, sent.text
        return str(form["id"])

    def result(self, upload_id: str, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while True:
            found = self.ask("GET", f"/results/{upload_id}").json()
            if found["status"] in (states or ("DONE", "FAILED")):
                return dict(found)
            assert time.monotonic() < deadline, f"{found} {self.scones.logs()}"
            time.sleep(0.2)


def send(form: dict[str, Any], body: bytes, **fields: str) -> requests.Response:
    files = {"file": ("photo", body, form["fields"]["Content-Type"])}
    return requests.post(form["url"], data=form["fields"] | fields, files=files, timeout=60)


def serve(scones: Scones, outputs: dict[str, str], name: str, answer: str) -> None:
    """Put the program of colours behind an endpoint, and wait until it is in service."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz"):
        pass
    aws = scones.aws
    bucket = outputs["data_bucket"]
    aws.client("s3").put_object(Bucket=bucket, Key="models/c.tar.gz", Body=archive.getvalue())
    sagemaker = aws.client("sagemaker")
    container = {
        "Image": f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/example/colours:1",
        "ModelDataUrl": f"s3://{bucket}/models/c.tar.gz",
        "Environment": {"ANSWER": answer},
    }
    sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=outputs["sagemaker_role_arn"]
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 90}
    )


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A deployed stack whose detector and classifier tell colours."""
    scones = make_scones(tmp_path_factory.mktemp("api"))
    config = scones.environment_config()
    config.write_text(config.read_text().replace("\n[etl]", SETTINGS, 1))
    try:
        scones.ok("up")
        outputs = scones.json("deploy")
        gateway = scones.aws.client("apigateway")
        key = gateway.get_api_key(apiKey=outputs["api_key_id"], includeValue=True)["value"]
        made = System(scones, outputs, key)
        # Nothing serves yet: the answer names the command.
        for path, command in (("/detect", "scones detector deploy"), ("/classify", "endpoint")):
            missing = made.ask("POST", path, data=photo(), headers={"Content-Type": PNG})
            assert missing.status_code == 503, missing.text
            assert command in missing.json()["message"]
        serve(scones, outputs, "scones-unlimited-detector", "boxes")
        serve(scones, outputs, "scones-unlimited-classifier", "classes")
        yield made
    finally:
        scones.run("down")
