"""What is known of one inference, as named values: the columns that a baseline is made of.

    of the answer            confidence, entropy, margin, passed, predicted_class
    of an image              width, height, brightness, contrast, sharpness, colourfulness,
                             red, green, blue
    of a CSV or JSON body    _c0, _c1, ... or the document's own names, nested ones with dots

A source of features is a function from a capture to such values; `SOURCES` lists them. An
embedding of the model's own is one more source, once a server gives one.
"""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from scones.monitor import pictures
from scones.monitor.capture import Capture

type Value = int | float | str | None
type Features = dict[str, Value]

_BODY_MAX_BYTES = 1 << 20  # a table's row is smaller; what is larger is no row
_COLUMNS_MAX = 1_000


def features(capture: Capture, classes: Sequence[str], threshold: float) -> Features:
    """Return the values of one capture.

    Args:
        capture: The capture.
        classes: Class names in index order.
        threshold: Least confidence that passes.

    Returns:
        Values by name. What cannot be known of this capture is left out: an answer that is not
        a list of this many probabilities has no confidence, a body that is no image no size.
    """
    found = answer(capture, classes, threshold)
    for source in SOURCES:
        found |= source(capture)
    return found


def answer(capture: Capture, classes: Sequence[str], threshold: float) -> Features:
    """Values of a classifier's answer.

    Returns:
        `confidence`: the largest probability; `entropy`: of all, in bits, 0 where one is 1;
        `margin`: the largest less the second; `passed`: "yes" or "no"; `predicted_class`.
    """
    found = capture.probabilities
    if found is None or len(found) != len(classes) or capture.predicted is None:
        return {}
    first, second = sorted(found, reverse=True)[:2]
    return {
        "confidence": first,
        "entropy": entropy(found),
        "margin": first - second,
        "passed": "yes" if first >= threshold else "no",
        "predicted_class": classes[capture.predicted],
    }


def entropy(probabilities: Sequence[float]) -> float:
    """Shannon's entropy in bits, of probabilities that add up to about 1."""
    return -sum(p * math.log2(p) for p in probabilities if p > 0) + 0.0


def image(capture: Capture) -> Features:
    """Values of a body that is a PNG or JPEG image."""
    if not (capture.input or b"").startswith((b"\x89PNG", b"\xff\xd8")):
        return {}
    return dict(pictures.measure(capture.input) or {})


def table(capture: Capture) -> Features:
    """Values of a body that is one CSV row, a JSON list or a JSON object."""
    body = capture.input
    if body is None or len(body) > _BODY_MAX_BYTES:
        return {}
    kind = (capture.content_type or "").partition(";")[0].strip().lower()
    try:
        if kind == "text/csv":
            row = next(csv.reader([body.decode().strip()]), [])
            return _limited((f"_c{n}", cell(text)) for n, text in enumerate(row))
        if kind == "application/json":
            return _limited(flat(json.loads(body), ""))
    except (ValueError, RecursionError, csv.Error):
        pass
    return {}


SOURCES: tuple[Callable[[Capture], Features], ...] = (image, table)


def _limited(pairs: Iterator[tuple[str, Value]]) -> Features:
    """The first columns; a body of more is no row of a table."""
    return dict(pair for pair, _ in zip(pairs, range(_COLUMNS_MAX), strict=False))


def cell(text: str) -> Value:
    """Return a CSV field as a number if it is one; an empty one is missing."""
    text = text.strip()
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return text or None


def flat(value: object, name: str) -> Iterator[tuple[str, Value]]:
    """Yield a JSON document's leaves, each with the way to it: `a.b`, `_c0` for a list's first."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{name}._c{number}" if name else f"_c{number}")
    elif isinstance(value, bool):
        yield name or "_c0", str(value).lower()
    elif isinstance(value, float) and not math.isfinite(value):
        yield name or "_c0", None
    elif value is None or isinstance(value, int | float | str):
        yield name or "_c0", value
