"""What a training job reads while it runs and what outlives it: pipes, checkpoints, metrics."""

import gzip
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from scones_localstack.sagemaker.recordio import framed
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import SECONDS
from tests.emulator.sagemaker.test_training import channel


def algorithm(mode: str = "File", **more: object) -> dict:
    return {"TrainingImage": "fake", "TrainingInputMode": mode, **more}


def test_a_piped_channel_is_read_once_for_each_epoch(bench):
    bench.put("train/a", b"A")
    bench.put("train/b", gzip.compress(b"B"))
    bench.put("lists/c", b"C")
    base = f"s3://{bench.bucket}"
    name = bench.train(
        {"pipe": "train", "epochs": "3", "show": "1"},
        AlgorithmSpecification=algorithm("Pipe"),
        InputDataConfig=[
            channel("train", f"{base}/train/a"),
            {**channel("list", f"{base}/lists/"), "InputMode": "File"},
        ],
    )

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Completed", job
    log = bench.training_log(name)
    assert [line for line in log if line.startswith("epoch")] == [
        f"epoch {number}: A" for number in range(3)
    ]
    seen = json.loads(log[0])
    assert seen["files"] == {"list/c": "C"}
    modes = {
        key: config["TrainingInputMode"]
        for key, config in seen["config"]["inputdataconfig.json"].items()
    }
    assert modes == {"train": "Pipe", "list": "File"}


def test_a_pipe_carries_an_augmented_manifest_as_records(bench):
    picture = bench.put("one.png", b"picture")
    line = json.dumps({"source-ref": picture, "class": "7"}).encode()
    bench.put("list.manifest", line)
    source = {
        "S3DataType": "AugmentedManifestFile",
        "S3Uri": f"s3://{bench.bucket}/list.manifest",
        "AttributeNames": ["source-ref", "class"],
    }
    name = bench.train(
        {"pipe": "train", "hex": "1"},
        AlgorithmSpecification=algorithm("Pipe"),
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": source},
                "RecordWrapperType": "RecordIO",
                "ShuffleConfig": {"Seed": 1},
            }
        ],
    )
    assert bench.ended(name)["TrainingJobStatus"] == "Completed"
    records = framed(b"picture") + framed(b"7")
    assert f"epoch 0: {records.hex()}" in bench.training_log(name)


def test_a_job_that_does_not_read_its_pipe_ends_all_the_same(bench):
    bench.put("train/a", b"A")
    data = [channel("train", f"s3://{bench.bucket}/train/")]
    job = bench.ended(bench.train(AlgorithmSpecification=algorithm("Pipe"), InputDataConfig=data))
    assert job["TrainingJobStatus"] == "Completed"


def test_a_pipe_that_is_cut_off_fails_the_job(bench):
    bench.put("train/a", b"not packed")
    data = [{**channel("train", f"s3://{bench.bucket}/train/"), "CompressionType": "Gzip"}]
    job = bench.ended(
        bench.train(
            {"pipe": "train"}, AlgorithmSpecification=algorithm("Pipe"), InputDataConfig=data
        )
    )
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:Not a gzipped file")


def test_fast_file_mode_is_a_copy(bench):
    bench.put("train/a.txt", b"A")
    data = [channel("train", f"s3://{bench.bucket}/train/")]
    name = bench.train(
        {"show": "1"}, AlgorithmSpecification=algorithm("FastFile"), InputDataConfig=data
    )
    bench.ended(name)
    assert json.loads(bench.training_log(name)[0])["files"] == {"train/a.txt": "A"}


def test_checkpoints_are_in_s3_while_the_job_runs_and_in_the_next_jobs_folder(bench):
    config = {"S3Uri": f"s3://{bench.bucket}/checkpoints"}
    first = bench.train({"checkpoint": "one", "sleep": "60"}, CheckpointConfig=config)
    wait_until(
        lambda: bench.keys("checkpoints/") == ["checkpoints/deep/one"], SECONDS, "the upload"
    )
    assert bench.job(first)["TrainingJobStatus"] == "InProgress"
    bench.sagemaker.stop_training_job(TrainingJobName=first)
    job = bench.ended(first)
    assert job["CheckpointConfig"] == {**config, "LocalPath": "/opt/ml/checkpoints"}
    assert "found" in bench.training_log(first)

    second = bench.train({"checkpoint": "two", "fail": "now"}, CheckpointConfig=config)
    assert bench.ended(second)["TrainingJobStatus"] == "Failed"

    assert "found one" in bench.training_log(second)
    assert bench.keys("checkpoints/") == ["checkpoints/deep/one", "checkpoints/deep/two"]
    assert bench.get(f"s3://{bench.bucket}/checkpoints/deep/two") == b"two"


