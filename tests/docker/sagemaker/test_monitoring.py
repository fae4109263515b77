"""Model Monitor in containers: AWS's analyzer URI, a baseline, a schedule, its findings."""

import json

import pytest

from tests.emulator.sagemaker.running import OUTPUT, folder_in, folders_out
from tests.emulator.sagemaker.schedules import (
    NOW,
    capturing,
    ended,
    inline,
    schedule,
)

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
DATASET = "/opt/ml/processing/input/baseline_dataset_input"


@pytest.mark.usefixtures("images")
def test_the_analyzers_container_finds_what_differs_from_the_baseline(bench):
    bench.put("train.csv", b"seen,age\n" + b"1,40\n2,50\n" * 50)
    name = bench.process(
        application={"ImageUri": ANALYZER},
        ProcessingInputs=[folder_in("data", f"s3://{bench.bucket}/train.csv", DATASET)],
        ProcessingOutputConfig=folders_out(f"s3://{bench.bucket}/baseline"),
        Environment={
            "dataset_format": '{"csv": {"header": true}}',
            "dataset_source": DATASET,
            "output_path": OUTPUT,
            "publish_cloudwatch_metrics": "Disabled",
        },
    )
    assert bench.processed(name)["ProcessingJobStatus"] == "Completed", bench.processing_log(name)
    constraints = json.loads(bench.get(f"s3://{bench.bucket}/baseline/constraints.json"))
    assert [feature["name"] for feature in constraints["features"]] == ["seen", "age"]

    endpoint = capturing(bench)
    monitored = inline(
        bench,
        endpoint,
        MonitoringAppSpecification={"ImageUri": ANALYZER},
        BaselineConfig={"BaseliningJobName": name},
    )
    execution = ended(bench, schedule(bench, NOW, MonitoringJobDefinition=monitored))

    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    job = bench.processed(execution["ProcessingJobArn"].rpartition("/")[2])
    folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    found = json.loads(bench.get(f"{folder}/constraint_violations.json"))["violations"]
    assert "missing_column_check" in {item["constraint_check_type"] for item in found}
