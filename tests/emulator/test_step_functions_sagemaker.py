"""`arn:aws:states:::sagemaker:...` in state machines: requests, outputs, errors and stops."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones_localstack import sagemaker_task
from tests.emulator.running import ROLE_ARN, wait_until
from tests.emulator.sagemaker.running import Workbench, unique

PREFIX = "arn:aws:states:::sagemaker"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def machine(bench: Workbench) -> Iterator[Callable[..., str]]:
    """Create a state machine of chained tasks; it is deleted after the test."""
    client = bench.emulator.client("stepfunctions")
    created: list[str] = []

    def create(**states: dict[str, Any]) -> str:
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        arn: str = client.create_state_machine(
            name=unique("machine"), definition=definition, roleArn=ROLE_ARN
        )["stateMachineArn"]
        created.append(arn)
        return arn

    yield create
    for arn in created:
        client.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def start(bench: Workbench) -> Callable[..., str]:
    client = bench.emulator.client("stepfunctions")

    def run(machine_arn: str, event: dict[str, Any] | None = None) -> str:
        started = client.start_execution(stateMachineArn=machine_arn, input=json.dumps(event or {}))
        return str(started["executionArn"])

    return run


@pytest.fixture
def ended(bench: Workbench) -> Run:
    """Wait for an execution's end."""
    client = bench.emulator.client("stepfunctions")

    def wait(execution_arn: str) -> dict[str, Any]:
        def final() -> dict[str, Any] | None:
            found: dict[str, Any] = client.describe_execution(executionArn=execution_arn)
            return None if found["status"] == "RUNNING" else found

        execution: dict[str, Any] = wait_until(final, 90, "the execution's end")
        return execution

    return wait


def task(action: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    following = {} if "Next" in more else {"End": True}
    return {
        "Type": "Task",
        "Resource": f"{PREFIX}:{action}",
        "Parameters": parameters,
        **more,
        **following,
    }


def milliseconds(moment: Any) -> int:
    return round(moment.timestamp() * 1000)


def test_sync_waits_for_the_job_and_returns_its_description(bench, machine, start, ended):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "0.5"}, Tags=[{"Key": "a", "Value": "b"}])
    machine_arn = machine(Train=task("createTrainingJob.sync", request))

    execution_arn = start(machine_arn)
    execution = ended(execution_arn)

    output, job = json.loads(execution["output"]), bench.job(name)
    assert execution["status"] == "SUCCEEDED"
    assert output["TrainingJobStatus"] == "Completed"
    assert output["ModelArtifacts"] == job["ModelArtifacts"]
    assert output["TrainingEndTime"] == milliseconds(job["TrainingEndTime"])
    assert output["Tags"] == {
        "a": "b",
        "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        "AWS_STEP_FUNCTIONS_EXECUTION_ARN": execution_arn,
    }


@pytest.mark.parametrize("kind", ["Transform", "Processing"])
def test_sync_waits_for_the_other_kinds_of_job_too(bench, machine, start, ended, kind):
    name = unique("job")
    if kind == "Transform":
        bench.put("in/a.txt", b"a")
        model = bench.model(ANSWER="upper")
        request = bench.transform_request(name, model, f"s3://{bench.bucket}/in/")
    else:
        request = bench.processing_request(name, ["python3", "-c", "print('done')"])

    execution = ended(start(machine(Job=task(f"create{kind}Job.sync", request))))

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    output = json.loads(execution["output"])
    assert (output[f"{kind}JobName"], output[f"{kind}JobStatus"]) == (name, "Completed")
    assert output["Tags"]["MANAGED_BY_AWS"] == "STARTED_BY_STEP_FUNCTIONS"


def test_without_sync_the_answer_of_the_operation_is_the_output(bench, machine, start, ended):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "60"})
    execution = ended(start(machine(Train=task("createTrainingJob", request))))

    job = bench.job(name)
    assert json.loads(execution["output"]) == {"TrainingJobArn": job["TrainingJobArn"]}
    assert job["TrainingJobStatus"] == "InProgress"
    assert bench.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == []
    bench.sagemaker.stop_training_job(TrainingJobName=name)
    bench.ended(name)


def test_a_failed_job_fails_the_task_with_its_description_as_the_cause(
    bench, machine, start, ended
):
    name = unique("job")
    request = bench.training_request(name, {"fail": "no luck"})
    execution = ended(start(machine(Train=task("createTrainingJob.sync", request))))

    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(execution["cause"])
    assert cause["TrainingJobName"] == name
    assert cause["TrainingJobStatus"] == "Failed"
    assert "no luck" in cause["FailureReason"]


def test_a_failure_can_be_caught(bench, machine, start, ended):
    request = bench.training_request(unique("job"), {"fail": "no luck"})
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Tell"}]
    machine_arn = machine(
        Train=task("createTrainingJob.sync", request, Catch=catch),
        Tell={"Type": "Pass", "OutputPath": "$.error", "End": True},
    )

    output = json.loads(ended(start(machine_arn))["output"])

    assert output["Error"] == "States.TaskFailed"
    assert "no luck" in json.loads(output["Cause"])["FailureReason"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"TrainingJobName": "taken"}, "SageMaker.ResourceInUseException", "already exists"),
        (
            {"AlgorithmSpecification": {"TrainingImage": "none", "TrainingInputMode": "File"}},
            "SageMaker.AmazonSageMakerException",
            "none",
        ),
    ],
)
def test_an_error_of_sagemaker_has_awss_name(bench, machine, start, ended, change, error, message):
    if "TrainingJobName" in change:
        change = {"TrainingJobName": bench.train()}
    request = bench.training_request(unique("job"), {}) | change

    execution = ended(start(machine(Train=task("createTrainingJob.sync", request))))

    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert message in execution["cause"]
    assert "(Service: AmazonSageMaker; Status Code: 400; Error Code: " in execution["cause"]


