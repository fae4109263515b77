"""Batch transform jobs, by boto3 alone: outputs, order, failures, states, stops.

What is marked `both_doors` runs through LocalStack's port too.
"""

import contextlib
import gzip
import json
import signal
from datetime import UTC, datetime

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.emulator.running import wait_until
from tests.emulator.sagemaker.doors import both_doors
from tests.emulator.sagemaker.running import SECONDS, Service, Workbench, output_members, unique

LINES = {"ContentType": "text/csv", "SplitType": "Line"}
BY_LINE = {"Accept": "text/csv", "AssembleWith": "Line"}
GROUP = "/aws/sagemaker/TransformJobs"


@pytest.fixture(scope="module")
def weights(emulator, service) -> str:
    """A model artifact for all tests of this file."""
    bucket = unique("bucket")
    emulator.client("s3").create_bucket(Bucket=bucket)
    bench = Workbench(service, emulator, bucket)
    return bench.ended(bench.train())["ModelArtifacts"]["S3ModelArtifacts"]


def data_log(bench, name: str) -> list[str]:
    """The job's own lines: `moment:[sagemaker logs]: text`."""
    lines = bench.log_lines(GROUP, f"{name}/")
    return [line.split("[sagemaker logs]: ")[1] for line in lines if "[sagemaker logs]: " in line]


def test_each_object_gets_an_answer_below_the_output_path(bench, weights):
    bench.put("in/deep/a.txt", b"a\nb")
    bench.put("in/b.txt", b"c")
    bench.put("in/folder/", b"")
    model = bench.model(weights, ANSWER="upper")

    name = bench.transform(model, f"s3://{bench.bucket}/in/")
    job = bench.transformed(name)

    assert job["TransformJobStatus"] == "Completed"
    assert "FailureReason" not in job
    assert bench.keys("out/") == ["out/b.txt.out", "out/deep/a.txt.out"]
    assert bench.get(f"s3://{bench.bucket}/out/deep/a.txt.out") == b"A\nB"
    assert bench.get(f"s3://{bench.bucket}/out/b.txt.out") == b"C"
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert job["ModelName"] == model
    assert job["TransformJobArn"].endswith(f":transform-job/{name}")


def test_lines_come_out_in_their_order_whatever_the_concurrency(bench, weights):
    rows = [f"row-{number},{'x' * (number % 7)}" for number in range(200)]
    bench.put("in.csv", "\n".join(rows).encode())
    model = bench.model(weights, ANSWER="upper", MAX_IN_FLIGHT="4", SECONDS="0.002")

    job = bench.transformed(
        bench.transform(
            model,
            f"s3://{bench.bucket}/in.csv",
            input=LINES,
            output=BY_LINE,
            BatchStrategy="SingleRecord",
            MaxConcurrentTransforms=4,
        )
    )

    assert job["TransformJobStatus"] == "Completed", job
    answers = bench.get(f"s3://{bench.bucket}/out/in.csv.out").decode()
    assert answers == "".join(f"{row.upper()}\n" for row in rows)


def test_many_records_travel_together_and_split_again_for_a_join(bench, weights):
    bench.put("in.csv", b"1,ab\n2,cdef\n\n3,g\n")
    model = bench.model(weights, ANSWER="length")

    job = bench.transformed(
        bench.transform(
            model,
            f"s3://{bench.bucket}/in.csv",
            input=LINES,
            output=BY_LINE,
            BatchStrategy="MultiRecord",
            DataProcessing={
                "InputFilter": "$[1:]",
                "JoinSource": "Input",
                "OutputFilter": "$[0,-1]",
            },
        )
    )

    assert job["TransformJobStatus"] == "Completed", job
    assert bench.get(f"s3://{bench.bucket}/out/in.csv.out") == b"1,2\n2,4\n3,1\n"
    assert job["DataProcessing"]["JoinSource"] == "Input"


