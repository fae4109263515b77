"""The services LocalStack loads from this distribution, by the names it selects them by.

Imports happen on first use of a service, not at start.
"""

from localstack.services.plugins import Service, aws_provider


@aws_provider(api="lambda", name="scones")
def lambda_() -> Service:
    """Lambda, for functions that can run as processes."""
    from scones_localstack.executor.provider import ProcessLambdaProvider

    return Service.for_provider(ProcessLambdaProvider())
