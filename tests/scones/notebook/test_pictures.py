import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones.errors import UsageError
from scones.etl.drawings import Drawings
from scones.etl.staging import stage
from scones.monitor.figures import Figures
from scones.monitor.report import Report
from scones.notebook import Epoch, Picture, grid, learning_curves, plots, samples, show
from tests.scones.monitor.records import capture, log


def png(path: Path, size: tuple[int, int], colour: str) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.png)).convert("RGB")


def colours(picture: Picture) -> set[tuple[int, ...]]:
    return {tuple(map(int, colour)) for colour in np.unique(_flat(picture), axis=0)}


def _flat(picture: Picture) -> np.ndarray:
    return np.asarray(opened(picture)).reshape(-1, 3)


def test_jupyter_is_given_the_picture_its_width_and_what_it_shows(tmp_path: Path) -> None:
    picture = show(png(tmp_path / "a-plot.png", (300, 20), "red"), width=200)
    content, metadata = picture._repr_mimebundle_()
    assert base64.b64decode(content["image/png"]) == picture.png
    assert content["text/plain"] == "a plot"
    assert metadata == {"image/png": {"width": 200, "alt": "a plot"}}


def test_a_picture_is_not_blown_up(tmp_path: Path) -> None:
    assert show(png(tmp_path / "small.png", (30, 20), "red")).width == 30


def test_files_are_shown_side_by_side(tmp_path: Path) -> None:
    one = png(tmp_path / "one.png", (40, 20), "red")
    other = png(tmp_path / "other.png", (30, 50), "blue")
    row = opened(show(one, other))
    assert row.size == (40 + 24 + 30, 50)
    assert row.getpixel((0, 0)) == (255, 0, 0)
    assert row.getpixel((0, 49)) == (255, 255, 255)
    assert row.getpixel((93, 49)) == (0, 0, 255)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no picture .*gone\.png"):
        show(tmp_path / "gone.png")
    with pytest.raises(UsageError, match="no picture is named"):
        show()


def test_a_plot_that_the_report_does_not_have_is_named_with_those_it_has(tmp_path: Path) -> None:
    files = tuple(png(tmp_path / f"{n}.png", (8, 8), "red") for n in ("drift", "drift-dark"))
    figures = Figures.of(log([capture(1, 0.9, 0.1)]), ("bicycle", "motorcycle"), 0.5, None)
    report = Report(tmp_path / "report.html", files, {}, figures, None)
    assert opened(plots(report, "drift")).size == (8, 8)
    with pytest.raises(UsageError, match=r"no plot 'classes'; it has drift$"):
        plots(report, "drift", "classes")


def test_samples_are_a_row_of_images_per_class(tmp_path: Path) -> None:
    dataset = stage(
        Drawings(train=10, test=3), ("bicycle", "motorcycle"), tmp_path,
        validation_fraction=0.1, seed=0,
    )  # fmt: skip
    picture = samples(dataset, "test", columns=8)
    assert picture.text == "images of bicycle, motorcycle"
    narrow = opened(samples(dataset, "test", columns=2))
    assert opened(picture).width > narrow.width  # three images, though eight were asked for
    assert len(colours(picture)) > 100  # colours of images, not of an empty frame


def test_an_image_may_be_bytes(tmp_path: Path) -> None:
    red = png(tmp_path / "red.png", (4, 4), "red")
    assert (255, 0, 0) in colours(grid({"bytes": [red.read_bytes()]}))
    assert (255, 0, 0) in colours(grid({"file": [red], "bytes": [red.read_bytes(), red]}))


def test_no_images_are_an_error() -> None:
    with pytest.raises(UsageError, match="no images"):
        grid({"nothing": []})


def test_learning_curves_are_drawn_for_what_was_logged() -> None:
    whole = [Epoch(1, 0.5, 0.4), Epoch(2, 0.7, 0.6)]
    both, one = learning_curves(whole), learning_curves([Epoch(1, None, 0.4), Epoch(2, None, 0.6)])
    assert both.text == "accuracy over 2 epochs"
    blue = (0, 114, 178)
    assert blue in colours(both)
    assert blue not in colours(one)
    with pytest.raises(UsageError, match="no epochs"):
        learning_curves([])
