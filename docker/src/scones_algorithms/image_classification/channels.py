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

LIST_OF: Final = {"train": "train_lst", "validation": "validation_lst"}
CLASS_ID: Final = "label-format=class-id"
MULTI_HOT: Final = "label-format=multi-hot"


class Format(Enum):
    """How images and labels come."""

    IMAGES = "images with a list file"
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


def has_class_ids(channel: Channel) -> bool:
    """Whether the content type says that several labels are written as class indices."""
    return CLASS_ID in _parameters(channel)


def channel_problems(channels: Mapping[str, Channel]) -> list[str]:
    """Tell what keeps these channels from being a job's, one sentence per problem."""
    known = {*LIST_OF, *LIST_OF.values(), MODEL_CHANNEL, PRETRAINED}
    found = [
        f"channel {name} is unknown: there are {', '.join(sorted(known))}"
        for name in sorted(set(channels) - known)
    ]
    for images, listing in LIST_OF.items():
        if images in channels:
            found += _image_problems(channels[images], listing in channels)
        elif images == "train" or listing in channels:
            found.append(f"channel {images} is missing")
            if images == "train" and listing not in channels:
                found.append(f"channel {listing} is missing, unless train is RecordIO")
    if MODEL_CHANNEL in channels and channels[MODEL_CHANNEL].media_type not in ("", MODEL_TYPE):
        found.append(f"channel model: content type must be {MODEL_TYPE}")
    return found


def _image_problems(channel: Channel, listed: bool) -> list[str]:
    found = [
        f"channel {channel.name}: {parameter!r} is unknown: use {MULTI_HOT} or {CLASS_ID}"
        for parameter in _parameters(channel)
        if parameter not in ("", CLASS_ID, MULTI_HOT)
    ]
    form, listing = format_of(channel), LIST_OF[channel.name]
    if form is None and channel.input_mode == "Pipe":
        found.append(
            f"channel {channel.name}: Pipe mode takes {RECORDIO_TYPE}, or an augmented manifest "
            "with RecordWrapperType RecordIO: use File for images with a list file"
        )
    elif form is None:
        found.append(
            f"channel {channel.name}: content type {channel.content_type} is not supported: "
            f"use {RECORDIO_TYPE} or {', '.join(IMAGE_TYPES)}"
        )
    elif form is Format.IMAGES and not listed:
        found.append(f"channel {listing} is missing: images of channel {channel.name} need it")
    elif form is not Format.IMAGES and listed:
        found.append(f"channel {listing} belongs to images: channel {channel.name} is {form.value}")
    return found


def _parameters(channel: Channel) -> list[str]:
    _, _, rest = channel.content_type.partition(";")
    return [part.replace(" ", "").lower() for part in rest.split(";")]
