"""Checkpoints of a containers' job: out of it while it runs, into the next one's."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS


def test_checkpoints_leave_a_running_container_and_are_in_the_next(bench):
    config = {"S3Uri": f"s3://{bench.bucket}/checkpoints"}
    first = bench.train({"checkpoint": "one", "sleep": "60"}, CheckpointConfig=config)
    wait_until(
        lambda: bench.keys("checkpoints/") == ["checkpoints/deep/one"], SECONDS, "the upload"
    )
    bench.sagemaker.stop_training_job(TrainingJobName=first)
    assert bench.ended(first)["TrainingJobStatus"] == "Stopped"

    second = bench.train({"checkpoint": "two"}, CheckpointConfig=config)
    assert bench.ended(second)["TrainingJobStatus"] == "Completed"

    assert "found one" in bench.training_log(second)
    assert bench.keys("checkpoints/") == ["checkpoints/deep/one", "checkpoints/deep/two"]


def test_a_program_of_the_jobs_own_replaces_train(bench):
    algorithm = {
        "TrainingImage": "fake",
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh"],
        "ContainerArguments": ["-c", "echo own > /opt/ml/model/own; ls /opt/ml"],
    }
    name = bench.train(AlgorithmSpecification=algorithm)
    assert bench.ended(name)["TrainingJobStatus"] == "Completed"
    assert {"input", "model", "output"} <= set(bench.training_log(name))


def test_pipe_mode_is_refused_by_name(bench):
    algorithm = {"TrainingImage": "fake", "TrainingInputMode": "Pipe"}
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/data"}
    data = [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]
    with pytest.raises(ClientError, match="Pipe mode is not supported in containers"):
        bench.train(AlgorithmSpecification=algorithm, InputDataConfig=data)