def test_a_manifest_and_gzip_name_the_input(bench, weights):
    bench.put("all/x/one.txt.gz", gzip.compress(b"one"))
    bench.put("all/two.txt.gz", gzip.compress(b"two"))
    bench.put("all/three.txt.gz", gzip.compress(b"three"))
    prefix = {"prefix": f"s3://{bench.bucket}/all/"}
    manifest = bench.put("list", json.dumps([prefix, "x/one.txt.gz", "two.txt.gz"]).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": manifest}}
    model = bench.model(weights, ANSWER="upper")

    bench.transformed(
        bench.transform(model, manifest, input={"DataSource": source, "CompressionType": "Gzip"})
    )

    assert bench.keys("out/") == ["out/two.txt.gz.out", "out/x/one.txt.gz.out"]
    assert bench.get(f"s3://{bench.bucket}/out/x/one.txt.gz.out") == b"ONE"


def test_the_container_learns_what_the_request_says_and_no_more(bench, weights):
    bench.put("in", b"x")
    model = bench.model(weights, ANSWER="show", MINE="model")
    uri = f"s3://{bench.bucket}/in"
    plain = bench.transform(model, uri, input={"ContentType": "text/x"}, output={"Accept": "a/b"})
    bench.transformed(plain)
    seen = json.loads(bench.get(f"s3://{bench.bucket}/out/in.out"))
    assert seen["headers"]["Content-Type"] == "text/x"
    assert seen["headers"]["Accept"] == "a/b"
    assert seen["environment"]["SAGEMAKER_BATCH"] == "true"
    told = {"SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_BATCH_STRATEGY"}
    assert not (told | {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"}) & set(seen["environment"])

    bench.transformed(
        bench.transform(
            model,
            uri,
            MaxPayloadInMB=3,
            BatchStrategy="SingleRecord",
            MaxConcurrentTransforms=2,
            Environment={"SAGEMAKER_OF_THE_JOB": "1"},
        )
    )
    seen = json.loads(bench.get(f"s3://{bench.bucket}/out/in.out"))["environment"]
    assert seen["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "3"
    assert seen["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"
    assert seen["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] == "2"
    assert seen["SAGEMAKER_OF_THE_JOB"] == "1"


def test_a_payload_of_any_size_is_sent_in_chunks(bench, weights):
    bench.put("in", b"x" * 300_000)
    model = bench.model(weights, ANSWER="show")
    bench.transformed(bench.transform(model, f"s3://{bench.bucket}/in", MaxPayloadInMB=0))
    headers = json.loads(bench.get(f"s3://{bench.bucket}/out/in.out"))["headers"]
    assert headers["Transfer-Encoding"] == "chunked"


def test_the_containers_own_parameters_count_where_the_request_is_silent(bench, weights):
    bench.put("in", b"x")
    offered = {"MaxConcurrentTransforms": 5, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 9}
    model = bench.model(weights, ANSWER="upper", PARAMETERS=json.dumps(offered))

    name = bench.transform(model, f"s3://{bench.bucket}/in", MaxPayloadInMB=4)
    bench.transformed(name)

    [line] = data_log(bench, name)
    assert line == "MaxConcurrentTransforms=5, MaxPayloadInMB=4, BatchStrategy=SINGLE_RECORD"


def test_what_fails_once_is_tried_again(bench, weights):
    bench.put("in", b"x")
    model = bench.model(weights, ANSWER="flaky")
    uri = f"s3://{bench.bucket}/in"

    assert bench.transformed(bench.transform(model, uri))["TransformJobStatus"] == "Completed"
    never = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 5}
    job = bench.transformed(bench.transform(model, uri, ModelClientConfig=never))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"


def test_an_object_that_fails_is_named_and_the_others_are_kept(bench, weights):
    bench.put("in/bad", b"status 415")
    bench.put("in/good", b"good")
    model = bench.model(weights, ANSWER="upper")

    name = bench.transform(model, f"s3://{bench.bucket}/in/")
    job = bench.transformed(name)

    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert bench.keys("out/") == ["out/good.out"]
    where = f"{bench.bucket}/in/bad"
    assert data_log(bench, name)[1:] == [
        f"{where}: ClientError: 415",
        f"{where}: ",
        f"{where}: Message:",
        f"{where}: cannot read this",
    ]


@pytest.mark.parametrize(
    ("content", "more", "said"),
    [
        (b"x" * (1024 * 1024 + 1), {"MaxPayloadInMB": 1}, "larger than MaxPayloadInMB (1 MB)"),
        (b"plain", {"input": {"CompressionType": "Gzip"}}, "not a gzip file"),
        (b"no record at all", {"input": {"SplitType": "RecordIO"}}, "not a RecordIO file"),
    ],
)
def test_data_that_cannot_be_sent_is_the_clients_error(bench, weights, content, more, said):
    bench.put("in", content)
    model = bench.model(weights, ANSWER="upper")
    name = bench.transform(model, f"s3://{bench.bucket}/in", **more)
    job = bench.transformed(name)
    assert job["FailureReason"] == "ClientError: See job logs for more information"
    assert said in data_log(bench, name)[1]
    assert bench.keys("out/") == []


def test_a_server_that_does_not_start_fails_the_job(bench, weights):
    bench.put("in", b"x")
    model = bench.model(weights, EXIT_AT_START="4")
    job = bench.transformed(bench.transform(model, f"s3://{bench.bucket}/in"))
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        "AlgorithmError: Model container failed to respond to ping; Please ensure /ping endpoint"
    )
    assert "exit code 4. Its last log line: no model here" in job["FailureReason"]


def test_a_server_that_dies_fails_the_job_at_once(bench, weights):
    bench.put("in", b"crash")
    model = bench.model(weights, ANSWER="upper")
    job = bench.transformed(bench.transform(model, f"s3://{bench.bucket}/in"))
    assert job["FailureReason"].startswith(
        "AlgorithmError: The model server ended with exit code 3."
    )


def test_missing_input_and_missing_models_data_fail_the_job(bench, weights):
    model = bench.model(weights)
    job = bench.transformed(bench.transform(model, f"s3://{bench.bucket}/none/"))
    assert job["FailureReason"] == (
        f'ClientError: No S3 objects found under S3 URL "s3://{bench.bucket}/none/"'
    )


def test_a_stopped_job_leaves_no_output_and_no_server(bench, weights):
    bench.put("in/1", b"quick")
    bench.put("in/2", b"slow")
    model = bench.model(weights, ANSWER="upper")
    name = bench.transform(model, f"s3://{bench.bucket}/in/")
    wait_until(lambda: data_log(bench, name), SECONDS, "the first request")

    bench.sagemaker.stop_transform_job(TransformJobName=name)
    job = bench.transformed(name)

    assert job["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert bench.keys("out/") == []
    assert servers_of(bench.service, name) == []
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        bench.sagemaker.stop_transform_job(TransformJobName=name)


def servers_of(service, name: str) -> list[int]:
    found = []
    for child in psutil.Process(service.process.pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):  # another job's, ending now
            found += [child.pid] if name in child.cwd() else []
    return found


def test_captures_are_manifests_of_input_and_output(bench, weights):
    bench.put("in/a.csv", b"1\n2\n")
    bench.put("in/deep/b.csv", b"3\n")
    model = bench.model(weights, ANSWER="upper")
    capture = {"DestinationS3Uri": f"s3://{bench.bucket}/capture", "GenerateInferenceId": True}

    name = bench.transform(
        model,
        f"s3://{bench.bucket}/in/",
        input=LINES,
        output=BY_LINE,
        DataCaptureConfig=capture,
    )
    job = bench.transformed(name)

    assert job["TransformJobStatus"] == "Completed", job
    assert job["DataCaptureConfig"] == capture
    moment = job["TransformStartTime"].astimezone(UTC)
    [key] = bench.keys(f"capture/input/{moment:%Y/%m/%d/%H}/")
    document = json.loads(bench.get(f"s3://{bench.bucket}/{key}"))
    assert document == [{"prefix": f"s3://{bench.bucket}/in/"}, "a.csv", "deep/b.csv"]
    [key] = bench.keys(f"capture/output/{moment:%Y/%m/%d/%H}/")
    document = json.loads(bench.get(f"s3://{bench.bucket}/{key}"))
    assert document == [{"prefix": f"s3://{bench.bucket}/out/"}, "a.csv.out", "deep/b.csv.out"]
    rows = bench.get(f"s3://{bench.bucket}/out/a.csv.out").decode().splitlines()
    assert [row.split(",")[0] for row in rows] == ["1", "2"]
    assert {row.split(",")[2] for row in rows} == {f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    assert len({row.split(",")[1] for row in rows}) == 2


@both_doors
def test_jobs_are_listed_tagged_and_named_once(bench, weights):
    bench.put("in", b"x")
    model = bench.model(weights, ANSWER="upper")
    uri = f"s3://{bench.bucket}/in"
    name = bench.transform(model, uri, Tags=[{"Key": "team", "Value": "bay"}])
    job = bench.transformed(name)

    listed = bench.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert [entry["TransformJobName"] for entry in listed] == [name]
    assert listed[0]["TransformJobStatus"] == "Completed"
    assert listed[0]["TransformEndTime"] == job["TransformEndTime"]
    tags = bench.sagemaker.list_tags(ResourceArn=job["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "bay"}]
    with pytest.raises(ClientError, match="a transform job with this name already exists"):
        bench.sagemaker.create_transform_job(**bench.transform_request(name, model, uri))
    assert set(job) - {"ResponseMetadata"} <= output_members("DescribeTransformJob")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"MaxPayloadInMB": 101}, "cannot be greater than 100 MB"),
        ({"MaxPayloadInMB": 30, "MaxConcurrentTransforms": 4}, "is 120 MB, which cannot exceed"),
        ({"DataProcessing": {"InputFilter": "$[1:"}}, "Invalid JsonPath"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "ContentType to be one of"),
        (
            {"DataProcessing": {"InputFilter": "$[1:]"}, "input": {"ContentType": "text/csv"}},
            "need the SplitType Line",
        ),
        (
            {
                "DataProcessing": {"JoinSource": "Input"},
                "input": LINES,
                "output": {"Accept": "application/json"},
            },
            "one format for both",
        ),
        ({"ModelName": "no-such-model"}, "Could not find model"),
        ({"output": {"S3OutputPath": "https://bucket/out"}}, "is not an S3 URI"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(bench, weights, more, message):
    model = more.pop("ModelName", None) or bench.model(weights)
    with pytest.raises(ClientError, match=message) as refused:
        bench.transform(model, f"s3://{bench.bucket}/in", **more)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@both_doors
def test_what_is_not_there_is_not_found(bench):
    for operation in ("describe_transform_job", "stop_transform_job"):
        with pytest.raises(ClientError, match="Could not find requested job with name: none"):
            getattr(bench.sagemaker, operation)(TransformJobName="none")


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
            "Create the transform job again.",
        ),
    ],
)
def test_a_service_that_ends_leaves_a_true_state_and_no_server(own, number, status, reason):
    own.put("in", b"slow")
    name = own.transform(own.model(ANSWER="upper"), f"s3://{own.bucket}/in")
    wait_until(lambda: data_log(own, name), SECONDS, "the first request")
    [server] = servers_of(own.service, name)

    own.service.signal(number)
    own.service.start()

    job = own.transformed(name)
    assert (job["TransformJobStatus"], job["FailureReason"]) == (status, reason)
    assert job["TransformEndTime"] <= datetime.now(UTC)
    wait_until(lambda: not psutil.pid_exists(server), SECONDS, "the server's end")
    folder = own.service.folder / "transform-jobs" / "us-east-1" / name
    assert sorted(entry.name for entry in folder.iterdir()) == ["data.log", "server.log"]
    assert own.keys("out/") == []
