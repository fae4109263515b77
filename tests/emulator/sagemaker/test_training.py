"""Training jobs: the container contract, AWS's states, stops, failures and logs.

What is marked `both_doors` runs through LocalStack's port too.
"""

import io
import json
import os
import tarfile

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import BUILT_IN_URI, ROLE_ARN, SECONDS, unique


def channel(name: str, uri: str, **more: str) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, **more}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


GROUPS = [{"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 2}]


def members_of(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}


def path(job: dict) -> list[str]:
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


@both_doors
def test_a_job_goes_through_awss_states_and_leaves_its_model_in_s3(bench):
    bench.put("train/a.txt")
    name = bench.train(
        {"output": "plotted"},
        InputDataConfig=[channel("train", f"s3://{bench.bucket}/train/")],
    )

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert path(job) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert [t["StatusMessage"] for t in job["SecondaryStatusTransitions"]] == [
        "Preparing the instances for training",
        "Downloading input data",
        "Training image download completed. Training in progress.",
        "Uploading generated training model",
        "Training job completed",
    ]
    starts = [t["StartTime"] for t in job["SecondaryStatusTransitions"]]
    ends = [t["EndTime"] for t in job["SecondaryStatusTransitions"]]
    assert starts[1:] == ends[:-1]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    artifact = f"s3://{bench.bucket}/models/{name}/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": artifact}
    assert members_of(bench.get(artifact)) == {"weights": b"trained"}
    output = bench.get(artifact.replace("model.tar.gz", "output.tar.gz"))
    assert members_of(output) == {"plot.txt": b"plotted"}


def test_the_container_finds_its_contract(bench):
    bench.put("data/train/deep/a.txt", b"A")
    bench.put("data/train.lst", b"list")
    bench.put("other/x1.txt", b"X1")
    bench.put("other/x2.txt", b"X2")
    bench.put("other/y.txt", b"Y")
    bench.put("other/folder/")
    base = f"s3://{bench.bucket}"
    channels = [
        {**channel("train", f"{base}/data/train/"), "ContentType": "application/x-image"},
        channel("train_lst", f"{base}/data/train.lst"),
        channel("no_slash", f"{base}/data/train/deep"),
        channel("begin_alike", f"{base}/other/x"),
        channel("all", f"{base}/other/"),
    ]
    name = bench.train(
        {"show": "1", "learning_rate": "0.1"},
        InputDataConfig=channels,
        Environment={"MINE": "1", "TRAINING_JOB_NAME": "not mine"},
    )
    bench.ended(name)

    seen = json.loads(bench.training_log(name)[0])

    assert seen["files"] == {
        "train/deep/a.txt": "A",
        "train_lst/train.lst": "list",
        "no_slash/a.txt": "A",
        "begin_alike/x1.txt": "X1",
        "begin_alike/x2.txt": "X2",
        "all/x1.txt": "X1",
        "all/x2.txt": "X2",
        "all/y.txt": "Y",
    }
    config = seen["config"]
    assert config["hyperparameters.json"] == {"show": "1", "learning_rate": "0.1"}
    assert config["inputdataconfig.json"]["train"] == {
        "ContentType": "application/x-image",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert config["resourceconfig.json"]["current_host"] == "algo-1"
    assert config["resourceconfig.json"]["hosts"] == ["algo-1"]
    assert "network_interface_name" in config["resourceconfig.json"]
    environment = seen["environment"]
    assert environment["TRAINING_JOB_NAME"] == name
    assert environment["TRAINING_JOB_ARN"].endswith(f":training-job/{name}")
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ENDPOINT_URL"] == bench.emulator.url
    assert environment["FROM_TABLE"] == "yes"
    assert environment["MINE"] == "1"


def test_nothing_of_the_callers_environment_reaches_the_container(bench):
    name = bench.train({"show": "1"})
    bench.ended(name)

    environment = json.loads(bench.training_log(name)[0])["environment"]

    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["HOME"] != os.environ["HOME"]
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "CALLERS_SECRET"} & set(environment)


def test_a_manifest_names_the_files_of_a_channel(bench):
    bench.put("photos/one/a.txt", b"A")
    bench.put("photos/two/b.txt", b"B")
    bench.put("photos/three.txt", b"C")
    base = f"s3://{bench.bucket}/photos/"
    bench.put("manifest", json.dumps([{"prefix": base}, "one/a.txt", "two/b.txt"]).encode())
    manifest = channel("train", f"s3://{bench.bucket}/manifest", S3DataType="ManifestFile")
    name = bench.train({"show": "1"}, InputDataConfig=[manifest])
    bench.ended(name)

    seen = json.loads(bench.training_log(name)[0])

    assert seen["files"] == {"train/one/a.txt": "A", "train/two/b.txt": "B"}


@both_doors
def test_the_failure_file_becomes_the_failure_reason(bench):
    job = bench.ended(bench.train({"fail": "there is no spoon " * 100, "code": "7"}))

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert path(job) == ["Starting", "Training", "Uploading", "Failed"]
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: there is no spoon there")
    assert reason.endswith(", exit code: 7")
    assert len(reason) == 1024


def test_an_empty_failure_is_told_as_aws_tells_it(bench):
    job = bench.ended(bench.train({"fail": "", "code": "3"}))

    assert job["FailureReason"] == "AlgorithmError: , exit code: 3"


@both_doors
def test_a_stopped_job_keeps_what_it_has_saved(bench):
    name = bench.train({"sleep": "60"})
    bench.training(name, "waiting")
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    assert bench.job(name)["TrainingJobStatus"] in ("Stopping", "Stopped")

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert path(job) == ["Starting", "Training", "Stopping", "Uploading", "Stopped"]
    assert "FailureReason" not in job
    weights = members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))["weights"]
    assert weights == b"half trained"


