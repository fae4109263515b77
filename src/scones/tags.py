"""Tags: by them `destroy` and a bill find what belongs to a project."""

from collections.abc import Mapping


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags in the form of most of AWS's APIs: a list of Key and Value."""
    return [{"Key": name, "Value": value} for name, value in tags.items()]
