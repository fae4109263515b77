"""Captures made for a test, and where handmade capture files lie."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from scones.monitor.capture import Capture, CaptureLog

DATA = Path(__file__).parent / "data"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def png(colour: str = "teal", side: int = 8) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(target, format="PNG")
    return target.getvalue()


def capture(
    number: int,
    *probabilities: float,
    inference_id: str | None = None,
    body: bytes | None = None,
    time: datetime | None = None,
) -> Capture:
    return Capture(
        event_id=f"event-{number}",
        inference_id=inference_id,
        time=time or START + timedelta(seconds=number),
        input=png() if body is None else body,
        content_type="image/png",
        probabilities=probabilities or None,
        where=f"a.jsonl:{number}",
    )


def log(captures: Sequence[Capture]) -> CaptureLog:
    return CaptureLog("s3://bucket/data_capture/scones", 1, tuple(captures), ())
