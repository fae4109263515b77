"""Asks an endpoint about many pictures at once, marked so that reports leave them out."""

import io
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

import numpy as np
from botocore.exceptions import ClientError, EndpointConnectionError
from PIL import Image

from scones.aws import Aws
from scones.errors import EndpointError
from scones.monitor.capture import PROBE_PREFIX
from scones.monitor.payload import probabilities

type Answer = Callable[[Iterable[np.ndarray]], Iterator[tuple[float, ...]]]
"""Pictures of (height, width, 3) in, the probabilities of each out, in the same order."""

AT_ONCE = 8  # below boto3's default of ten pooled connections


class Endpoint:
    """An endpoint of a classifier, as an `Answer`.

    Args:
        aws: The session.
        name: The endpoint's.
    """

    def __init__(self, aws: Aws, name: str) -> None:
        self._runtime = aws.client("sagemaker-runtime")
        self._name = name

    def __call__(self, pictures: Iterable[np.ndarray]) -> Iterator[tuple[float, ...]]:
        """Yield the probabilities of each picture, in order.

        Raises:
            EndpointError: The endpoint is not there, fails, or answers something else.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for some in batched(pictures, AT_ONCE, strict=False):
                yield from pool.map(self._ask, some)

    def _ask(self, pixels: np.ndarray) -> tuple[float, ...]:
        try:
            answer = self._runtime.invoke_endpoint(
                EndpointName=self._name,
                Body=_png(pixels),
                ContentType="image/png",
                Accept="application/json",
                InferenceId=PROBE_PREFIX + uuid.uuid4().hex,
            )["Body"].read()
        except EndpointConnectionError as error:
            raise EndpointError(f"nothing serves endpoint '{self._name}': {error}") from error
        except ClientError as error:
            message = error.response["Error"]["Message"]
            raise EndpointError(f"endpoint '{self._name}' refused a picture: {message}") from error
        found = probabilities(answer)
        if found is None:
            shown = answer[:80].decode(errors="replace")
            raise EndpointError(
                f"endpoint '{self._name}' answers {shown!r}, which is no list of probabilities: "
                "only classifiers can be explained"
            )
        return found


def _png(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format="PNG", compress_level=1)
    return target.getvalue()