def test_checkpoints_may_have_another_folder(bench):
    uri = f"s3://{bench.bucket}/mine/"
    bench.put("mine/old", b"old")
    config = {"S3Uri": uri, "LocalPath": "/opt/ml/state/here"}
    name = bench.train({"checkpoint": "new", "checkpoints": "state/here"}, CheckpointConfig=config)
    bench.ended(name)
    assert "found old" in bench.training_log(name)
    assert bench.keys("mine/") == ["mine/deep/new", "mine/old"]


def test_metrics_are_in_cloudwatch_where_the_sdk_looks_for_them(bench):
    definitions = [{"Name": "loss", "Regex": r"loss=(\S+)"}]
    name = bench.train(
        {"print": "loss=0.5|loss=0.25", "sleep": "60"},
        AlgorithmSpecification=algorithm(MetricDefinitions=definitions),
    )
    cloudwatch = bench.emulator.client("cloudwatch")

    def values() -> dict:
        moment = datetime.now(UTC)
        statistics = cloudwatch.get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricName="loss",
            Dimensions=[{"Name": "TrainingJobName", "Value": name}],
            StartTime=moment - timedelta(hours=1),
            EndTime=moment + timedelta(hours=1),
            Period=7200,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]
        return statistics[0] if statistics else {"SampleCount": 0}

    wait_until(lambda: values()["SampleCount"] == 2, SECONDS, "the metrics of a running job")
    # Asked again: LocalStack reads one statistic after the other, and a delivery may come between.
    found = values()
    assert (found["Minimum"], found["Maximum"]) == (0.25, 0.5)
    assert bench.job(name)["TrainingJobStatus"] == "InProgress"
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    [final] = bench.ended(name)["FinalMetricDataList"]
    assert (final["MetricName"], final["Value"]) == ("loss", 0.25)


def test_a_spot_job_runs_to_its_end_and_is_billed_for_all_of_it(bench):
    job = bench.ended(
        bench.train(
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        )
    )
    assert job["TrainingJobStatus"] == "Completed"
    assert job["EnableManagedSpotTraining"] is True
    assert job["StoppingCondition"]["MaxWaitTimeInSeconds"] == 60
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"]


def test_an_entrypoint_of_the_jobs_own_replaces_train(bench):
    program = "import sys; print('own', *sys.argv[1:])"
    name = bench.train(
        AlgorithmSpecification=algorithm(
            ContainerEntrypoint=["python3", "-c", program],
            ContainerArguments=["/opt/ml/input", "more"],
        )
    )
    bench.ended(name)
    own, _ = bench.training_log(name)
    assert own.startswith("own /")
    assert own.endswith(f"{name}/ml/algo-1/input more")


def test_a_trivial_job_takes_less_than_a_second_and_a_half(bench):
    def seconds() -> float:
        began = time.monotonic()
        bench.ended(bench.train())
        return time.monotonic() - began

    # As soon as the machine has the time for it: it may be busy with something else at first.
    wait_until(lambda: seconds() < 1.5, SECONDS, "a job that takes less than a second and a half")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"InputDataConfig": [channel("t", "s3://b/a", S3DataType="AugmentedManifestFile")]},
            "AugmentedManifestFile can only be used if the channel's input mode is Pipe",
        ),
        (
            {
                "AlgorithmSpecification": algorithm("Pipe"),
                "InputDataConfig": [channel("t", "s3://b/a", S3DataType="AugmentedManifestFile")],
            },
            "AugmentedManifestFile needs AttributeNames",
        ),
        (
            {"InputDataConfig": [{**channel("t", "s3://b/a"), "RecordWrapperType": "RecordIO"}]},
            "RecordWrapperType RecordIO is used only in Pipe mode",
        ),
        (
            {"EnableManagedSpotTraining": True},
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 5, "MaxWaitTimeInSeconds": 9}},
            "only for jobs with EnableManagedSpotTraining",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/tmp/checkpoints"}},
            "CheckpointConfig.LocalPath /tmp/checkpoints is not supported",
        ),
        ({"CheckpointConfig": {"S3Uri": "https://b/c"}}, "is not an S3 URI"),
        (
            {"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}},
            "AlgorithmSpecification.AlgorithmName is not supported by this service yet",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(bench, change, message):
    with pytest.raises(ClientError) as refused:
        bench.train(**change)
    error = refused.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert message in error["Message"]
