"""Processing and batch transform in containers: what a process cannot show."""

import json

from tests.docker.sagemaker.running import containers_of, left_over
from tests.emulator.running import wait_until
from tests.emulator.sagemaker.running import INPUT, OUTPUT, SECONDS, folder_in, folders_out

PROGRAM = f"""
import json, pathlib, sys
source, target = pathlib.Path("{INPUT}"), pathlib.Path("{OUTPUT}")
for path in source.iterdir():
    (target / path.name).write_text(path.read_text().upper())
(target / "link").symlink_to("/etc/hostname")
config = json.loads(pathlib.Path("/opt/ml/config/processingjobconfig.json").read_text())
print(config["ProcessingInputs"][0]["S3Input"]["LocalPath"], *sys.argv[1:])
pathlib.Path("/opt/ml/output/message").write_text("all done")
"""


def test_a_processing_program_finds_opt_ml_where_aws_has_it(bench, engine):
    bench.put("data/a.txt", b"a")
    name = bench.process(
        PROGRAM,
        application={"ContainerArguments": ["/opt/ml/processing/x"]},
        ProcessingInputs=[folder_in("data", f"s3://{bench.bucket}/data/", INPUT)],
        ProcessingOutputConfig=folders_out(f"s3://{bench.bucket}/result"),
    )

    job = bench.processed(name)

    assert job["ProcessingJobStatus"] == "Completed", job
    assert job["ExitMessage"] == "all done"
    assert bench.keys("result/") == ["result/a.txt"]
    assert bench.get(f"s3://{bench.bucket}/result/a.txt") == b"A"
    assert f"{INPUT} /opt/ml/processing/x" in bench.processing_log(name)
    assert containers_of(engine, bench.service, name) == []
    assert not [found for found in left_over(engine, bench.service) if name in found]


def test_an_images_own_program_gets_the_arguments(bench):
    name = bench.process(application={"ContainerArguments": ["process", "more"]})
    assert bench.processed(name)["ProcessingJobStatus"] == "Completed"
    [seen] = [json.loads(line) for line in bench.processing_log(name) if line.startswith("{")]
    assert seen["arguments"] == ["process", "more"]
    assert seen["environment"]["FROM_TABLE"] == "yes"


def test_a_continuous_output_leaves_the_container_while_it_runs(bench):
    program = f"""
import pathlib, time
(pathlib.Path("{OUTPUT}") / "first").write_text("1")
time.sleep(60)
"""
    output = folders_out(f"s3://{bench.bucket}/result", mode="Continuous")
    name = bench.process(program, ProcessingOutputConfig=output)
    wait_until(lambda: bench.keys("result/") == ["result/first"], SECONDS, "the first upload")

    bench.sagemaker.stop_processing_job(ProcessingJobName=name)

    assert bench.processed(name)["ProcessingJobStatus"] == "Stopped"


def test_a_batch_is_transformed_by_a_container_of_its_own(bench, engine):
    bench.put("in.csv", b"1,ab\n2,cdef\n")
    model = bench.model(ANSWER="length")

    name = bench.transform(
        model,
        f"s3://{bench.bucket}/in.csv",
        input={"ContentType": "text/csv", "SplitType": "Line"},
        output={"Accept": "text/csv", "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"},
    )
    job = bench.transformed(name)

    assert job["TransformJobStatus"] == "Completed", job
    assert bench.get(f"s3://{bench.bucket}/out/in.csv.out") == b"1,ab,2\n2,cdef,4\n"
    assert containers_of(engine, bench.service, name) == []
