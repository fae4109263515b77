"""The SageMaker service as a child process, and clients that check its every answer."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from tests.emulator.running import Emulator, free_port, wait_until

ROLE_ARN = "arn:aws:iam::000000000000:role/test"
FAKE_IMAGE = Path(__file__).parent / "fake_image.py"
BUILT_IN_URI = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
SECONDS = 90
# Where a processing job has its data.
INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def folder_in(name: str, uri: str, path: str, **more: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source | more}


def folders_out(uri: str, path: str = OUTPUT, mode: str = "EndOfJob") -> dict[str, Any]:
    output = {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}
    return {"Outputs": [{"OutputName": "out", "S3Output": output}]}


def images_file(folder: Path, command: list[str] | None = None) -> Path:
    path = folder / "images.json"
    image = {
        "repositories": ["fake", "image-classification"],
        "command": command or [sys.executable, str(FAKE_IMAGE)],
        "environment": {"FROM_TABLE": "yes"},
    }
    path.write_text(json.dumps({"images": [image]}))
    return path


@dataclass
class Service:
    """`python -m scones_localstack.sagemaker`, as a child process on a free port."""

    state_dir: Path
    emulator: Emulator
    options: dict[str, float] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    python: str = sys.executable

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.state_dir / "sagemaker"

    @property
    def log_path(self) -> Path:
        return self.state_dir.parent / f"{self.state_dir.name}-sagemaker.log"

    def command(self) -> list[str]:
        options = {
            "port": self.port,
            "state-dir": self.state_dir,
            "aws-endpoint-url": self.emulator.url,
            "images": self.images(),
            "stop-seconds": 5.0,
            "startup-seconds": 60.0,
            "capture-flush-seconds": 0.3,
            "shutdown-seconds": 1.0,
            "metrics-seconds": 0.3,
            **self.options,
        }
        command = [self.python, "-m", "scones_localstack.sagemaker"]
        return command + [f"--{name}={value}" for name, value in options.items()]

    def images(self) -> Path:
        """Write the table of images and return its path."""
        return images_file(self.state_dir.parent)

    def start(self) -> "Service":
        with self.log_path.open("ab") as log:
            environment = {**os.environ, **self.environment}
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=environment)
        try:
            wait_until(self._is_ready, SECONDS, "the service's readiness")
        except BaseException:
            self.kill()
            raise
        return self

    def __enter__(self) -> "Service":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _is_ready(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log_path.read_text()[-3000:]
        try:
            return bool(self.ready()["ready"])
        except OSError:
            return False

    def ready(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_scones/ready", timeout=60) as response:
            document: dict[str, Any] = json.load(response)
            return document

    def signal(self, number: int) -> int:
        """Send a signal and return the exit code."""
        assert self.process
        self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        self.process = None
        return code

    def kill(self) -> None:
        if self.process:
            self.signal(signal.SIGKILL)

    def stop(self) -> None:
        """End the service and all that it has started."""
        if self.process:
            self.signal(signal.SIGTERM)

    def client(self, service: str = "sagemaker", region: str = "us-east-1", url: str = "") -> Any:
        """A client whose every answer is checked against botocore's model."""
        # Here, because tests of another environment, which lacks what this needs, use the rest.
        from tests.emulator.sagemaker.answers import check_answer

        client = self.plain_client(service, region, url)
        client.meta.events.register(f"after-call.{service}.*", check_answer)
        return client

    def plain_client(self, service: str, region: str, url: str = "") -> Any:
        return boto3.client(
            service,
            endpoint_url=url or self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, read_timeout=70),
        )


def output_members(operation: str) -> set[str]:
    """The members of an operation's answer, as AWS's model has them."""
    model = botocore.session.Session().get_service_model("sagemaker")
    return set(model.operation_model(operation).output_shape.members)


def variant(name: str, model: str, **more: Any) -> dict[str, Any]:
    """A production variant with one instance."""
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
        **more,
    }


