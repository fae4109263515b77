"""Which hours of an endpoint's captures, and of ground truth, there are in S3."""

from collections.abc import Iterator
from datetime import UTC, datetime

from scones_localstack.sagemaker.arns import ENDPOINT, arn
from scones_localstack.sagemaker.errors import ValidationException
from scones_localstack.sagemaker.hosting.capture import destination
from scones_localstack.sagemaker.hosting.plans import variants_of
from scones_localstack.sagemaker.monitoring.expression import HOUR
from scones_localstack.sagemaker.objects import ObjectMissingError, Objects, S3Uri, patiently
from scones_localstack.sagemaker.store import Resource, Store


def capturing_endpoint(store: Store, region: str, name: str) -> Resource:
    """Return an endpoint whose captures can be looked at.

    Raises:
        ValidationException: there is none, or it captures nothing.
    """
    endpoint = store.find(ENDPOINT, region, name)
    endpoint_arn = arn(ENDPOINT, region, name)
    if endpoint is None:
        raise ValidationException(f'Could not find endpoint "{endpoint_arn}".')
    if not endpoint.plan.get("capture"):
        raise ValidationException(
            f'Endpoint "{endpoint_arn}" has no DataCaptureConfig: update it with an endpoint '
            "configuration that has one."
        )
    return endpoint


def captured_hours(
    objects: Objects, endpoint: Resource, begin: float, end: float
) -> Iterator[tuple[S3Uri, str]]:
    """Yield the prefixes that hold captures of a window. Blocks.

    Args:
        objects: S3 in the endpoint's region.
        endpoint: whose captures.
        begin: of the window, in seconds since the epoch; whole hours are taken.
        end: of the window.

    Yields:
        The prefix, and its path `<endpoint>/<variant>/yyyy/mm/dd/hh`.

    Raises:
        StorageError: S3 refuses, or does not answer.
    """
    for variant in variants_of(endpoint.plan):
        place = destination(endpoint.plan["capture"], endpoint.name, variant.name)
        for hour in _hours(begin, end):
            if _holds(objects, place.below(hour)):
                yield place.below(hour), f"{endpoint.name}/{variant.name}/{hour}"


def labelled_hours(
    objects: Objects, prefix: S3Uri, begin: float, end: float
) -> Iterator[tuple[S3Uri, str]]:
    """Yield the prefixes that hold ground truth of a window, each with `yyyy/mm/dd/hh`. Blocks.

    Raises:
        StorageError: S3 refuses, or does not answer.
    """
    for hour in _hours(begin, end):
        if _holds(objects, prefix.below(hour)):
            yield prefix.below(hour), hour


def _hours(begin: float, end: float) -> Iterator[str]:
    hour = begin // HOUR * HOUR
    while hour < end:
        yield datetime.fromtimestamp(hour, UTC).strftime("%Y/%m/%d/%H")
        hour += HOUR


def _holds(objects: Objects, prefix: S3Uri) -> bool:
    folder = S3Uri(prefix.bucket, f"{prefix.key}/")
    try:
        return bool(patiently(lambda: objects.keys(folder, limit=1)))
    except ObjectMissingError:
        return False
