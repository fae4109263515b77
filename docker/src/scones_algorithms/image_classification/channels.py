"""Which channels a job brings: image format for now, a folder of images and its list file."""

from collections.abc import Mapping

from scones_algorithms.container import Channel

IMAGE_TYPES = ("application/x-image", "image/png", "image/jpeg")
LIST_OF = {"train": "train_lst", "validation": "validation_lst"}


def channel_problems(channels: Mapping[str, Channel]) -> list[str]:
    """Tell what keeps these channels from being image format, one sentence per problem."""
    known = {*LIST_OF, *LIST_OF.values()}
    found = [
        f"channel {name} is not supported: this version reads {', '.join(sorted(known))}"
        for name in sorted(set(channels) - known)
    ]
    for images, listing in LIST_OF.items():
        if images == "train" or images in channels or listing in channels:
            found += [
                f"channel {name} is missing: images come with train and train_lst, and both "
                "of validation and validation_lst or neither"
                for name in (images, listing)
                if name not in channels
            ]
    for channel in channels.values():
        if channel.name in LIST_OF and channel.content_type not in ("", *IMAGE_TYPES):
            found.append(
                f"channel {channel.name}: content type {channel.content_type} is not supported "
                f"yet: use {', '.join(IMAGE_TYPES)}"
            )
        if channel.input_mode == "Pipe":
            found.append(f"channel {channel.name}: Pipe mode is not supported yet: use File")
    return found
