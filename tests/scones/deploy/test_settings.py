"""What DeploySettings refuses, before anything is changed."""

import pytest

from scones.deploy import ClassRoute, StackOutputs
from scones.errors import DeployError, UsageError
from tests.scones.stack_fixtures.fixtures import stack_settings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 1.01}, r"threshold 1\.01 is not between 0 and 1"),
        ({"threshold": -0.01}, "threshold -0.01"),
        ({"threshold": float("nan")}, "threshold nan"),
        ({"email": "nobody"}, "email 'nobody'"),
        ({"project": "Scones"}, "project 'Scones'"),
        ({"project": "a"}, "project 'a'"),
        ({"project": "-scones"}, "project '-scones'"),
        ({"classes": [ClassRoute("bicycle", "A", "nearby")]}, "two or more different names"),
        ({"classes": 2 * [ClassRoute("bicycle", "A", "nearby")]}, "two or more different names"),
        (
            {"classes": [ClassRoute(f"class {n}", "A" * 20, "nearby") for n in range(100)]},
            "the table of 100 classes",
        ),
    ],
)
def test_refuses_a_value_and_names_it(changes, message):
    with pytest.raises(UsageError, match=message):
        stack_settings(**changes)


@pytest.mark.parametrize("threshold", [0, 0.93, 1])
def test_takes_thresholds_up_to_both_ends(threshold):
    assert stack_settings(threshold=threshold).threshold == threshold


def test_a_project_too_long_for_its_buckets_is_refused_with_the_name():
    settings = stack_settings("scones-unlimited-in-a-far-region")
    assert len(settings.data_bucket("0" * 12, "us-east-1")) <= 63
    with pytest.raises(UsageError, match=r"scones-.*-artifacts-0{12}-ap-southeast-1 has 70"):
        settings.artifacts_bucket("0" * 12, "ap-southeast-1")


def test_a_stack_without_an_output_asks_for_a_new_deployment():
    stack = {"StackName": "scones-core", "Outputs": []}
    with pytest.raises(
        DeployError, match=r"TrainAndDeployStateMachineArn, .*: run `scones deploy`"
    ):
        StackOutputs.from_stack(stack)
