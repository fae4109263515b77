"""Processing jobs, by boto3 alone: folders in and out, contract, states, stops.

What is marked `both_doors` runs through LocalStack's port too.
"""

import json
import signal

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import (
    INPUT,
    OUTPUT,
    ROLE_ARN,
    SECONDS,
    Service,
    Workbench,
    folder_in,
    folders_out,
    output_members,
    unique,
)

UPPER = """
import os, pathlib, sys
source, target = (pathlib.Path(path) for path in sys.argv[1:])
for path in sorted(source.rglob("*")):
    if path.is_file():
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text().upper())
print("copied")
"""


@both_doors
def test_a_program_turns_inputs_into_outputs(bench):
    bench.put("data/a.txt", b"a")
    bench.put("data/deep/b.txt", b"b")
    name = bench.process(
        UPPER,
        application={"ContainerArguments": [INPUT, OUTPUT]},
        ProcessingInputs=[folder_in("data", f"s3://{bench.bucket}/data/", INPUT)],
        ProcessingOutputConfig=folders_out(f"s3://{bench.bucket}/result"),
    )

    job = bench.processed(name)

    assert job["ProcessingJobStatus"] == "Completed", job
    assert bench.keys("result/") == ["result/a.txt", "result/deep/b.txt"]
    assert bench.get(f"s3://{bench.bucket}/result/deep/b.txt") == b"B"
    assert bench.processing_log(name) == ["copied"]
    assert job["CreationTime"] <= job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert job["ProcessingInputs"][0]["S3Input"]["LocalPath"] == INPUT
    assert job["RoleArn"] == ROLE_ARN
    assert set(job) - {"ResponseMetadata"} <= output_members("DescribeProcessingJob")


def test_a_script_can_be_an_input_as_the_sdk_sends_it(bench):
    bench.put("code/run.py", b"import sys; print('ran', *sys.argv[1:])")
    code = folder_in("code", f"s3://{bench.bucket}/code/run.py", f"{INPUT}/code")
    name = unique("processing")
    request = bench.processing_request(name, ["python3", f"{INPUT}/code/run.py"])
    request["AppSpecification"]["ContainerArguments"] = ["--rows", "3"]
    bench.sagemaker.create_processing_job(**request, ProcessingInputs=[code])

    assert bench.processed(name)["ProcessingJobStatus"] == "Completed"
    assert bench.processing_log(name) == ["ran --rows 3"]


def test_without_an_entrypoint_the_images_own_program_runs(bench):
    name = bench.process(
        application={"ContainerArguments": ["process", f"--folder={INPUT}/x", "s3://opt/ml/x"]},
        Environment={"FOLDER": OUTPUT, "MINE": "1"},
    )
    assert bench.processed(name)["ProcessingJobStatus"] == "Completed"
    seen = json.loads(bench.processing_log(name)[0])
    root = seen["environment"]["SAGEMAKER_BASE_DIR"]
    assert seen["arguments"] == ["process", f"--folder={root}/processing/input/x", "s3://opt/ml/x"]
    assert seen["environment"]["FOLDER"] == f"{root}/processing/output"
    assert seen["environment"]["MINE"] == "1"
    assert seen["environment"]["AWS_ENDPOINT_URL"] == bench.emulator.url
    assert "CALLERS_SECRET" not in seen["environment"]


