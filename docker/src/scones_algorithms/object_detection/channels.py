"""Which channels a job brings, and in which of the built-in's forms."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from scones_algorithms.container import (
    IMAGE_TYPES,
    MODEL_CHANNEL,
    MODEL_TYPE,
    PRETRAINED,
    RECORDIO_TYPE,
    Channel,
)

ANNOTATION_OF: Final = {"train": "train_annotation", "validation": "validation_annotation"}


class Format(Enum):
    """How images and boxes come."""

    IMAGES = "images with annotation files"
    RECORDIO = "RecordIO"
    MANIFEST = "augmented manifest"


def format_of(channel: Channel) -> Format | None:
    """Tell the form of a channel; None where it has none that is known.

    An augmented manifest comes as a pipe whose parts are wrapped in RecordIO, whatever type it is
    given; RecordIO files in a pipe come as they are.
    """
    kind = channel.media_type
    if kind not in ("", RECORDIO_TYPE, *IMAGE_TYPES):
        return None
    if channel.input_mode == "Pipe":
        if channel.record_wrapper == "RecordIO":
            return Format.MANIFEST
        return Format.RECORDIO if kind == RECORDIO_TYPE else None
    return Format.RECORDIO if kind == RECORDIO_TYPE else Format.IMAGES


def channel_problems(channels: Mapping[str, Channel]) -> list[str]:
    """Tell what keeps these channels from being a job's, one sentence per problem."""
    known = {*ANNOTATION_OF, *ANNOTATION_OF.values(), MODEL_CHANNEL, PRETRAINED}
    found = [
        f"channel {name} is unknown: there are {', '.join(sorted(known))}"
        for name in sorted(set(channels) - known)
    ]
    for images, annotation in ANNOTATION_OF.items():
        if images in channels:
            found += _image_problems(channels[images], annotation in channels)
        elif images == "train" or annotation in channels:
            found.append(f"channel {images} is missing")
    if MODEL_CHANNEL in channels and channels[MODEL_CHANNEL].media_type not in ("", MODEL_TYPE):
        found.append(f"channel {MODEL_CHANNEL}: content type must be {MODEL_TYPE}")
    return found


def _image_problems(channel: Channel, annotated: bool) -> list[str]:
    form, annotation = format_of(channel), ANNOTATION_OF[channel.name]
    if form is None and channel.input_mode == "Pipe":
        return [
            f"channel {channel.name}: Pipe mode takes {RECORDIO_TYPE}, or an augmented manifest "
            "with RecordWrapperType RecordIO: use File for images with annotation files"
        ]
    if form is None:
        return [
            f"channel {channel.name}: content type {channel.content_type} is not supported: "
            f"use {RECORDIO_TYPE} or {', '.join(IMAGE_TYPES)}"
        ]
    if form is Format.IMAGES and not annotated:
        return [f"channel {annotation} is missing: images of channel {channel.name} need it"]
    if form is not Format.IMAGES and annotated:
        return [f"channel {annotation} belongs to images: channel {channel.name} is {form.value}"]
    return []
