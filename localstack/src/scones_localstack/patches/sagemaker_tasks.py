"""Step Functions has no integration of SageMaker: it forwards the call, and that is all.

LocalStack's factory of task states lists `sagemaker` among the services that it only forwards to.
Here it makes the task of `scones_localstack.sagemaker_task` instead; `aws-sdk:sagemaker` is not
touched, which works as it is.
"""

from typing import Any

WRITTEN_FOR = {"localstack-core": "4.14.0"}
_SERVICE = "sagemaker"


def apply() -> None:
    """Replace the factory where the parser of definitions has imported it."""
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import (
        state_task_factory as factory,
    )

    original = factory.state_task_service_for

    def state_task_service_for(service_name: str) -> Any:
        if service_name == _SERVICE:
            from scones_localstack.sagemaker_task import StateTaskServiceSageMaker

            return StateTaskServiceSageMaker()
        return original(service_name)

    factory.state_task_service_for = state_task_service_for
