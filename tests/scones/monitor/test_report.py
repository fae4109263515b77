"""The page stands alone, shows what was captured, trusts none of it, and is honest."""

import base64
import io
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.errors import DataError, UsageError
from scones.monitor import read_folder, write_report
from scones.monitor.baseline import Baseline, suggest
from scones.monitor.capture import BrokenLine, Capture, CaptureLog
from scones.monitor.survey import profile
from tests.scones.monitor.records import DATA, capture, log, png

CLASSES = ["bicycle", "motorcycle"]
CONFIDENCES = [0.55, 0.99, 0.7, 0.97, 0.95]


def some() -> list[Capture]:
    return [
        capture(n, value, 1 - value, inference_id=f"test/{n}.png")
        for n, value in enumerate(CONFIDENCES)
    ]


def write(directory: Path, captures: list[Capture] | None = None, **options: Any) -> Any:
    options = {"classes": CLASSES, "threshold": 0.93} | options
    return write_report(log(captures or some()), directory, **options)


class Page(HTMLParser):
    """Gathers a page's text, and the attributes by which a page loads something."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [
            value or "" for name, value in attrs if name in ("src", "srcset", "href", "data")
        ]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text = " ".join([self.text, *data.split()])


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))


def test_the_page_and_its_plots_are_written(tmp_path: Path) -> None:
    report = write(tmp_path / "a" / "b", labels={"test/0.png": 0})
    assert report.html == tmp_path / "a" / "b" / "report.html"
    names = {file.name for file in report.plots}
    stems = ("confidence-over-time", "confidence-histogram", "classes", "lowest-confidence")
    assert names == {
        f"{stem}{theme}.png"
        for stem in (*stems, "confusion-matrix", "reliability")
        for theme in ("", "-dark")
    }
    for file in report.plots:
        with Image.open(file) as plot:
            assert plot.width > 600


def test_the_page_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    page = Page(write(tmp_path).html)
    assert page.loads
    assert all(load.startswith("data:image/png;base64,") for load in page.loads)
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    source = (tmp_path / "report.html").read_text()
    assert "default-src 'none'" in source
    assert not re.search(r"https?://|url\(|@import", source)


def test_every_embedded_picture_is_one(tmp_path: Path) -> None:
    for load in Page(write(tmp_path).html).loads:
        decoded(load).verify()


def test_the_figures_are_on_the_page(tmp_path: Path) -> None:
    labels = {f"test/{n}.png": int(n == 1) for n in range(5)}
    report = write(tmp_path, labels=labels, title="Bay 7")
    text = Page(report.html).text
    assert "Bay 7" in text
    assert "60.0 %" in text
    assert "3 of 5" in text
    assert "80.0 %" in text  # accuracy, 4 of 5
    assert "37.6 to 96.4 %" in text  # its Wilson interval
    assert report.summary["accuracy"]["value"] == 0.8
    assert report.summary["records"] == 5


def test_the_lowest_come_first_on_the_wall_and_show_what_was_sent(tmp_path: Path) -> None:
    captures = [capture(n, c, 1 - c, body=png(colour)) for n, (c, colour) in enumerate(
        [(0.9, "red"), (0.6, "lime"), (0.75, "blue")]
    )]  # fmt: skip
    page = Page(write(tmp_path, captures).html)
    wall = [decoded(load) for load in page.loads if decoded(load).size == (8, 8)]
    colours = [picture.convert("RGB").getpixel((0, 0)) for picture in wall]
    assert colours == [(0, 255, 0), (0, 0, 255), (255, 0, 0)]
    with Image.open(tmp_path / "lowest-confidence.png") as plot:
        found = {tuple(colour) for colour in np.asarray(plot.convert("RGB")).reshape(-1, 3)}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255)} <= found


def test_wrong_answers_are_marked_on_the_wall(tmp_path: Path) -> None:
    text = Page(write(tmp_path, labels={"test/0.png": 1, "test/2.png": 0}).html).text
    assert text.count("wrong: motorcycle") == 2  # among the wrong, and among the lowest


def test_a_body_that_is_no_image_gets_an_empty_place_and_is_not_passed_on(tmp_path: Path) -> None:
    body = b"<svg onload='alert(1)'/>"
    page = Page(write(tmp_path, [capture(1, 0.9, 0.1, body=body)]).html)
    assert page.text.count("no image") == 1
    assert base64.b64encode(body).decode() not in "".join(page.loads)


def test_captured_text_cannot_become_part_of_the_page(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    captured = capture(1, 0.9, 0.1, inference_id=f'"{evil}')
    broken = CaptureLog(f"s3://b/{evil}", 1, (captured,), (BrokenLine(evil, evil),))
    report = write_report(
        broken, tmp_path, classes=[evil, "bus"], threshold=0.5, title=evil, data_kind="images"
    )
    assert "script" not in Page(report.html).tags
    assert "alert(1)" in Page(report.html).text


def test_a_page_on_drawings_says_so_at_its_top_and_wherever_it_says_accuracy(
    tmp_path: Path,
) -> None:
    report = write(tmp_path, data_kind="drawings", labels={"test/0.png": 0})
    text = Page(report.html).text
    assert text.index("about drawings made by a program, not about photographs") < text.index("%")
    assert "accuracy on 1 labelled drawings" in text
    assert "labelled photographs" not in text
    assert "not about photographs" in report.summary["note"]


def test_a_page_on_photographs_does_not_speak_of_drawings(tmp_path: Path) -> None:
    report = write(tmp_path, data_kind="photographs", labels={"test/0.png": 0})
    assert "drawings" not in Page(report.html).text
    assert "accuracy on 1 labelled photographs" in Page(report.html).text


def test_another_kind_of_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="data kind 'paintings' is none of photographs"):
        write(tmp_path, data_kind="paintings")


def test_broken_lines_are_on_the_page_and_told(tmp_path: Path) -> None:
    heard: list[str] = []

    class Heard:
        def note(self, message: str) -> None:
            heard.append(message)

        def progress(self, label: str, done: int, total: int | None, unit: str = "") -> None: ...

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_bytes((DATA / "broken.jsonl").read_bytes())
    report = write_report(
        read_folder(tmp_path / "in"),
        tmp_path,
        classes=CLASSES,
        threshold=0.5,
        reporter=Heard(),
    )
    assert report.summary["broken_lines"] == 6
    assert "a.jsonl:1 : not JSON" in Page(report.html).text
    assert [note.split(" (")[0] for note in heard] == [
        "6 broken lines, the first a.jsonl:1: not JSON"
    ]


def test_a_second_report_takes_the_place_of_the_first(tmp_path: Path) -> None:
    write(tmp_path, labels={"test/0.png": 0})
    write(tmp_path)
    assert "of 5" in Page(tmp_path / "report.html").text


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"cannot write a report in .*file"):
        write(tmp_path / "file")


def test_violations_drift_and_wrong_images_are_on_the_page(tmp_path: Path) -> None:
    usual = [capture(n, 0.9 + n % 9 / 100, 0.1 - n % 9 / 100) for n in range(300)]
    later = [
        capture(n, 0.6 + n % 9 / 100, 0.4 - n % 9 / 100, inference_id=f"{n}", body=png("black"))
        for n in range(300)
    ]
    statistics = profile(log(usual), CLASSES, 0.93)
    baseline = Baseline("kept/here", statistics, suggest(statistics))
    report = write(tmp_path, later, baseline=baseline, labels={"0": 1, "1": 0})
    page = Page(report.html)
    assert {"drift.png", "drift-dark.png", "reliability.png"} <= {f.name for f in report.plots}
    assert "CompletedWithViolations. 300 records against 300 of kept/here" in page.text
    comparison = report.summary["comparison"]
    for violation in comparison["violations"]:
        assert violation["description"] in page.text
    assert {"confidence", "brightness"} <= set(comparison["drifted"])
    assert "Wrong, the surest first (1)" in page.text
    assert page.text.count("wrong: motorcycle") == 2  # there, and among the least confident


def test_a_page_without_a_baseline_does_not_speak_of_one(tmp_path: Path) -> None:
    report = write(tmp_path)
    assert report.summary["comparison"] is None
    assert "baseline" not in Page(report.html).text


@pytest.mark.skipif("SCONES_TEST_DATA" not in os.environ, reason="SCONES_TEST_DATA is not set")
def test_captures_of_real_endpoints_are_all_drawn(tmp_path: Path) -> None:
    captured = read_folder(Path(os.environ["SCONES_TEST_DATA"]) / "data-capture")
    report = write_report(captured, tmp_path, classes=CLASSES, threshold=0.93)
    assert report.summary["files"] == 25
    assert report.summary["records"] == 38
    left_out = ("broken_lines", "unreadable_answers", "other_models")
    assert [report.summary[name] for name in left_out] == [0, 0, 0]
    shown = [decoded(load) for load in Page(report.html).loads]
    assert sum(max(picture.size) <= 128 for picture in shown) == 24, "the wall's images"
    for file in report.plots:
        with Image.open(file) as plot:
            colours = plot.convert("RGB").getcolors(1 << 20) or []
            assert len(colours) > 20, f"{file.name} is empty"
