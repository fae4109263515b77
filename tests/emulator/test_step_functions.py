"""State machines of functions: right first, then fast; what the patches touch still holds."""

import json
import time

import pytest

from tests.emulator.running import ROLE_ARN, wait_until


@pytest.fixture
def state_machine(emulator):
    """Create a state machine from its states; it is deleted after the test."""
    client = emulator.client("stepfunctions")
    created = []

    def create(states, **settings):
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        name = f"m{time.time_ns()}"
        arn = client.create_state_machine(
            name=name, definition=definition, roleArn=ROLE_ARN, **settings
        )["stateMachineArn"]
        created.append(arn)
        return arn

    yield create
    for arn in created:
        client.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def execute(emulator):
    """Run executions and return their descriptions, in order."""
    client = emulator.client("stepfunctions")

    def ended(arn):
        described = client.describe_execution(executionArn=arn)
        return described if described["status"] != "RUNNING" else None

    def run(state_machine_arn, *events):
        arns = [
            client.start_execution(stateMachineArn=state_machine_arn, input=json.dumps(event))
            for event in events
        ]
        return [
            wait_until(lambda arn=arn["executionArn"]: ended(arn), 90, "the execution's end")
            for arn in arns
        ]

    return run


def task(name, following=None):
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": name, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **({"Next": following} if following else {"End": True}),
    }


def test_executions_at_the_same_time_keep_their_own_data(function, state_machine, execute):
    add = function("def handler(event, context): return {**event, 'sum': sum(event['numbers'])}")
    double = function("def handler(event, context): return {**event, 'sum': event['sum'] * 2}")
    machine = state_machine({"Add": task(add, "Double"), "Double": task(double)})
    events = [{"numbers": list(range(size))} for size in range(12)]

    outcomes = execute(machine, *events)

    assert [json.loads(outcome["output"])["sum"] for outcome in outcomes] == [
        2 * sum(event["numbers"]) for event in events
    ]


def test_a_definition_that_changes_is_used_by_the_next_execution(emulator, state_machine, execute):
    client = emulator.client("stepfunctions")
    machine = state_machine({"Say": {"Type": "Pass", "Result": 1, "End": True}})
    (before,) = execute(machine, {})

    definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": 2, "End": True}}}
    client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))
    (after,) = execute(machine, {})

    assert (before["output"], after["output"]) == ("1", "2")


def test_paths_and_result_paths_are_evaluated_for_each_item_of_a_map(state_machine, execute):
    item = {"Type": "Pass", "Parameters": {"square.$": "States.MathAdd($.n, $.n)"}, "End": True}
    machine = state_machine(
        {
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": item}},
                "ResultPath": "$.result.items",
                "End": True,
            }
        }
    )

    outcomes = execute(machine, *({"items": [{"n": n} for n in range(k, k + 5)]} for k in (0, 9)))

    for outcome, start in zip(outcomes, (0, 9), strict=True):
        output = json.loads(outcome["output"])
        assert output["result"]["items"] == [{"square": 2 * n} for n in range(start, start + 5)]


def test_a_functions_error_can_be_caught_by_its_name(function, state_machine, execute):
    source = (
        "import time\nclass THRESHOLD_CONFIDENCE_NOT_MET(Exception): pass\n"
        "def handler(event, context):\n"
        "    if event['slow']: time.sleep(30)\n"
        "    raise THRESHOLD_CONFIDENCE_NOT_MET('0.52')"
    )
    name = function(source, Timeout=1)
    machine = state_machine(
        {
            "Filter": {
                **task(name),
                "Catch": [
                    {
                        "ErrorEquals": ["THRESHOLD_CONFIDENCE_NOT_MET"],
                        "ResultPath": "$.error",
                        "Next": "Below",
                    },
                    {"ErrorEquals": ["Sandbox.Timedout"], "ResultPath": None, "Next": "Slow"},
                ],
            },
            "Below": {"Type": "Pass", "OutputPath": "$.error", "End": True},
            "Slow": {"Type": "Pass", "Result": "slow", "End": True},
        }
    )

    below, slow = execute(machine, {"slow": False}, {"slow": True})

    assert json.loads(below["output"])["Error"] == "THRESHOLD_CONFIDENCE_NOT_MET"
    assert json.loads(json.loads(below["output"])["Cause"])["errorMessage"] == "0.52"
    assert json.loads(slow["output"]) == "slow"


def test_status_changes_reach_eventbridge(emulator, state_machine, execute):
    sqs, events = emulator.client("sqs"), emulator.client("events")
    queue = sqs.create_queue(QueueName="status-changes")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events.put_rule(Name="status-changes", EventPattern='{"source": ["aws.states"]}')
    target = {"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}
    events.put_targets(Rule="status-changes", Targets=[target])
    machine = state_machine({"Say": {"Type": "Pass", "End": True}})

    (outcome,) = execute(machine, {})
    received = []

    def both():
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        details = [json.loads(message["Body"])["detail"] for message in answer.get("Messages", [])]
        received.extend(
            detail["status"]
            for detail in details
            if detail["executionArn"] == outcome["executionArn"]
        )
        return len(received) == 2

    wait_until(both, 60, "both events")
    # Which comes first is not promised: neither EventBridge nor a standard queue keeps an order.
    assert sorted(received) == ["RUNNING", "SUCCEEDED"]
    events.remove_targets(Rule="status-changes", Ids=["queue"])
    events.delete_rule(Name="status-changes")


def test_lambdas_metrics_count_every_invocation_and_error(emulator, function):
    client, cloudwatch = emulator.client("lambda"), emulator.client("cloudwatch")
    name = function("def handler(event, context): return 1 / event")
    for event in ("1", "1", "0"):
        client.invoke(FunctionName=name, Payload=event)

    def total(metric):
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=time.time() - 600,
            EndTime=time.time() + 600,
            Period=3600,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in answer["Datapoints"])

    def all_told():
        return (total("Invocations"), total("Errors")) == (3, 1)

    wait_until(all_told, 60, "the counts of invocations and errors")
    assert (total("Invocations"), total("Errors")) == (3, 1)