@dataclass
class Pair:
    """A LocalStack and a service that know each other's address."""

    emulator: Emulator
    service: Service


@dataclass
class Workbench:
    """What most tests need: a service, a LocalStack, a bucket of their own, short requests."""

    service: Service
    emulator: Emulator
    bucket: str
    instance_type: str = "ml.m5.xlarge"
    url: str = ""

    def __post_init__(self) -> None:
        self.sagemaker = self.service.client(url=self.url)
        self.runtime = self.service.client("sagemaker-runtime", url=self.url)
        self.s3 = self.emulator.client("s3")
        self.logs = self.emulator.client("logs")

    def put(self, key: str, body: bytes = b"data") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def training_request(self, name: str, told: dict[str, str], **more: Any) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE_ARN,
            "AlgorithmSpecification": {"TrainingImage": "fake", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {
                "InstanceType": self.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "HyperParameters": told,
            **more,
        }

    def train(self, told: dict[str, str] | None = None, **more: Any) -> str:
        """Start a job and return its name."""
        name = unique("job")
        self.sagemaker.create_training_job(**self.training_request(name, told or {}, **more))
        return name

    def job(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return document

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for a job's end."""

        def final() -> dict[str, Any] | None:
            job = self.job(name)
            return None if job["TrainingJobStatus"] in ("InProgress", "Stopping") else job

        document: dict[str, Any] = wait_until(final, SECONDS, f"the end of {name}")
        return document

    def training(self, name: str, line: str) -> None:
        """Wait until a job's algorithm has printed a line."""
        wait_until(lambda: line in self.training_log(name), SECONDS, f"'{line}' in {name}'s log")

    def training_log(self, name: str) -> list[str]:
        return self.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/")

    def log_lines(self, group: str, stream_prefix: str) -> list[str]:
        """The lines in CloudWatch Logs; none while there is no such group."""
        try:
            streams = self.logs.describe_log_streams(
                logGroupName=group, logStreamNamePrefix=stream_prefix
            )
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        lines = []
        for stream in streams["logStreams"]:
            events = self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )
            lines += [event["message"] for event in events["events"]]
        return lines

    def model(self, artifact: str | None = None, **environment: str) -> str:
        """Create a model, by default from a job of its own, and return its name."""
        name = unique("model")
        if artifact is None:
            job = self.ended(self.train())
            artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE_ARN,
            PrimaryContainer={
                "Image": "fake",
                "ModelDataUrl": artifact,
                "Environment": environment,
            },
        )
        return name

    def transform_request(self, name: str, model: str, uri: str, **more: Any) -> dict[str, Any]:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
        return {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": source, **more.pop("input", {})},
            "TransformOutput": {
                "S3OutputPath": f"s3://{self.bucket}/out",
                **more.pop("output", {}),
            },
            "TransformResources": {"InstanceType": self.instance_type, "InstanceCount": 1},
            **more,
        }

    def transform(self, model: str, uri: str, **more: Any) -> str:
        """Start a batch transform job and return its name; `input`, `output` go to these parts."""
        name = unique("transform")
        self.sagemaker.create_transform_job(**self.transform_request(name, model, uri, **more))
        return name

    def transformed(self, name: str) -> dict[str, Any]:
        """Wait for the end of a batch transform job."""

        def final() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_transform_job(TransformJobName=name)
            return None if job["TransformJobStatus"] in ("InProgress", "Stopping") else job

        document: dict[str, Any] = wait_until(final, SECONDS, f"the end of {name}")
        return document

    def processing_request(self, name: str, entrypoint: list[str], **more: Any) -> dict[str, Any]:
        cluster = {
            "InstanceCount": 1,
            "InstanceType": self.instance_type,
            "VolumeSizeInGB": 1,
        }
        application = {"ImageUri": "fake", **more.pop("application", {})}
        if entrypoint:
            application["ContainerEntrypoint"] = entrypoint
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE_ARN,
            "ProcessingResources": {"ClusterConfig": cluster | more.pop("cluster", {})},
            "AppSpecification": application,
            **more,
        }

    def process(self, program: str = "", **more: Any) -> str:
        """Start a processing job that runs some Python text, and return its name."""
        name = unique("processing")
        command = []
        if program:
            folder = "/opt/ml/processing/code"
            uri = self.put(f"code/{name}.py", program.encode())
            code = {"S3Uri": uri, "LocalPath": folder, "S3DataType": "S3Prefix"}
            inputs = [*more.get("ProcessingInputs", []), {"InputName": "code", "S3Input": code}]
            more["ProcessingInputs"] = inputs
            command = ["python3", "-u", f"{folder}/{name}.py"]
        request = self.processing_request(name, command, **more)
        self.sagemaker.create_processing_job(**request)
        return name

    def processed(self, name: str) -> dict[str, Any]:
        """Wait for the end of a processing job."""

        def final() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return None if job["ProcessingJobStatus"] in ("InProgress", "Stopping") else job

        document: dict[str, Any] = wait_until(final, SECONDS, f"the end of {name}")
        return document

    def processing_log(self, name: str) -> list[str]:
        return self.log_lines("/aws/sagemaker/ProcessingJobs", f"{name}/")

    def config(self, model: str, **more: Any) -> str:
        """Create an endpoint configuration with one variant and return its name."""
        one = variant("AllTraffic", model, InstanceType=self.instance_type)
        return self.variants(one, **more)

    def variants(self, *variants: dict[str, Any], **more: Any) -> str:
        """Create an endpoint configuration and return its name."""
        name = unique("config")
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=list(variants), **more
        )
        return name

    def deploy(self, model: str, **more: Any) -> str:
        """Create an endpoint, wait until it is no longer Creating, and return its name."""
        return self.serve(self.config(model, **more))

    def serve(self, config: str, **more: Any) -> str:
        """Create an endpoint from a configuration, wait as above, and return its name."""
        name = unique("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        self.leaves(name, "Creating")
        return name

    def update(self, name: str, config: str, **more: Any) -> dict[str, Any]:
        """Update an endpoint, wait until that has ended, and return its description."""
        self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        return self.settles(name)

    def settles(self, name: str) -> dict[str, Any]:
        """Wait until nothing is being done to an endpoint."""

        def settled() -> dict[str, Any] | None:
            endpoint = self.endpoint(name)
            busy = endpoint["EndpointStatus"] in ("Creating", "Updating", "RollingBack")
            return None if busy else endpoint

        document: dict[str, Any] = wait_until(settled, SECONDS, f"the end of what {name} does")
        return document

    def endpoint(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return document

    def leaves(self, name: str, status: str) -> dict[str, Any]:
        """Wait until an endpoint has another status."""

        def other() -> dict[str, Any] | None:
            endpoint = self.endpoint(name)
            return None if endpoint["EndpointStatus"] == status else endpoint

        document: dict[str, Any] = wait_until(other, SECONDS, f"{name} leaving {status}")
        return document

    def reaches(self, name: str, status: str) -> dict[str, Any]:
        """Wait until an endpoint has a status."""

        def same() -> dict[str, Any] | None:
            endpoint = self.endpoint(name)
            return endpoint if endpoint["EndpointStatus"] == status else None

        document: dict[str, Any] = wait_until(same, SECONDS, f"{name} reaching {status}")
        return document

    def invoke(self, name: str, body: bytes = b"picture", **more: Any) -> dict[str, Any]:
        """Invoke an endpoint of the fake image and return what it has seen."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **more)
        document: dict[str, Any] = json.loads(answer["Body"].read())
        return document

    def delete(self, name: str) -> None:
        """Delete an endpoint and wait until it is gone."""
        self.sagemaker.delete_endpoint(EndpointName=name)
        wait_until(lambda: name not in self.service.ready()["endpoints"], SECONDS, "deletion")