def test_the_two_files_of_the_contract_tell_what_was_asked(bench):
    bench.put("data/a.txt", b"a")
    program = """
import os, pathlib
config = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "config"
for name in ("processingjobconfig.json", "resourceconfig.json"):
    print((config / name).read_text())
"""
    name = bench.process(
        program,
        ProcessingInputs=[folder_in("data", f"s3://{bench.bucket}/data/", INPUT)],
        ProcessingOutputConfig=folders_out(f"s3://{bench.bucket}/result"),
        Environment={"KEY": "VALUE"},
        StoppingCondition={"MaxRuntimeInSeconds": 50},
    )
    job = bench.processed(name)
    config, resources = (json.loads(line) for line in bench.processing_log(name))

    assert resources == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert config["ProcessingJobArn"] == job["ProcessingJobArn"]
    assert config["ProcessingJobName"] == name
    assert config["Environment"] == {"KEY": "VALUE"}
    assert config["AppSpecification"]["ContainerArguments"] is None
    source, _ = config["ProcessingInputs"]
    assert source["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    assert source["S3Input"]["LocalPath"].endswith("/processing/input")
    [output] = config["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["LocalPath"].endswith("/processing/output")
    assert config["ProcessingResources"]["ClusterConfig"]["InstanceType"] == bench.instance_type
    assert config["StoppingCondition"] == {"MaxRuntimeInSeconds": 50}


def leaving(message: str, code: int = 0) -> str:
    return (
        "import os, pathlib, sys\n"
        "root = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'])\n"
        f"(root / 'output/message').write_bytes({message})\n"
        f"(root / 'processing/output/half').write_text('half')\n"
        f"sys.exit({code})"
    )


def test_a_failure_says_why_and_keeps_its_message(bench):
    output = folders_out(f"s3://{bench.bucket}/result")
    job = bench.processed(
        bench.process(leaving("b'no data today'", 3), ProcessingOutputConfig=output)
    )
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "no data today"
    assert job["FailureReason"] == (
        "AlgorithmError: See job logs for more information, exit code: 3"
    )
    assert bench.keys("result/") == []


def test_the_exit_message_is_cut_at_a_kilobyte_between_two_characters(bench):
    output = folders_out(f"s3://{bench.bucket}/result")
    name = bench.process(leaving("('a' + 'ö' * 600).encode()"), ProcessingOutputConfig=output)
    job = bench.processed(name)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "a" + "ö" * 511
    [listed] = bench.sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]
    assert listed["ExitMessage"] == job["ExitMessage"]
    assert listed["ProcessingJobStatus"] == "Completed"


def test_an_exit_message_that_is_no_text_fails_the_job(bench):
    output = folders_out(f"s3://{bench.bucket}/result")
    job = bench.processed(bench.process(leaving(r"b'\xff\xfe'"), ProcessingOutputConfig=output))
    assert job["FailureReason"].startswith("ClientError: the exit message is not UTF-8")


def test_a_continuous_output_is_there_while_the_program_runs(bench):
    program = (
        "import os, pathlib, time\n"
        "out = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR']) / 'processing/output'\n"
        "(out / 'first').write_text('1')\n"
        "(out / 'link').symlink_to('/etc/hostname')\n"
        "print('waiting')\n"
        "time.sleep(60)"
    )
    output = folders_out(f"s3://{bench.bucket}/result", mode="Continuous")
    name = bench.process(program, ProcessingOutputConfig=output)
    wait_until(lambda: bench.keys("result/") == ["result/first"], SECONDS, "the first upload")

    bench.sagemaker.stop_processing_job(ProcessingJobName=name)
    job = bench.processed(name)

    assert job["ProcessingJobStatus"] == "Stopped"
    assert bench.keys("result/") == ["result/first"]
    with pytest.raises(ClientError, match="the processing job is in status Stopped"):
        bench.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_the_maximum_runtime_stops_a_job(bench):
    limit = {"MaxRuntimeInSeconds": 1}
    job = bench.processed(bench.process("import time; time.sleep(60)", StoppingCondition=limit))
    assert job["ProcessingJobStatus"] == "Stopped"
    assert (job["ProcessingEndTime"] - job["ProcessingStartTime"]).total_seconds() >= 1


def test_input_that_is_not_there_fails_the_job(bench):
    source = folder_in("data", f"s3://{bench.bucket}/none/", INPUT)
    job = bench.processed(bench.process("pass", ProcessingInputs=[source]))
    assert job["FailureReason"] == (
        "ClientError: Data download failed:No S3 objects found under S3 URL "
        f'"s3://{bench.bucket}/none/"'
    )


def test_a_program_that_cannot_be_started_fails_the_job(bench):
    name = unique("processing")
    bench.sagemaker.create_processing_job(**bench.processing_request(name, ["no-such-program"]))
    job = bench.processed(name)
    assert job["FailureReason"].startswith("ClientError: cannot start no-such-program")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cluster": {"InstanceCount": 2}}, "InstanceCount 2 is not supported"),
        ({"application": {"ImageUri": "stranger"}}, "Cannot find image stranger"),
        (
            {"ProcessingInputs": [folder_in("a", "s3://b/c", "/tmp/in")]},
            "/tmp/in must begin with /opt/ml/processing/",
        ),
        (
            {"ProcessingInputs": [folder_in("a", "s3://b/c", f"{INPUT}/../../model")]},
            "must begin with /opt/ml/processing/",
        ),
        (
            {"ProcessingInputs": [folder_in("a", "s3://b/c", INPUT, S3InputMode="Pipe")]},
            "S3InputMode Pipe is not supported",
        ),
        (
            {"ProcessingInputs": [folder_in("a", "s3://b/c", INPUT, S3CompressionType="Gzip")]},
            "S3CompressionType Gzip can only be used with Pipe",
        ),
        (
            {"ProcessingInputs": 2 * [folder_in("a", "s3://b/c", INPUT)]},
            "the name 'a' is used more than once",
        ),
        (
            {"ProcessingInputs": [{"InputName": "a", "AppManaged": True}]},
            "ProcessingInputs.AppManaged is not supported",
        ),
        ({"ProcessingInputs": [{"InputName": "a"}]}, "S3Input is missing"),
        (
            {
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {"OutputName": "a", "FeatureStoreOutput": {"FeatureGroupName": "g"}}
                    ]
                }
            },
            "FeatureStoreOutput is not supported",
        ),
        ({"ProcessingOutputConfig": folders_out("https://x/y")}, "is not an S3 URI"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(bench, more, message):
    with pytest.raises(ClientError, match=message) as refused:
        bench.process("pass", **more)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@both_doors
def test_names_are_taken_once_and_tags_are_kept(bench):
    name = bench.process("pass", Tags=[{"Key": "team", "Value": "bay"}])
    job = bench.processed(name)
    tags = bench.sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "bay"}]
    with pytest.raises(ClientError, match="a processing job with this name already exists"):
        bench.sagemaker.create_processing_job(**bench.processing_request(name, []))
    with pytest.raises(ClientError, match="Could not find requested job with name: none"):
        bench.sagemaker.describe_processing_job(ProcessingJobName="none")


