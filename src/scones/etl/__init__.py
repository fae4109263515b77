"""Images become folders, and folders become an S3 bucket's content.

    opening   an archive, a folder, a download, or drawings ──▶ a Source
    archive   the download: resumed, checked, renamed when whole
    cifar     the archive's pickles ──▶ labelled images (pickles: what they may contain)
    folder    a person's own files ──▶ labelled images
    drawings  a seed ──▶ labelled images that are no photographs
    staging   Source ──▶ split ──▶ PNG files, train.lst, validation.lst, test.lst, dataset.json
    upload    the staged Dataset ──▶ S3: train/, validation/, test/ and the list files

`stage` and `upload` are safe to repeat: a second run with the same inputs changes nothing.
"""

from scones.etl.archive import UnreachableError
from scones.etl.dataset import NOT_PHOTOGRAPHS, Dataset, Entry, read_dataset
from scones.etl.opening import open_source
from scones.etl.source import Kind, LabelledImage, Source, Split
from scones.etl.staging import VALIDATION_FRACTION, stage
from scones.etl.upload import Uploaded, upload

__all__ = [
    "NOT_PHOTOGRAPHS",
    "VALIDATION_FRACTION",
    "Dataset",
    "Entry",
    "Kind",
    "LabelledImage",
    "Source",
    "Split",
    "UnreachableError",
    "Uploaded",
    "open_source",
    "read_dataset",
    "stage",
    "upload",
]
