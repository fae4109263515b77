"""Pictures that a notebook shows under a cell, drawn as the reports are."""

import base64
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from scones.drawing.theme import LIGHT
from scones.errors import UsageError
from scones.etl.dataset import Dataset
from scones.etl.source import Split
from scones.monitor.report import Report
from scones.notebook.epochs import Epoch

COLUMN_PIXELS = 880
"""Width of a notebook's cell, for what fills it."""
GAP_PIXELS = 24
_DPI = 160
_CELL_INCHES = 0.82


@dataclass(frozen=True, slots=True)
class Picture:
    """One PNG picture; Jupyter shows it where it is a cell's last value.

    Attributes:
        png: The file's content.
        text: What it shows, for those who cannot see it.
        width: Pixels that it takes in the notebook.
    """

    png: bytes = field(repr=False)
    text: str
    width: int = COLUMN_PIXELS

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, dict[str, int | str]]]:
        """The picture and its size, in the form that IPython asks for."""
        content = {"image/png": base64.b64encode(self.png).decode(), "text/plain": self.text}
        return content, {"image/png": {"width": self.width, "alt": self.text}}


def show(*files: Path, width: int = COLUMN_PIXELS) -> Picture:
    """Show PNG files side by side.

    Args:
        files: One or more.
        width: Pixels that they take together.

    Raises:
        UsageError: None is given, or one is not there.
    """
    missing = next((file for file in files if not file.is_file()), None)
    if missing is not None or not files:
        raise UsageError(f"there is no picture {missing}" if missing else "no picture is named")
    pictures = [_opened(file) for file in files]
    row = Image.new(
        "RGB",
        (sum(p.width for p in pictures) + GAP_PIXELS * (len(pictures) - 1),
         max(p.height for p in pictures)),
        LIGHT.paper,
    )  # fmt: skip
    left = 0
    for picture in pictures:
        row.paste(picture, (left, 0))
        left += picture.width + GAP_PIXELS
    return _picture(row, " and ".join(file.stem.replace("-", " ") for file in files), width)


def plots(report: Report, *names: str, width: int = COLUMN_PIXELS) -> Picture:
    """Show plots of a report side by side, on light paper.

    Args:
        report: The report.
        names: Such as `confidence-over-time`; docs/07-monitor.md lists them.
        width: Pixels that they take together.

    Raises:
        UsageError: The report has no such plot.
    """
    there = {file.stem: file for file in report.plots}
    for name in names:
        if name not in there:
            known = ", ".join(stem for stem in there if not stem.endswith("-dark"))
            raise UsageError(f"the report has no plot '{name}'; it has {known}")
    return show(*(there[name] for name in names), width=width)


def samples(dataset: Dataset, split: Split = "train", columns: int = 10) -> Picture:
    """Show the first images of each class.

    Args:
        dataset: A staged dataset.
        split: Which of its splits.
        columns: Images per class.
    """
    entries = dataset.entries(split)
    rows = {}
    for label, name in enumerate(dataset.classes):
        mine = (dataset.channel(split) / entry.path for entry in entries if entry.label == label)
        rows[name] = list(itertools.islice(mine, columns))
    return grid(rows)


def grid(rows: Mapping[str, Sequence[Path | bytes]]) -> Picture:
    """Show rows of images, each with its name at the left.

    Args:
        rows: By name, image files or their contents.

    Raises:
        UsageError: There are no images.
    """
    columns = max((len(images) for images in rows.values()), default=0)
    if not columns:
        raise UsageError("there are no images to show")

    def draw(figure: Figure) -> None:
        cells = figure.subplots(len(rows), columns, squeeze=False)
        for axes in cells.flat:
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for line, (name, images) in zip(cells, rows.items(), strict=True):
            line[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
            for axes, image in zip(line, images, strict=False):
                axes.imshow(np.asarray(_opened(image)), interpolation="nearest")

    size = (1.2 + _CELL_INCHES * columns, _CELL_INCHES * len(rows))
    return _drawn(draw, size, "images of " + ", ".join(rows))


def learning_curves(epochs: Sequence[Epoch]) -> Picture:
    """Show accuracy against epoch, on the training and on the validation images.

    Args:
        epochs: As `read_epochs` returns them.

    Raises:
        UsageError: There are none.
    """
    if not epochs:
        raise UsageError("there are no epochs to draw: has the job trained, and logged it?")

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for name, colour, marker, values in (
            ("training images", LIGHT.passed, "o", [epoch.train for epoch in epochs]),
            ("validation images", LIGHT.failed, "D", [epoch.validation for epoch in epochs]),
        ):
            logged = [(e.number, v) for e, v in zip(epochs, values, strict=True) if v is not None]
            if logged:
                axes.plot(*zip(*logged, strict=True), color=colour, marker=marker, markersize=4,
                          linewidth=1.6, label=f"{name} (last {logged[-1][1]:.3f})")  # fmt: skip
        axes.set(xlabel="Epoch", ylabel="Accuracy", ylim=(0, 1.02))
        axes.set_xlim(0.5, epochs[-1].number + 0.5)
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(visible=True, axis="y")
        figure.legend(loc="outside upper left", ncols=2)

    return _drawn(draw, (5.6, 3.2), f"accuracy over {len(epochs)} epochs", width=620)


def _opened(image: Path | bytes) -> Image.Image:
    source = io.BytesIO(image) if isinstance(image, bytes) else image
    with Image.open(source) as opened:
        return opened.convert("RGB")


def _drawn(
    draw: Callable[[Figure], None],
    size: tuple[float, float],
    text: str,
    width: int = COLUMN_PIXELS,
) -> Picture:
    """Draw a figure of a size in inches, in the reports' light theme."""
    with matplotlib.rc_context(LIGHT.settings() | {"figure.dpi": _DPI}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        content = io.BytesIO()
        figure.savefig(content, format="png")
    return Picture(content.getvalue(), text, width)


def _picture(image: Image.Image, text: str, width: int) -> Picture:
    content = io.BytesIO()
    image.save(content, format="png", optimize=True)
    return Picture(content.getvalue(), text, min(width, image.width))