def test_a_stubborn_job_and_its_children_are_killed(bench):
    name = bench.train({"sleep": "60", "stubborn": "1", "stubborn_child": "1"})
    bench.training(name, "waiting")
    child = int(bench.training_log(name)[0].split()[1])
    bench.sagemaker.stop_training_job(TrainingJobName=name)

    job = bench.ended(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert "SIGTERM" in bench.training_log(name)
    wait_until(lambda: not is_running(child), SECONDS, "the child's end")


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_children_do_not_outlive_a_job_that_ends_by_itself(bench):
    name = bench.train({"stubborn_child": "1"})
    bench.ended(name)
    child = int(bench.training_log(name)[0].split()[1])

    wait_until(lambda: not is_running(child), SECONDS, "the child's end")


def test_the_maximum_runtime_stops_a_job(bench):
    job = bench.ended(bench.train({"sleep": "60"}, StoppingCondition={"MaxRuntimeInSeconds": 5}))

    assert job["TrainingJobStatus"] == "Stopped"
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert path(job)[-3:] == ["Stopping", "Uploading", "MaxRuntimeExceeded"]
    weights = members_of(bench.get(job["ModelArtifacts"]["S3ModelArtifacts"]))["weights"]
    assert weights == b"half trained"


@both_doors
def test_a_job_that_has_ended_cannot_be_stopped(bench):
    name = bench.train()
    bench.ended(name)

    with pytest.raises(ClientError, match="rejected because the training job is in status Com"):
        bench.sagemaker.stop_training_job(TrainingJobName=name)


def test_logs_and_cpu_seconds_are_in_cloudwatch_when_the_job_has_ended(bench):
    name = bench.train({"print": "first|second", "burn": "0.5"})
    bench.ended(name)

    lines = bench.training_log(name)

    assert lines[:3] == ["first", "second", "waiting"]
    words = lines[-1].split()
    assert lines[-1] == f"scones: training used {words[3]} CPU seconds"
    assert 0.5 <= float(words[3]) < 5
    streams = bench.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/algo-1-"
    )
    assert len(streams["logStreams"]) == 1


def test_logs_arrive_while_the_job_runs(bench):
    name = bench.train({"print": "early", "sleep": "60"})

    bench.training(name, "early")

    assert bench.job(name)["TrainingJobStatus"] == "InProgress"
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    bench.ended(name)


def test_metric_definitions_find_the_last_value_in_the_log(bench):
    name = bench.train(
        {"print": "loss=0.9|loss=nonsense|loss=0.25"},
        AlgorithmSpecification={
            "TrainingImage": "fake",
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "loss", "Regex": r"loss=(\S+)"},
                {"Name": "absent", "Regex": r"absent=(\S+)"},
            ],
        },
    )

    metrics = bench.ended(name)["FinalMetricDataList"]

    assert [(metric["MetricName"], metric["Value"]) for metric in metrics] == [("loss", 0.25)]


def test_the_built_in_algorithm_has_its_own_metrics(bench):
    name = bench.train(
        {"print": "Epoch[1] Train-accuracy=0.75|Epoch[1] Validation-accuracy=0.625"},
        AlgorithmSpecification={"TrainingImage": BUILT_IN_URI, "TrainingInputMode": "File"},
    )

    metrics = bench.ended(name)["FinalMetricDataList"]

    assert {metric["MetricName"]: metric["Value"] for metric in metrics} == {
        "train:accuracy": 0.75,
        "validation:accuracy": 0.625,
    }


