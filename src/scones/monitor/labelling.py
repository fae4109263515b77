"""Sets captured images of low confidence aside in S3, for people to label.

    s3://BUCKET/labelling/ENDPOINT/TIME/images/<digest>.png
    s3://BUCKET/labelling/ENDPOINT/TIME/manifest.jsonl

The manifest is SageMaker Ground Truth's: a JSON document a line, the image under `source-ref`;
what else a line says is passed on to the labels. An image that was set aside before is not again.
Source: SageMaker's guide, "Use an Input Manifest File".
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from scones.errors import DataError
from scones.monitor.capture import Captures
from scones.monitor.keeping import ImageKeeper, Kept
from scones.progress import SILENT, Reporter

MANIFEST = "manifest.jsonl"
IMAGES_MAX = 1_000
"""More than that is more than people label at once; the least confident are taken."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """What was set aside.

    Attributes:
        images: How many images.
        before: How many had been set aside before, and were not again.
        manifest_uri: Where the manifest is; None where there was nothing new.
    """

    images: int
    before: int
    manifest_uri: str | None

    def as_json(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def set_aside(
    s3_client: Any,
    captures: Captures,
    bucket: str,
    prefix: str,
    *,
    classes: Sequence[str],
    threshold: float,
    time: datetime,
    limit: int = IMAGES_MAX,
    reporter: Reporter = SILENT,
) -> SetAside:
    """Copy the images of captures below the threshold, each content once.

    Args:
        s3_client: boto3 S3 client.
        captures: What was captured.
        bucket: Bucket to put them into.
        prefix: Of all times' folders, without a slash at its end.
        classes: Class names in index order; answers of another number are another model's.
        threshold: Least confidence that passes.
        time: Names this time's folder, in UTC.
        limit: Most images.
        reporter: Told how many are copied.

    Raises:
        DataError: Captures cannot be read, or S3 refuses.
    """
    with tempfile.TemporaryDirectory(prefix="scones-labelling-") as folder:
        keeper = ImageKeeper(Path(folder), limit)
        for capture in captures:
            confidence, predicted = capture.confidence, capture.predicted
            if confidence is None or predicted is None or confidence >= threshold:
                continue
            if len(capture.probabilities or ()) == len(classes):
                keeper.offer(confidence, capture.input, note=classes[predicted])
        try:
            there = _names(s3_client, bucket, f"{prefix}/")
            new = [item for item in keeper.items() if item.name not in there]
            before = len(keeper.items()) - len(new)
            if not new:
                return SetAside(0, before, None)
            place = f"{prefix}/{time:%Y%m%dT%H%M%SZ}"
            for done, item in enumerate(new, start=1):
                _put(s3_client, bucket, f"{place}/images/{item.name}", keeper.path(item))
                reporter.progress("images set aside", done, len(new), "images")
            text = "".join(_line(bucket, place, item) for item in new)
            s3_client.put_object(Bucket=bucket, Key=f"{place}/{MANIFEST}", Body=text.encode())
        except (ClientError, BotoCoreError) as error:
            raise DataError(
                f"cannot set images aside in s3://{bucket}/{prefix}: {error}"
            ) from error
    return SetAside(len(new), before, f"s3://{bucket}/{place}/{MANIFEST}")


def _line(bucket: str, place: str, item: Kept) -> str:
    document = {
        "source-ref": f"s3://{bucket}/{place}/images/{item.name}",
        "predicted": item.note,
        "confidence": item.rank,
    }
    return json.dumps(document) + "\n"


def _names(s3_client: Any, bucket: str, prefix: str) -> set[str]:
    """Names of the images that are in a manifest already, not of those of an interrupted copy."""
    pages = s3_client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    whole = {key.removesuffix(MANIFEST) for key in keys if key.endswith(f"/{MANIFEST}")}
    parts = (key.partition("images/") for key in keys)
    return {name for place, _, name in parts if place in whole}


def _put(s3_client: Any, bucket: str, key: str, file: Path) -> None:
    kind = "image/png" if file.suffix == ".png" else "image/jpeg"
    s3_client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes(), ContentType=kind)
