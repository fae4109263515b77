"""State changes on the default event bus: AWS's form and order, through absences and restarts."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.running import ROLE_ARN, wait_until
from tests.emulator.sagemaker.running import Workbench, unique

TRAINING = "SageMaker Training Job State Change"
ENDPOINT = "SageMaker Endpoint State Change"
STAGES = ["Starting", "Training", "Uploading"]  # of a job without input data
ANY = '{"source": ["aws.sagemaker"]}'


class Inbox:
    """A queue that a rule sends events to.

    LocalStack delivers each event in a thread of its own, and AWS promises no order either: what
    has come is put into the order of the changes here.
    """

    def __init__(self, bench: Workbench, pattern: str) -> None:
        self._sqs, self._events = bench.emulator.client("sqs"), bench.emulator.client("events")
        self.name = unique("inbox")
        self.url = self._sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self._events.put_rule(Name=self.name, EventPattern=pattern)
        target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
        self._events.put_targets(Rule=self.name, Targets=[target])
        self.received: list[dict[str, Any]] = []

    def of(self, arn: str) -> list[dict[str, Any]]:
        """The events of one resource that have come so far."""
        answer = self._sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=0, MaxNumberOfMessages=10
        )
        for message in answer.get("Messages", []):
            self.received.append(json.loads(message["Body"]))
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        events = [event for event in self.received if event["resources"] == [arn]]
        return sorted(events, key=lambda event: moment_of(event["detail"]))

    def until(self, arn: str, states: list[str]) -> list[dict[str, Any]]:
        """Wait for as many events as there are states, and check that they tell of these."""
        wait_until(lambda: len(self.of(arn)) >= len(states), 90, f"{len(states)} events of {arn}")
        events = self.of(arn)
        assert [state_of(event["detail"]) for event in events] == states
        return events

    def close(self) -> None:
        self._events.remove_targets(Rule=self.name, Ids=["queue"])
        self._events.delete_rule(Name=self.name)
        self._sqs.delete_queue(QueueUrl=self.url)


def state_of(detail: dict[str, Any]) -> str:
    members = ("SecondaryStatus", "EndpointStatus", "TransformJobStatus", "ProcessingJobStatus")
    return next(str(detail[member]) for member in members if member in detail)


def moment_of(detail: dict[str, Any]) -> int:
    """When the change was; of a transform job AWS tells the times of its stages alone."""
    times = ("LastModifiedTime", "TransformEndTime", "TransformStartTime", "CreationTime")
    return next(int(detail[name]) for name in times if name in detail)


@pytest.fixture
def inbox(bench: Workbench) -> Iterator[Inbox]:
    instance = Inbox(bench, ANY)
    yield instance
    instance.close()


def test_a_training_job_tells_each_of_its_stages_in_order(bench, inbox):
    bench.put("data/train/a.txt")
    channel = {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/data/train/"}
        },
    }
    name = bench.train(InputDataConfig=[channel])
    arn = bench.job(name)["TrainingJobArn"]

    events = inbox.until(arn, ["Starting", "Downloading", "Training", "Uploading", "Completed"])

    assert {event["detail-type"] for event in events} == {TRAINING}


def test_the_detail_is_the_description_with_times_in_milliseconds(bench, inbox):
    metric = {"Name": "accuracy", "Regex": r"accuracy=(\S+)"}
    name = bench.train(
        {"print": "accuracy=0.5"},
        Tags=[{"Key": "team", "Value": "routing"}],
        AlgorithmSpecification={
            "TrainingImage": "fake",
            "TrainingInputMode": "File",
            "MetricDefinitions": [metric],
        },
    )
    job = bench.ended(name)

    event = inbox.until(job["TrainingJobArn"], [*STAGES, "Completed"])[-1]

    detail = event["detail"]
    assert (event["source"], event["account"], event["region"]) == (
        "aws.sagemaker",
        "000000000000",
        "us-east-1",
    )
    assert detail["TrainingEndTime"] == round(job["TrainingEndTime"].timestamp() * 1000)
    assert detail["CreationTime"] == round(job["CreationTime"].timestamp() * 1000)
    starts = [stage["StartTime"] for stage in detail["SecondaryStatusTransitions"]]
    assert starts == [
        round(stage["StartTime"].timestamp() * 1000) for stage in job["SecondaryStatusTransitions"]
    ]
    assert detail["Tags"] == {"team": "routing"}
    assert detail["ModelArtifacts"] == job["ModelArtifacts"]
    # As on AWS: https://github.com/aws-samples asks DescribeTrainingJob for the metrics.
    assert job["FinalMetricDataList"]
    assert "FinalMetricDataList" not in detail


def test_a_failed_job_tells_why(bench, inbox):
    job = bench.ended(bench.train({"fail": "out of ideas"}))

    events = inbox.until(job["TrainingJobArn"], [*STAGES, "Failed"])

    assert "out of ideas" in events[-1]["detail"]["FailureReason"]
    assert "FailureReason" not in events[0]["detail"]


def test_an_endpoint_tells_its_states_in_upper_case(bench, inbox):
    name = bench.deploy(bench.model())
    arn = bench.endpoint(name)["EndpointArn"]
    bench.delete(name)

    events = inbox.until(arn, ["CREATING", "IN_SERVICE", "DELETING"])

    assert {event["detail-type"] for event in events} == {ENDPOINT}
    assert events[1]["detail"]["EndpointConfigName"].startswith("config-")


def test_an_update_and_one_that_is_rolled_back_are_told(bench, inbox):
    model = bench.model()
    name = bench.deploy(model)
    arn = bench.endpoint(name)["EndpointArn"]
    bench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=bench.config(model))
    bench.reaches(name, "InService")
    broken = bench.config(bench.model(EXIT_AT_START="5"))
    bench.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)

    updated = ["CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE"]
    events = inbox.until(arn, [*updated, "UPDATING", "ROLLING_BACK", "IN_SERVICE"])

    (variant,) = events[-1]["detail"]["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    assert (variant["DesiredWeight"], variant["DesiredInstanceCount"]) == (1, 1)
    bench.delete(name)


def test_processing_and_transform_jobs_are_told(bench, inbox):
    processing = bench.processed(bench.process("print('done')"))
    bench.put("in/a.txt", b"a")
    model = bench.model(ANSWER="upper")
    transform = bench.transformed(bench.transform(model, f"s3://{bench.bucket}/in/"))

    for job, kind in ((processing, "Processing"), (transform, "Transform")):
        events = inbox.until(job[f"{kind}JobArn"], ["InProgress", "Completed"])
        assert {event["detail-type"] for event in events} == {f"SageMaker {kind} Job State Change"}
        ended = events[-1]["detail"][f"{kind}EndTime"]
        assert ended == round(job[f"{kind}EndTime"].timestamp() * 1000)


def test_a_model_server_that_is_started_again_is_no_event(bench, inbox):
    name = bench.deploy(bench.model(SLOW_START="2"))  # away for long enough to be seen away
    arn = bench.endpoint(name)["EndpointArn"]
    first = bench.invoke(name)["pid"]
    with pytest.raises(bench.runtime.exceptions.ServiceUnavailable):
        bench.invoke(name, b"crash")
    bench.reaches(name, "OutOfService")
    bench.reaches(name, "InService")
    assert bench.invoke(name)["pid"] != first
    bench.delete(name)

    inbox.until(arn, ["CREATING", "IN_SERVICE", "DELETING"])


def test_events_wait_for_a_localstack_that_is_away_and_survive_a_restart_of_the_service(
    pair, bench
):
    before = Inbox(bench, ANY)
    name = bench.deploy(bench.model())
    arn = bench.endpoint(name)["EndpointArn"]
    before.until(arn, ["CREATING", "IN_SERVICE"])
    before.close()
    pair.emulator.kill()
    direct = pair.service.client()
    direct.delete_endpoint(EndpointName=name)
    pair.service.kill()
    pair.emulator.start()
    inbox = Inbox(bench, json.dumps({"source": ["aws.sagemaker"], "resources": [arn]}))
    try:
        pair.service.start()
        inbox.until(arn, ["DELETING"])
    finally:
        inbox.close()
    bench.s3.create_bucket(Bucket=bench.bucket)


def test_a_rule_starts_a_state_machine(bench):
    stepfunctions, events = (bench.emulator.client(name) for name in ("stepfunctions", "events"))
    machine = stepfunctions.create_state_machine(
        name=unique("on-completion"),
        definition=json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "End": True}}}),
        roleArn=ROLE_ARN,
    )["stateMachineArn"]
    rule = unique("completed")
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": [TRAINING],
        "detail": {"TrainingJobStatus": ["Completed"]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    target = {"Id": "machine", "Arn": machine, "RoleArn": ROLE_ARN}
    events.put_targets(Rule=rule, Targets=[target])

    name = bench.train()

    def executions() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = stepfunctions.list_executions(stateMachineArn=machine)[
            "executions"
        ]
        return listed

    (execution,) = wait_until(executions, 90, "an execution")
    told = json.loads(
        stepfunctions.describe_execution(executionArn=execution["executionArn"])["input"]
    )
    assert told["detail"]["TrainingJobName"] == name
    events.remove_targets(Rule=rule, Ids=["machine"])
    events.delete_rule(Name=rule)
    stepfunctions.delete_state_machine(stateMachineArn=machine)
