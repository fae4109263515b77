"""Your own image, function and state machine, trained, deployed, asked and removed by boto3 alone.

Where it runs is up to the environment: `eval "$(scones env)"` sends it to the offline stack, your
own AWS profile (with `--role` and an image in ECR) to AWS.
"""

import argparse
import contextlib
import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

HERE = Path(__file__).parent
OFFLINE_ROLE = "arn:aws:iam::000000000000:role/rent"
OFFERS = ({"area": 50, "rent": 610}, {"area": 50, "rent": 900})


def main() -> None:
    """Run the whole of it, and remove whatever was made, also after an error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", default="example/rent:latest", help="image URI")
    parser.add_argument("--role", default=OFFLINE_ROLE, help="ARN of a role for all services")
    options = parser.parse_args()
    name = f"rent-{uuid.uuid4().hex[:8]}"
    with contextlib.ExitStack() as cleanup:
        model_uri = train(name, options.image, options.role, cleanup)
        deploy(name, options.image, options.role, model_uri, cleanup)
        machine_arn = automate(name, options.role, cleanup)
        for offer in OFFERS:
            print(json.dumps(judge(machine_arn, offer)))


def train(name: str, image: str, role: str, cleanup: contextlib.ExitStack) -> str:
    """Upload a few rows and train on them; return the artifact's URI."""
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    s3.create_bucket(Bucket=name)
    cleanup.callback(empty_and_delete, name)
    rows = "".join(f"{area},{100 + 10 * area + area % 7}\n" for area in range(20, 120, 5))
    s3.put_object(Bucket=name, Key="train/rents.csv", Body=rows)
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{name}/train/"}
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        RoleArn=role,
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": f"s3://{name}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    job = until(
        lambda: sagemaker.describe_training_job(TrainingJobName=name),
        lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"),
    )
    if job["TrainingJobStatus"] != "Completed":
        raise SystemExit(f"training {job['TrainingJobStatus']}: {job.get('FailureReason')}")
    return str(job["ModelArtifacts"]["S3ModelArtifacts"])


def deploy(name: str, image: str, role: str, model_uri: str, cleanup: contextlib.ExitStack) -> None:
    """Bring an endpoint in service."""
    sagemaker = boto3.client("sagemaker")
    container = {"Image": image, "ModelDataUrl": model_uri}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    cleanup.callback(sagemaker.delete_model, ModelName=name)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}]
    )
    cleanup.callback(sagemaker.delete_endpoint_config, EndpointConfigName=name)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    cleanup.callback(sagemaker.delete_endpoint, EndpointName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 900}
    )


def automate(name: str, role: str, cleanup: contextlib.ExitStack) -> str:
    """Make the function and the state machine around it; return the state machine's ARN."""
    functions, machines = boto3.client("lambda"), boto3.client("stepfunctions")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.write(HERE / "judge_offer.py", "judge_offer.py")
    function = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="judge_offer.handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=30,
        Environment={"Variables": {"ENDPOINT_NAME": name}},
    )
    cleanup.callback(functions.delete_function, FunctionName=name)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    text = (HERE / "judge_offer.asl.json").read_text()
    machine = machines.create_state_machine(
        name=name, roleArn=role, definition=text.replace("${FunctionArn}", function["FunctionArn"])
    )
    cleanup.callback(machines.delete_state_machine, stateMachineArn=machine["stateMachineArn"])
    return str(machine["stateMachineArn"])


def judge(machine_arn: str, offer: dict[str, int]) -> Any:
    """Execute the state machine on one offer and return its output."""
    machines = boto3.client("stepfunctions")
    started = machines.start_execution(stateMachineArn=machine_arn, input=json.dumps(offer))
    execution = until(
        lambda: machines.describe_execution(executionArn=started["executionArn"]),
        lambda execution: execution["status"] != "RUNNING",
    )
    if execution["status"] != "SUCCEEDED":
        raise SystemExit(f"execution {execution['status']}: {execution.get('cause')}")
    return json.loads(execution["output"])


def until(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 900) -> Any:
    """Look twice a second until it is done."""
    deadline = time.monotonic() + seconds
    while not done(seen := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not done within {seconds:.0f} s: {seen}")
        time.sleep(0.5)
    return seen


def empty_and_delete(bucket_name: str) -> None:
    """Delete a bucket and all that is in it."""
    bucket = boto3.resource("s3").Bucket(bucket_name)
    bucket.objects.all().delete()
    bucket.delete()


if __name__ == "__main__":
    main()
