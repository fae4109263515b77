"""A report on drawings with all there is on it: for the browser's test and for the docs' pictures.

    python -m tests.scones.monitor.showcase docs/images

writes the docs' pictures anew, by the Chromium of this machine. Images are drawn, confidences are
random numbers: nothing in them says anything about a model.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from scones.monitor import Report, write_report
from scones.monitor.baseline import Baseline, suggest
from scones.monitor.capture import Capture, CaptureLog
from scones.monitor.survey import profile
from tests.scones.monitor import chromium

CLASSES = ("bicycle", "motorcycle")
THRESHOLD = 0.93
SIDE = 48
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
DESK, PHONE = 1120, 390


def drawing(rng: np.random.Generator, label: int) -> Image.Image:
    """Two wheels and a frame; a motorcycle has a tank and fat tyres."""
    sky = tuple(int(v) for v in rng.integers(170, 235, 3))
    picture = Image.new("RGB", (4 * SIDE, 4 * SIDE), sky)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 140, 192, 192), fill=tuple(int(v) for v in rng.integers(90, 150, 3)))
    ink = tuple(int(v) for v in rng.integers(10, 110, 3))
    width = 14 if label else 5
    shift = int(rng.integers(-10, 11))
    for middle in (52, 140):
        x = middle + shift
        draw.ellipse((x - 34, 94, x + 34, 162), outline=ink, width=width)
    frame = [(52, 128), (84, 84), (120, 84), (140, 128), (96, 128), (84, 84)]
    draw.line([(x + shift, y) for x, y in frame], fill=ink, width=width)
    draw.line([(120 + shift, 84), (128 + shift, 62), (146 + shift, 62)], fill=ink, width=width)
    if label:
        draw.ellipse((78 + shift, 66, 124 + shift, 96), fill=ink)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def captures(
    rng: np.random.Generator, count: int, start: datetime, *, later: bool
) -> Iterator[tuple[Capture, int]]:
    """A day's captures; the later ones get darker, blurred and less sure towards the evening."""
    for number in range(count):
        label = int(rng.random() < (0.62 if later else 0.5))
        decline = max(0.0, number / count - 0.45) if later else 0.0
        picture = ImageEnhance.Brightness(drawing(rng, label)).enhance(1 - 0.9 * decline)
        picture = picture.filter(ImageFilter.GaussianBlur(1.6 * decline))
        content = io.BytesIO()
        picture.save(content, "PNG")
        sure = float(rng.beta(16 - 20 * decline, 1)) / 2 + 0.5
        right = rng.random() < 0.35 + 0.64 * sure
        said = label if right else 1 - label
        yield (
            Capture(
                event_id=f"{start:%m%d}-{number:04d}",
                inference_id=f"gate-{1 + number % 3}/{number:04d}.png",
                time=start + timedelta(hours=14 * number / count),
                input=content.getvalue(),
                content_type="image/png",
                probabilities=(sure, 1 - sure) if said == 0 else (1 - sure, sure),
                where=f"{number}",
            ),
            label,
        )


def make_report(folder: Path, count: int = 420) -> Report:
    """Write it."""
    rng = np.random.default_rng(7)
    usual = [item for item, _ in captures(rng, 600, START - timedelta(days=7), later=False)]
    later = list(captures(rng, count, START, later=True))
    statistics = profile(CaptureLog("", 1, tuple(usual), ()), CLASSES, THRESHOLD)
    source = "s3://BUCKET/data_capture/scones-classifier"
    return write_report(
        CaptureLog(source, 14, tuple(item for item, _ in later), ()),
        folder,
        classes=CLASSES,
        threshold=THRESHOLD,
        labels={item.inference_id or "": label for item, label in later[::2]},
        data_kind="drawings",
        title="scones-classifier",
        baseline=Baseline("s3://BUCKET/monitoring/baseline", statistics, suggest(statistics)),
    )


def main() -> None:
    program = chromium.find()
    if program is None:
        sys.exit("no chromium on this machine: install it to draw the pictures")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scones-showcase-") as name:
        report = make_report(Path(name))
        browser = chromium.Browser(program, Path(name) / "profile")
        for picture, width, height, dark in (
            ("report", DESK, 1500, False),
            ("report-dark", DESK, 1500, True),
            ("report-phone", PHONE, 1500, False),
        ):
            browser.open(report.html, width=width, height=height, dark=dark)
            taken = Image.open(io.BytesIO(browser.screenshot(whole=False))).convert("RGB")
            small(taken).save(target / f"{picture}.png", optimize=True)
        browser.close()
        for plot in ("drift", "wrong-answers"):
            with Image.open(report.html.with_name(f"{plot}.png")) as opened:
                shown = opened.convert("RGB")
                shown.thumbnail((720, 900), Image.Resampling.LANCZOS)
                small(shown).save(target / f"monitor-{plot}.png", optimize=True)


def small(picture: Image.Image) -> Image.Image:
    """In 192 colours, which takes a third of the bytes."""
    return picture.quantize(192, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()