@pytest.fixture
def own(emulator, tmp_path):
    """A workbench with a service of its own, which may be stopped and killed."""
    service = Service(tmp_path / "state", emulator)
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    with service:
        yield Workbench(service, emulator, bucket)


@pytest.mark.parametrize(
    ("number", "status", "reason"),
    [
        (signal.SIGTERM, "Stopped", "The SageMaker service was stopped while the job was running."),
        (
            signal.SIGKILL,
            "Failed",
            "InternalServerError: The SageMaker service ended while the job was running. "
            "Create the processing job again.",
        ),
    ],
)
def test_a_service_that_ends_leaves_a_true_state_and_no_program(own, number, status, reason):
    name = own.process("import time; print('waiting'); time.sleep(60)")
    wait_until(lambda: own.processing_log(name) == ["waiting"], SECONDS, "the program's start")
    [program] = psutil.Process(own.service.process.pid).children()

    own.service.signal(number)
    own.service.start()

    job = own.processed(name)
    assert (job["ProcessingJobStatus"], job["FailureReason"]) == (status, reason)
    wait_until(lambda: not psutil.pid_exists(program.pid), SECONDS, "the program's end")
    folder = own.service.folder / "processing-jobs" / "us-east-1" / name
    assert [entry.name for entry in folder.iterdir()] == ["algo-1.log"]
