"""Makes an S3 bucket hold exactly a staged dataset; `mirror` says how.

Lists go up after the images that they name, and old images go after the lists that named them:
whoever reads in between finds every image that a list names.
"""

from dataclasses import asdict, dataclass
from typing import Any

from scones.etl.dataset import DOCUMENT, SPLITS, Dataset
from scones.etl.mirror import Mirrored, item, mirror
from scones.progress import SILENT, Reporter


@dataclass(frozen=True, slots=True)
class Uploaded(Mirrored):
    """What an upload did, and where the channels are.

    Attributes:
        train, validation, test: S3 URIs of the images' prefixes, each ending in a slash.
        train_lst, validation_lst, test_lst: S3 URIs of the list files.
    """

    train: str
    validation: str
    test: str
    train_lst: str
    validation_lst: str
    test_lst: str

    @property
    def training_channels(self) -> dict[str, str]:
        """S3 URI by channel of what a training job reads, under the names of the algorithm."""
        names = ("train", "validation", "train_lst", "validation_lst")
        return {name: getattr(self, name) for name in names}


def upload(
    s3_client: Any,
    dataset: Dataset,
    bucket: str,
    *,
    prefix: str = "",
    reporter: Reporter = SILENT,
) -> Uploaded:
    """Make a bucket hold exactly this dataset.

    Args:
        s3_client: boto3 S3 client.
        dataset: What was staged.
        bucket: Bucket name.
        prefix: Put before every key; a slash is added where it lacks one.
        reporter: Receives progress in objects.

    Returns:
        Counts and S3 URIs.

    Raises:
        DataError: S3 refused, or does not answer.
    """
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    images = [
        item(f"{prefix}{split}/{entry.path}", dataset.channel(split) / entry.path)
        for split in SPLITS
        for entry in dataset.entries(split)
    ]
    files = [*(dataset.list_file(split) for split in SPLITS), dataset.document]
    documents = [item(prefix + file.name, file) for file in files]
    places = [f"{split}/" for split in SPLITS] + [f"{split}.lst" for split in SPLITS] + [DOCUMENT]
    done = mirror(
        *(s3_client, bucket, images, documents, [prefix + place for place in places]),
        reporter=reporter,
    )
    there = f"s3://{bucket}/{prefix}"
    return Uploaded(
        **asdict(done),
        train=f"{there}train/",
        validation=f"{there}validation/",
        test=f"{there}test/",
        train_lst=f"{there}train.lst",
        validation_lst=f"{there}validation.lst",
        test_lst=f"{there}test.lst",
    )
