"""Train on a few images, deploy, ask, clean up: the same script offline and on AWS.

    scones up                                          # LocalStack and the SageMaker service
    scones etl --drawings                              # or --archive FILE: the images
    python examples/train_and_deploy.py local-mode     # SageMaker local mode, in Docker containers
    python examples/train_and_deploy.py local          # scones' SageMaker API, on this machine
    python examples/train_and_deploy.py aws            # SageMaker, once the stack is deployed

One word says where. All that differs with it hangs on `session.target`.
"""

import sys
from pathlib import Path

import scones

session = scones.sagemaker_session(sys.argv[1])  # before the SDK's imports: it quiets them
where = session.target

from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model_monitor import DataCaptureConfig
from sagemaker.serializers import IdentitySerializer

dataset = where.project.dataset()
data = session.upload_data(str(dataset.directory), key_prefix="train-and-deploy/data")
bucket = session.default_bucket()

estimator = Estimator(
    image_uri=where.image_uri,
    role=where.role_arn,
    instance_count=1,
    instance_type=where.training_instance_type,
    hyperparameters={
        "num_classes": len(dataset.classes),
        "num_training_samples": dataset.size("train"),
        "image_shape": "3,32,32",
        "epochs": 2,
    },
    max_run=3600,
    output_path=f"s3://{bucket}/train-and-deploy/models",
    sagemaker_session=session,
)
estimator.fit(
    {
        "train": TrainingInput(f"{data}/train/", content_type="application/x-image"),
        "validation": TrainingInput(f"{data}/validation/", content_type="application/x-image"),
        "train_lst": TrainingInput(f"{data}/train.lst", content_type="application/x-image"),
        "validation_lst": TrainingInput(
            f"{data}/validation.lst", content_type="application/x-image"
        ),
    }
)

captures = f"s3://{bucket}/train-and-deploy/captures"
predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type=where.endpoint_instance_type,
    serializer=IdentitySerializer("image/png"),
    deserializer=JSONDeserializer(),
    data_capture_config=DataCaptureConfig(True, 100, captures, sagemaker_session=session),
)
try:
    for entry in dataset.entries("test")[:4]:
        image = Path(dataset.channel("test"), entry.path)
        probabilities = predictor.predict(image.read_bytes())
        answer = dataset.classes[probabilities.index(max(probabilities))]
        print(f"{image.name}: {answer} ({max(probabilities):.2f})")
    print(f"captured in {captures}" if where.captures_data else "captured nothing: local mode")
finally:
    predictor.delete_model()
    predictor.delete_endpoint()