def test_jobs_run_side_by_side_each_in_a_root_of_its_own(bench):
    names = [bench.train({"show": "1", "sleep": "60"}) for _ in range(3)]
    for name in names:
        bench.training(name, "waiting")

    roots = {
        json.loads(bench.training_log(name)[0])["environment"]["SAGEMAKER_BASE_DIR"]
        for name in names
    }
    for name in names:
        bench.sagemaker.stop_training_job(TrainingJobName=name)
        bench.ended(name)

    assert len(roots) == 3


def test_a_job_leaves_its_log_on_disk_and_not_its_data(bench):
    bench.put("train/a.txt")
    data = [channel("train", f"s3://{bench.bucket}/train/")]
    name = bench.train({"print": "kept"}, InputDataConfig=data)
    bench.ended(name)

    folder = bench.service.folder / "training-jobs" / "us-east-1" / name

    assert [entry.name for entry in folder.iterdir()] == ["algo-1.log"]
    assert (folder / "algo-1.log").read_text().startswith("kept\n")


@both_doors
@pytest.mark.parametrize("prefix", ["nothing/", "train/a.tx"])
def test_missing_input_data_is_refused_in_awss_words(bench, prefix):
    bench.put("train/a.csv")
    uri = f"s3://{bench.bucket}/{prefix}"

    with pytest.raises(ClientError) as caught:
        bench.train(InputDataConfig=[channel("train", uri)])

    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": f'No S3 objects found under S3 URL "{uri}" given in input data source. Please '
        "ensure that the bucket exists in the selected region (us-east-1), that objects exist "
        f'under that S3 prefix, and that the role "{ROLE_ARN}" has "s3:ListBucket" permissions '
        f'on bucket "{bench.bucket}".',
    }


def test_data_that_goes_missing_after_the_request_fails_the_job(bench):
    prefix = f"s3://{bench.bucket}/gone/"
    bench.put("manifest", json.dumps([{"prefix": prefix}, "a.txt"]).encode())
    manifest = channel("train", f"s3://{bench.bucket}/manifest", S3DataType="ManifestFile")

    job = bench.ended(bench.train(InputDataConfig=[manifest]))

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Data download failed:")
    assert f"{prefix}a.txt" in job["FailureReason"]


def test_a_key_that_leads_out_of_its_channel_fails_the_job(bench):
    bench.put("train/../../../../escaped.txt")

    job = bench.ended(
        bench.train(InputDataConfig=[channel("train", f"s3://{bench.bucket}/train/")])
    )

    assert "leads out of its folder" in job["FailureReason"]
    assert not list(bench.service.folder.rglob("escaped.txt"))


def test_a_bucket_that_takes_no_model_fails_the_job(bench):
    output = {"S3OutputPath": f"s3://{unique('no-such-bucket')}/models"}

    job = bench.ended(bench.train(OutputDataConfig=output))

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")


@both_doors
def test_a_name_is_used_once(bench):
    name = bench.train({"sleep": "0"})
    bench.ended(name)

    with pytest.raises(ClientError) as caught:
        bench.sagemaker.create_training_job(**bench.training_request(name.upper(), {}))

    arn = f"arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}"
    assert caught.value.response["Error"] == {
        "Code": "ResourceInUse",
        "Message": "Training job names must be unique within an AWS account and region, and a "
        f"training job with this name already exists ({arn})",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "000000000000.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
                    "TrainingInputMode": "File",
                }
            },
            "xgboost:1: this service knows the repositories fake, image-classification",
        ),
        (
            {"ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}},
            "InstanceCount 2 is more than this backend has for a training job: start this service "
            "with --backend docker, or use 1",
        ),
        (
            {"ResourceConfig": {"InstanceGroups": GROUPS, "VolumeSizeInGB": 1}},
            "ResourceConfig.InstanceGroups is not supported by this service yet",
        ),
        ({"ResourceConfig": {"InstanceCount": 1}}, "ResourceConfig.InstanceType is missing"),
        ({"OutputDataConfig": {"S3OutputPath": "https://bucket/models"}}, "is not an S3 URI"),
        (
            {
                "InputDataConfig": [
                    channel("train", "s3://bucket/a"),
                    channel("train", "s3://bucket/b"),
                ]
            },
            "Channel name 'train' is used more than once",
        ),
        (
            {"InputDataConfig": [{**channel("t", "s3://bucket/a"), "CompressionType": "Gzip"}]},
            "InputDataConfig 't': CompressionType Gzip is used only in Pipe mode",
        ),
    ],
)
def test_what_is_not_there_yet_is_refused_by_name(bench, change, message):
    with pytest.raises(ClientError) as caught:
        bench.train(**change)

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert message in caught.value.response["Error"]["Message"]
