"""A deployment or destruction that ends after any of its steps: the next command finishes it.

The step itself is done, as by AWS after the caller has died; nothing runs after it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from scones.aws import Aws
from scones.deploy import OperationsSettings, deploy, destroy
from scones.deploy.operation import describe
from tests.scones.stack_fixtures.fixtures import stack_settings

PROJECT = "halfway"
SETTINGS = stack_settings(
    PROJECT, operations=OperationsSettings(50, 1, 3, 600, "", "", "UTC"), tags={}
)


class PowerCut(BaseException):
    """Nothing catches it."""


class Doomed:
    """An account whose caller dies after the nth request of one operation."""

    def __init__(self, aws: Aws, operation: str, nth: int) -> None:
        self._aws = aws
        self._operation = operation
        self._left = nth
        self.region, self.account = aws.region, aws.account

    def client(self, service_name: str) -> Any:
        return _DoomedClient(self._aws.client(service_name), self._operation, self._count)

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise PowerCut


class _DoomedClient:
    def __init__(self, client: Any, operation: str, count: Callable[[], None]) -> None:
        self._client, self._operation, self._count = client, operation, count

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name != self._operation:
            return call

        def last(**parameters: Any) -> Any:
            answer = call(**parameters)
            self._count()
            return answer

        return last


DEPLOYING = [
    ("create_bucket", 1),
    ("put_bucket_policy", 1),
    ("put_public_access_block", 1),
    ("put_object", 3),
    ("create_change_set", 1),
    ("execute_change_set", 1),
    ("create_change_set", 2),
    ("execute_change_set", 2),
]
DESTROYING = [
    ("delete_stack", 1),
    ("delete_stack", 2),
    ("delete_objects", 1),
    ("delete_bucket", 1),
    ("delete_bucket", 2),
]


def left(aws: Aws) -> list[str]:
    """What there still is of the project: stacks, buckets, functions."""
    cloudformation = aws.client("cloudformation")
    found = [
        stack["StackName"]
        for name in ("core", "operations")
        if (stack := describe(cloudformation, f"{PROJECT}-{name}"))
    ]
    found += [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    found += [f["FunctionName"] for f in aws.client("lambda").list_functions()["Functions"]]
    return [name for name in found if name.startswith(f"{PROJECT}-")]


@pytest.mark.parametrize(("operation", "nth"), DEPLOYING)
def test_half_a_deployment_is_finished_by_the_next(aws, operation, nth):
    with pytest.raises(PowerCut):
        deploy(Doomed(aws, operation, nth), SETTINGS)
    assert deploy(aws, SETTINGS).data_bucket in left(aws)
    assert {f"{PROJECT}-core", f"{PROJECT}-operations"} <= set(left(aws))
    destroy(aws, SETTINGS)
    assert left(aws) == []


@pytest.mark.parametrize(("operation", "nth"), DEPLOYING)
def test_half_a_deployment_is_destroyed(aws, operation, nth):
    with pytest.raises(PowerCut):
        deploy(Doomed(aws, operation, nth), SETTINGS)
    destroy(aws, SETTINGS)
    assert left(aws) == []


def test_half_a_destruction_is_finished_by_the_next(aws):
    for operation, nth in DESTROYING:
        deploy(aws, SETTINGS)
        aws.client("s3").put_object(
            Bucket=f"{PROJECT}-data-{aws.account}-{aws.region}", Key="photo.png", Body=b"photo"
        )
        with pytest.raises(PowerCut):
            destroy(Doomed(aws, operation, nth), SETTINGS)
        assert left(aws) or operation == "delete_bucket"
        destroy(aws, SETTINGS)
        assert left(aws) == []
        assert destroy(aws, SETTINGS) == []
