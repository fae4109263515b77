"""A model card is read from beside its model, completed by what is known, and shown."""

import hashlib
import io
import json
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scones.errors import DataError, TrainingError
from scones.etl.dataset import Dataset
from scones.jobs import TrainingRun, complete, summary, write_card
from scones.jobs.card import NOT_STAGED, _card_in
from scones.jobs.card_page import values

CARD = json.loads((Path(__file__).parent / "model-card.json").read_text())
URI = "s3://data/models/bakery-1/output/model.tar.gz"
RUN = TrainingRun(
    name="bakery-1",
    status="Completed",
    created=datetime(2026, 1, 2, tzinfo=UTC),
    stages={},
    hyperparameters={},
    metrics={},
    model_uri=URI,
    reason=None,
    image="bakery/oven:1",
)


def staged(folder: Path, side: int = 4, kind: Any = "photographs") -> Dataset:
    """Three images to train on, of two classes."""
    (folder / "train").mkdir(parents=True)
    rng = np.random.default_rng(1)
    lines = []
    for number, label in enumerate((0, 1, 1)):
        pixels = rng.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "train" / f"{number}.png")
        lines.append(f"{number}\t{label}\t{number}.png\n")
    (folder / "train.lst").write_text("".join(lines))
    counts = {"train": {"bun": 1, "roll": 2}, "validation": {}, "test": {}}
    return Dataset(
        *(folder, kind, "an archive", "md5:1", "f", ("bun", "roll"), counts),
        *(0, 0.1, "2026-01-02"),
    )


def told_of(dataset: Dataset, size: int) -> dict[str, Any]:
    """A card whose training images are those of a dataset, seen at a size."""
    card = json.loads(json.dumps(CARD))
    digest = hashlib.sha256(np.array([0, 1, 1], np.int64).tobytes())
    for number in range(3):
        with Image.open(dataset.directory / "train" / f"{number}.png") as image:
            digest.update(np.asarray(image).tobytes())
    card["training_details"]["training_job_details"]["training_datasets"][0] = (
        f"channel train: 3 images of {size} x {size} pixels (1 of class 0, 2 of class 1), "
        f"SHA-256 of labels and pixels {digest.hexdigest()}"
    )
    return card


def said(card: dict[str, Any]) -> dict[str, str]:
    return card["additional_information"]["custom_details"]


def archive(**files: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as members:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("_", "-") + ".json")
            member.size = len(text)
            members.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def test_a_card_says_where_its_images_come_from_and_under_which_licence(tmp_path: Path) -> None:
    dataset = staged(tmp_path)
    card = complete(told_of(dataset, 4), RUN, dataset)
    assert said(card)["source"] == "an archive; md5:1"
    assert said(card)["licence of the images"] == "CIFAR-100 (Krizhevsky 2009) states no licence"
    assert card["model_overview"]["model_artifact"] == [URI]
    environment = card["training_details"]["training_job_details"]["training_environment"]
    assert environment == {"container_image": ["bakery/oven:1"]}
    axes = [
        m["x_axis_name"]
        for e in card["evaluation_details"]
        for g in e["metric_groups"]
        for m in g["metric_data"]
        if m["name"] in ("train", "confusion")
    ]
    assert axes == [["bun", "roll"]] * 2
    assert "source" not in said(CARD)


@pytest.mark.parametrize(
    ("kind", "licence"),
    [("images", "unknown: ask whoever"), ("drawings", "drawn by scones")],
)
def test_other_images_have_another_licence(tmp_path: Path, kind: str, licence: str) -> None:
    dataset = staged(tmp_path, kind=kind)
    card = complete(told_of(dataset, 4), RUN, dataset)
    assert said(card)["licence of the images"].startswith(licence)
    assert ("note" in said(card)) is (kind == "drawings")


def test_a_card_does_not_claim_images_that_its_job_has_not_had(tmp_path: Path) -> None:
    dataset = staged(tmp_path)
    card = told_of(dataset, 4)
    Image.new("RGB", (4, 4), "white").save(tmp_path / "train" / "0.png")
    for found in (
        complete(card, RUN, dataset),
        complete(CARD, RUN, dataset),
        complete(card, RUN, None),
    ):
        assert said(found)["source"] == NOT_STAGED
        assert said(found)["licence of the images"] == "not stated by the job"


def test_images_that_were_brought_to_size_are_known_by_their_numbers(tmp_path: Path) -> None:
    dataset = staged(tmp_path, side=9)
    card = told_of(dataset, 4)
    assert said(complete(card, RUN, dataset))["source"] == "an archive; md5:1"


def test_the_page_holds_all_that_the_card_says_and_both_plots(tmp_path: Path) -> None:
    page = write_card(complete(CARD, RUN, None), tmp_path / "new")
    text = page.read_text()
    for wanted in (
        "93.0 %",
        "86.3 % to 96.6 %",
        "60 of 62",
        "0.032",
        "ca5fbfa7faa467a13d705777d84f10125bdccdf7bc44179159240d8f0958d707",
        "CIFAR-100 (Krizhevsky 2009) states none",
        URI,
    ):
        assert wanted in text
    assert len(re.findall('src="data:image/png', text)) == 2
    assert "http" not in text.replace("http-equiv", "")
    assert json.loads((tmp_path / "new" / "model-card.json").read_text())["model_overview"]
    for name in ("confusion-matrix", "reliability-dark"):
        with Image.open(tmp_path / "new" / f"{name}.png") as picture:
            colours = picture.convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 20


def test_every_hyperparameter_is_shown_with_its_origin() -> None:
    found = {name: (value, origin) for name, value, origin in values(CARD)}
    assert found["num_classes"] == ("2", "given")
    assert found["epochs"] == ("10", "recipe")
    assert found["gamma"] == ("0.9", "default")
    assert {origin for _, origin in found.values()} == {"given", "recipe", "default"}


def test_the_summary_says_accuracy_with_its_interval_and_the_licence() -> None:
    text = summary(complete(CARD, RUN, None))
    assert "0.930 (0.863 to 0.966), 93 of 100 validation images" in text
    assert "0.968 (0.890 to 0.991), 60 of 62 of them" in text
    assert "base network wide-cifar78-v2" in text


def test_a_card_of_a_job_without_validation_images_has_no_figures(tmp_path: Path) -> None:
    card = CARD | {"evaluation_details": CARD["evaluation_details"][:1]}
    assert "accuracy" not in summary(complete(card, RUN, None))
    assert "calibration error" not in write_card(complete(card, RUN, None), tmp_path).read_text()


def test_a_card_is_found_among_what_a_job_left() -> None:
    assert _card_in(archive(plot="x", model_card='{"a": 1}'), RUN) == {"a": 1}
    with pytest.raises(TrainingError, match=r"'bakery-1' left no model-card\.json in output"):
        _card_in(archive(plot="x"), RUN)
    with pytest.raises(DataError, match="cannot be read"):
        _card_in(archive(model_card="{"), RUN)
    with pytest.raises(DataError, match="cannot be read"):
        _card_in(b"nothing", RUN)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot write a card"):
        write_card(complete(CARD, RUN, None), tmp_path / "file")