def test_a_retry_names_the_error(bench, machine, start, ended):
    request = bench.training_request(bench.train(), {})
    retry = {
        "ErrorEquals": ["SageMaker.ResourceInUseException"],
        "IntervalSeconds": 1,
        "MaxAttempts": 1,
    }
    execution = start(machine(Train=task("createTrainingJob.sync", request, Retry=[retry])))
    ended(execution)

    history = bench.emulator.client("stepfunctions").get_execution_history(executionArn=execution)
    types = [event["type"] for event in history["events"]]
    assert types.count("TaskFailed") == 2


def test_stopping_the_execution_stops_the_job(bench, machine, start, ended):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "60"})
    execution = start(machine(Train=task("createTrainingJob.sync", request)))
    wait_until(lambda: running(bench, name), 90, "the job's start")

    bench.emulator.client("stepfunctions").stop_execution(executionArn=execution)

    assert bench.ended(name)["TrainingJobStatus"] == "Stopped"
    assert ended(execution)["status"] == "ABORTED"
    history = bench.emulator.client("stepfunctions").get_execution_history(executionArn=execution)
    assert "TaskSucceeded" not in [event["type"] for event in history["events"]]


def test_a_task_that_times_out_stops_its_job(bench, machine, start, ended):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "60"})
    machine_arn = machine(Train=task("createTrainingJob.sync", request, TimeoutSeconds=6))

    execution = ended(start(machine_arn))

    assert (execution["status"], execution["error"]) == ("FAILED", "States.Timeout")
    assert bench.ended(name)["TrainingJobStatus"] == "Stopped"


def test_a_job_that_somebody_stops_fails_the_task(bench, machine, start, ended):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "60"})
    execution = start(machine(Train=task("createTrainingJob.sync", request)))
    wait_until(lambda: running(bench, name), 90, "the job's start")

    bench.sagemaker.stop_training_job(TrainingJobName=name)

    outcome = ended(execution)
    assert outcome["error"] == "States.TaskFailed"
    assert json.loads(outcome["cause"])["TrainingJobStatus"] == "Stopped"


def test_a_trained_model_is_deployed(bench, machine, start, ended):
    job, model, endpoint = unique("job"), unique("model"), unique("endpoint")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InstanceType": "ml.m5.xlarge",
        "InitialInstanceCount": 1,
    }
    container = {"Image": "fake", "ModelDataUrl.$": "$.ModelArtifacts.S3ModelArtifacts"}
    machine_arn = machine(
        Train=task("createTrainingJob.sync", bench.training_request(job, {}), Next="Model"),
        Model=task(
            "createModel",
            {"ModelName": model, "ExecutionRoleArn": ROLE_ARN, "PrimaryContainer": container},
            ResultPath="$.model",
            Next="Config",
        ),
        Config=task(
            "createEndpointConfig",
            {"EndpointConfigName": model, "ProductionVariants": [variant]},
            ResultPath="$.config",
            Next="Endpoint",
        ),
        Endpoint=task(
            "createEndpoint",
            {"EndpointName": endpoint, "EndpointConfigName": model},
            ResultSelector={"arn.$": "$.EndpointArn"},
        ),
    )

    execution = ended(start(machine_arn))

    assert execution["status"] == "SUCCEEDED", execution.get("cause")
    arn = json.loads(execution["output"])["arn"]
    assert bench.leaves(endpoint, "Creating")["EndpointArn"] == arn
    assert bench.invoke(endpoint)["weights"] == "trained"
    bench.delete(endpoint)


@pytest.mark.parametrize(
    "action", ["createModel.sync", "createTrainingJob.waitForTaskToken", "deleteModel", "nothing"]
)
def test_what_aws_does_not_integrate_is_refused_with_the_definition(machine, action):
    with pytest.raises(ClientError) as caught:
        machine(Task=task(action, {"ModelName": "m"}))

    assert caught.value.response["Error"]["Code"] == "InvalidDefinition"


def test_a_job_outlives_a_restart_of_the_service_in_the_eyes_of_its_task(
    pair, bench, machine, start, ended
):
    name = unique("job")
    request = bench.training_request(name, {"sleep": "60"})
    execution = start(machine(Train=task("createTrainingJob.sync", request)))
    wait_until(lambda: running(bench, name), 90, "the job's start")

    pair.service.kill()
    pair.service.start()

    outcome = ended(execution)
    assert outcome["error"] == "States.TaskFailed"
    assert "ended while the job was running" in json.loads(outcome["cause"])["FailureReason"]


def test_a_short_job_is_not_waited_for_much_longer_than_it_takes(bench, machine, start, ended):
    request = bench.training_request(unique("job"), {})
    execution = start(machine(Train=task("createTrainingJob.sync", request)))
    outcome = ended(execution)

    job = json.loads(outcome["output"])
    seconds = milliseconds(outcome["stopDate"]) - job["TrainingEndTime"]
    # One wait at the most, and what a busy machine takes for the answers.
    assert seconds < 1000 * (sagemaker_task.LONGEST_WAIT_SECONDS + 10)


def test_a_wait_is_never_much_longer_than_half_of_what_has_passed():
    waits = list(itertools.islice(sagemaker_task._waits(), 20))

    for number, seconds in enumerate(waits):
        assert seconds <= 0.11 + sum(waits[:number]) / 2
    assert waits[-1] == max(waits) == sagemaker_task.LONGEST_WAIT_SECONDS


def running(bench: Workbench, name: str) -> bool:
    try:
        return bool(bench.job(name)["SecondaryStatus"] == "Training")
    except ClientError:
        time.sleep(0.05)
        return False
