"""Makes an S3 prefix hold exactly the staged scenes."""

from typing import Any

from scones.detection.staged import DOCUMENT, StagedScenes
from scones.etl.dataset import SPLITS
from scones.etl.mirror import item, mirror
from scones.progress import SILENT, Reporter

PREFIX = "detection/"
CHANNELS = ("train", "validation", "train_annotation", "validation_annotation")


def upload(
    s3_client: Any, staged: StagedScenes, bucket: str, *, reporter: Reporter = SILENT
) -> dict[str, str]:
    """Upload what differs, remove what is no longer there.

    Args:
        s3_client: boto3 S3 client.
        staged: What was staged.
        bucket: Bucket name.
        reporter: Receives progress in objects.

    Returns:
        S3 URI by channel of what a training job reads.

    Raises:
        DataError: S3 refused, or does not answer.
    """
    folders = [*SPLITS, *(f"{split}_annotation" for split in SPLITS)]
    objects = [
        item(f"{PREFIX}{folder}/{file.name}", file)
        for folder in folders
        for file in sorted((staged.directory / folder).iterdir())
    ]
    documents = [item(PREFIX + DOCUMENT, staged.document)]
    places = [*(f"{PREFIX}{folder}/" for folder in folders), PREFIX + DOCUMENT]
    mirror(s3_client, bucket, objects, documents, places, reporter=reporter)
    return {channel: f"s3://{bucket}/{PREFIX}{channel}/" for channel in CHANNELS}
