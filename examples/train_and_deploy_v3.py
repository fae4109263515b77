"""Train, deploy, ask, clean up with version 3 of the SageMaker SDK, which needs no scones.

scones up && scones etl --drawings
eval "$(scones env)"                               # AWS_ENDPOINT_URL, test credentials, region
export SAGEMAKER_VALIDATE_ROLE=false               # LocalStack's IAM cannot simulate policies
pip install 'sagemaker>=3'                         # in an environment of its own
python examples/train_and_deploy_v3.py .scones/data/drawings-bicycle-motorcycle
"""

import json
import sys
from pathlib import Path

import boto3
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import (
    CaptureOption,
    ContainerDefinition,
    DataCaptureConfig,
    ProductionVariant,
)
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

IMAGE = "scones/image-classification:latest"
ROLE = "arn:aws:iam::000000000000:role/scones-unlimited-sagemaker"
BUCKET = "train-and-deploy-v3"

folder = Path(sys.argv[1])
s3 = boto3.client("s3")
s3.create_bucket(Bucket=BUCKET)
for file in sorted(folder.rglob("*.*")):
    s3.upload_file(str(file), BUCKET, f"data/{file.relative_to(folder)}")


def channel(name: str, key: str) -> InputData:
    """Name a channel's place in S3."""
    where = f"s3://{BUCKET}/data/{key}"
    return InputData(channel_name=name, data_source=where, content_type="application/x-image")


trainer = ModelTrainer(
    training_image=IMAGE,
    role=ROLE,
    base_job_name="vehicles",
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=10),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=3600),
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/models"),
    hyperparameters={
        "num_classes": 2,
        "num_training_samples": len((folder / "train.lst").read_text().splitlines()),
        "image_shape": "3,32,32",
        "epochs": 2,
        "mini_batch_size": 16,
    },
)
trainer.train(
    input_data_config=[
        channel("train", "train/"),
        channel("validation", "validation/"),
        channel("train_lst", "train.lst"),
        channel("validation_lst", "validation.lst"),
    ]
)
job = trainer._latest_training_job
job.refresh()

name = job.training_job_name
model = Model.create(
    model_name=name,
    execution_role_arn=ROLE,
    primary_container=ContainerDefinition(
        image=IMAGE, model_data_url=job.model_artifacts.s3_model_artifacts
    ),
)
variant = ProductionVariant(
    variant_name="AllTraffic",
    model_name=name,
    instance_type="ml.m5.large",
    initial_instance_count=1,
)
capture = DataCaptureConfig(
    enable_capture=True,
    initial_sampling_percentage=100,
    destination_s3_uri=f"s3://{BUCKET}/captures",
    capture_options=[CaptureOption(capture_mode="Input"), CaptureOption(capture_mode="Output")],
)
configuration = EndpointConfig.create(
    endpoint_config_name=name, production_variants=[variant], data_capture_config=capture
)
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
try:
    endpoint.wait_for_status("InService", poll=1)
    for file in sorted((folder / "test").glob("*.png"))[:4]:
        answer = endpoint.invoke(
            body=file.read_bytes(), content_type="image/png", accept="application/json"
        )
        print(f"{file.name}: {json.loads(answer.body.read())}")
finally:
    endpoint.delete()
    configuration.delete()
    model.delete()
