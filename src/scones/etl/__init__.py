"""Images become folders, and folders become an S3 bucket's content.

    opening   an archive, a folder, a download, or drawings ──▶ a Source
    archive   the download: resumed, checked, renamed when whole
    cifar     the archive's pickles ──▶ labelled images (pickles: what they may contain)
    folder    a person's own files ──▶ labelled images
    drawings  a seed ──▶ labelled images that are no photographs
    staging   Source ──▶ split ──▶ PNG files, train.lst, validation.lst, test.lst, dataset.json
    im2rec    the staged Dataset ──▶ train.rec, validation.rec (RecordIO), where asked for
    upload    the staged Dataset ──▶ S3: train/, validation/, test/ and the list files

`stage` and `upload` are safe to repeat: a second run with the same inputs changes nothing.
"""
