"""The services LocalStack loads from this distribution, by the names it selects them by.

Imports happen on first use of a service, not at start.
"""

from localstack.services.plugins import Service, aws_provider


@aws_provider(api="lambda", name="scones")
def lambda_() -> Service:
    """Lambda, for functions that can run as processes."""
    from scones_localstack.executor.provider import ProcessLambdaProvider

    return Service.for_provider(ProcessLambdaProvider())


@aws_provider(api="ses", name="scones")
def ses() -> Service:
    """SES that sends what it accepts."""
    from localstack.services.moto import MotoFallbackDispatcher

    from scones_localstack.mail import SendingSesProvider
    from scones_localstack.settings import Settings

    provider = SendingSesProvider(Settings.from_environment())
    return Service.for_provider(provider, dispatch_table_factory=MotoFallbackDispatcher)


@aws_provider(api="s3", name="scones")
def s3() -> Service:
    """S3 that a restart does not empty; restored here, where an error is not lost."""
    from scones_localstack.journal.provider import JournaledS3Provider
    from scones_localstack.settings import Settings

    settings = Settings.from_environment()
    return Service.for_provider(JournaledS3Provider(settings.s3_dir, settings.temporary_dir / "s3"))


@aws_provider(api="sagemaker", name="scones")
def sagemaker() -> Service:
    """SageMaker, at the service's address."""
    return _forwarding("sagemaker")


@aws_provider(api="sagemaker-runtime", name="scones")
def sagemaker_runtime() -> Service:
    """SageMaker Runtime, at the service's address."""
    return _forwarding("sagemaker-runtime")


def _forwarding(service: str) -> Service:
    from scones_localstack.forwarding import ForwardingProvider
    from scones_localstack.settings import Settings

    return Service.for_provider(
        ForwardingProvider(service, Settings.from_environment().sagemaker_url),
        dispatch_table_factory=ForwardingProvider.dispatch_table,
    )
