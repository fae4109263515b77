"""DataCaptureConfig of a batch transform job: manifests of what went in and what came out.

    <DestinationS3Uri>/input/yyyy/mm/dd/hh/<uuid>.manifest      [{"prefix": ...}, "a.csv", ...]
    <DestinationS3Uri>/output/yyyy/mm/dd/hh/<uuid>.manifest     [{"prefix": ...}, "a.csv.out", ...]

The hour is the one in which the job began, in UTC. Source: "Capture data from batch transform job"
in the SageMaker developer guide, which does not say what the files are called.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from scones_localstack.sagemaker.objects import Objects, S3Uri, patiently

_CONTENT_TYPE = "application/json"


def write_manifest(
    objects: Objects, destination: S3Uri, side: str, moment: float, uris: Sequence[S3Uri]
) -> None:
    """Write the manifest of one side; blocks.

    Args:
        objects: S3.
        destination: of the captures.
        side: `input` or `output`.
        moment: when the job began, in seconds since the epoch.
        uris: what it lists, all in one bucket.
    """
    if not uris:
        return
    prefix = _common_folder([uri.key for uri in uris])
    entries = [uri.key.removeprefix(prefix) for uri in uris]
    document = [{"prefix": str(S3Uri(uris[0].bucket, prefix))}, *entries]
    hour = datetime.fromtimestamp(moment, UTC).strftime("%Y/%m/%d/%H")
    target = destination.below(f"{side}/{hour}/{uuid.uuid4()}.manifest")
    content = json.dumps(document).encode()
    patiently(lambda: objects.put(content, target, _CONTENT_TYPE))


def _common_folder(keys: Sequence[str]) -> str:
    """Return the longest prefix of all keys that ends with a slash."""
    first, last = min(keys), max(keys)
    same = next(
        (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first)
    )
    return first[: first.rfind("/", 0, same) + 1]
