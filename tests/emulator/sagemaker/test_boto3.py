"""What boto3 makes of the service's answers by itself: waiters and paginators, every one."""

import botocore.session
import pytest
from botocore import xform_name

from scones_localstack.sagemaker import coverage
from scones_localstack.sagemaker.front import model
from tests.emulator.sagemaker.from_model import filled, smallest
from tests.emulator.sagemaker.running import SECONDS
from tests.emulator.sagemaker.stage import CONTROL, OPERATIONS

_WAITERS = botocore.session.Session().get_waiter_model(model.CONTROL_PLANE)
WAITERS = [
    name for name in _WAITERS.waiter_names if _WAITERS.get_waiter(name).operation in OPERATIONS
]


@pytest.mark.parametrize("name", WAITERS)
def test_a_waiter_of_boto3_sees_the_end(stage, name):
    operation = _WAITERS.get_waiter(name).operation
    member = f"{operation.removeprefix('Describe')}Name"
    if name.endswith("Deleted"):
        own = {member: "nobody"}
    elif operation == "DescribeEndpoint":
        own = {member: stage.given[member]}
    else:
        request = stage.request(operation.replace("Describe", "Create"))
        stage.call(operation.replace("Describe", "Create"), request)
        own = {member: request[member]}
        stage.call(operation.replace("Describe", "Stop"), own)

    waiter = stage.bench.sagemaker.get_waiter(xform_name(name))

    waiter.wait(**own, WaiterConfig={"Delay": 0.1, "MaxAttempts": 10 * SECONDS})


@pytest.mark.parametrize("operation", [each for each in CONTROL if each.startswith("List")])
def test_a_paginator_of_boto3_comes_to_the_end(stage, operation):
    client = stage.bench.sagemaker
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(3)]
    client.add_tags(ResourceArn=stage.given["ResourceArn"], Tags=tags)
    shape = coverage.shape_of(operation)
    # AWS has no page of fewer than 50 tags.
    size = shape.members["MaxResults"].metadata.get("min", 1)
    paginator = client.get_paginator(xform_name(operation))

    pages = paginator.paginate(
        **filled(smallest(shape), stage.given), PaginationConfig={"PageSize": size, "MaxItems": 3}
    )

    assert paginator.result_keys
    for page in pages:
        [entries] = (key.search(page) for key in paginator.result_keys)
        assert len(entries) <= size
