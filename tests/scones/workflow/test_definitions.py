"""The state machines as files: what people's tools expect of them, and Step Functions' verdict."""

import json

import pytest

from scones.deploy.settings import SOURCE_ROOT
from scones.errors import DeployError
from scones.workflow import validate_files
from scones.workflow.graph import read_graph

FILES = sorted((SOURCE_ROOT / "asl").iterdir())
OF_FUNCTIONS = [path for path in FILES if path.name.startswith("classify")]
LAMBDA_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}


def tasks(states):
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state
        if "ItemProcessor" in state:
            yield from tasks(state["ItemProcessor"]["States"])


def test_step_functions_finds_nothing_wrong_with_any_file(aws):
    found = validate_files(aws.client("stepfunctions"), FILES)
    assert found == {path: [] for path in FILES}
    assert len(found) == 4


def test_step_functions_finds_the_fault_of_a_broken_file(aws, tmp_path):
    broken = tmp_path / "broken.asl.json"
    broken.write_text(FILES[0].read_text().replace('"MaxAttempts": 3', '"MaxAttempts": "three"'))
    (diagnostic,) = validate_files(aws.client("stepfunctions"), [broken])[broken]
    assert (diagnostic.severity, diagnostic.code) == ("ERROR", "SCHEMA_VALIDATION_FAILED")
    assert "three" in diagnostic.message


def test_a_file_that_is_not_there_is_named(aws, tmp_path):
    with pytest.raises(DeployError, match=r"missing\.asl\.json"):
        validate_files(aws.client("stepfunctions"), [tmp_path / "missing.asl.json"])


@pytest.mark.parametrize("path", OF_FUNCTIONS, ids=lambda path: path.name)
def test_every_task_invokes_a_function_with_the_four_retries_and_a_time_limit(path):
    for name, task in tasks(json.loads(path.read_text())["States"]):
        (retry,) = task["Retry"]
        assert task["Resource"] == "arn:aws:states:::lambda:invoke", name
        assert set(retry["ErrorEquals"]) == LAMBDA_ERRORS, name
        assert (retry["IntervalSeconds"], retry["MaxAttempts"], retry["BackoffRate"]) == (1, 3, 2)
        assert task["TimeoutSeconds"] > 60, f"{name} gives up before its function does"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_transition_leads_to_a_state_and_every_state_is_reached(path):
    graph = read_graph(json.loads(path.read_text()))
    for level in (graph, *(inner for state in graph.walk() for inner in state.inner)):
        reached = {level.start, *(edge.target for edge in level.edges)}
        assert set(level.states) <= reached


def test_one_image_goes_through_three_chained_tasks():
    states = json.loads((SOURCE_ROOT / "asl" / "classify_image.asl.json").read_text())["States"]
    chain = [states["Serialize image"]]
    while "Next" in chain[-1]:
        chain.append(states[chain[-1]["Next"]])
    assert [task["OutputPath"] for task in chain] == 3 * ["$.Payload"]
    assert all(task["Parameters"]["Payload.$"] == "$" for task in chain)
    assert all(task["Catch"][-1]["ErrorEquals"] == ["States.ALL"] for task in chain)


def test_whatever_fails_while_a_model_is_made_is_notified_of():
    states = json.loads((SOURCE_ROOT / "asl" / "train_and_deploy.asl.json").read_text())["States"]
    made = [task for task in states.values() if "sagemaker" in task.get("Resource", "")]
    assert len(made) == 10
    for task in made:
        assert task["Catch"][-1] == {
            "ErrorEquals": ["States.ALL"],
            "ResultPath": "$.failure",
            "Next": "Notify of the failure",
        }
    assert states["Notify of the failure"]["Next"] == "Failed"
