"""Annotated photos of every format become the same scenes; what is wrong with one is named."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scones.detection.builtin import read_builtin
from scones.detection.coco import read_coco
from scones.detection.own_photos import OwnPhotos
from scones.detection.scene import Box, Scene
from scones.detection.staging import stage
from scones.detection.voc import read_voc
from scones.errors import DataError

SIZE = (64, 48)
BOXES = (Box("dog", 10, 5, 20, 30), Box("cat", 40, 8, 24, 40))
VOC = """<annotation><filename>{name}</filename><size><width>64</width><height>48</height></size>
<object><name>dog</name><difficult>0</difficult>
 <bndbox><xmin>11</xmin><ymin>6</ymin><xmax>30</xmax><ymax>35</ymax></bndbox></object>
<object><name>cat</name>
 <bndbox><xmin>41</xmin><ymin>9</ymin><xmax>64</xmax><ymax>48</ymax></bndbox></object>
<object><name>dog</name><difficult>1</difficult>
 <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></object></annotation>"""


def write_photo(folder: Path, name: str = "a.jpg") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE, "grey").save(folder / name)


def coco(folder: Path, **changes: Any) -> list[Scene]:
    document = {
        "images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 3, "name": "dog"}, {"id": 5, "name": "cat"}],
        "annotations": [
            {"image_id": 7, "category_id": 3, "bbox": [10, 5, 20, 30], "iscrowd": 0},
            {"image_id": 7, "category_id": 5, "bbox": [40, 8, 24, 40]},
            {"image_id": 7, "category_id": 5, "bbox": [0, 0, 60, 40], "iscrowd": 1},
        ],
    } | changes
    write_photo(folder)
    (folder / "instances.json").write_text(json.dumps(document))
    return list(read_coco(folder / "instances.json", folder))


def voc(folder: Path, text: str = VOC) -> list[Scene]:
    write_photo(folder / "JPEGImages")
    (folder / "Annotations").mkdir(exist_ok=True)
    (folder / "Annotations" / "a.xml").write_text(text.replace("{name}", "a.jpg"))
    return list(read_voc(folder))


def builtin(folder: Path, **changes: Any) -> list[Scene]:
    write_photo(folder)
    scene = Scene("a", b"", ".jpg", *SIZE, BOXES)
    document = scene.annotation({"dog": 0, "cat": 1}) | changes
    (folder / "a.json").write_text(json.dumps(document))
    return list(read_builtin(folder, folder))


@pytest.mark.parametrize("read", [coco, voc, builtin])
def test_every_format_gives_the_same_scene(
    tmp_path: Path, read: Callable[[Path], list[Scene]]
) -> None:
    (scene,) = read(tmp_path)
    assert (scene.name, scene.suffix, scene.width, scene.height) == ("a", ".jpg", *SIZE)
    assert scene.boxes == BOXES


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda folder: coco(folder, categories=[]), "is not a COCO document"),
        (
            lambda folder: coco(
                folder, images=[{"id": 7, "file_name": "../a.jpg", "width": 1, "height": 1}]
            ),
            "leaves its folder",
        ),
        (
            lambda folder: coco(
                folder, images=[{"id": 7, "file_name": "b.jpg", "width": 64, "height": 48}]
            ),
            "is annotated but not there",
        ),
        (
            lambda folder: coco(
                folder, images=[{"id": 7, "file_name": "a.jpg", "width": 65, "height": 48}]
            ),
            r"its annotation says \(65, 48\)",
        ),
        (
            lambda folder: coco(
                folder, annotations=[{"image_id": 7, "category_id": 3, "bbox": [50, 0, 40, 9]}]
            ),
            "leaves the picture",
        ),
        (lambda folder: voc(folder, "<annotation>"), "is not a VOC annotation"),
        (lambda folder: voc(folder, VOC.replace("{name}", "../a.jpg")), "not a plain name"),
        (lambda folder: voc(folder, "<!DOCTYPE x>" + VOC), "a document type"),
        (lambda folder: builtin(folder, image_size=[]), "is not an annotation of the built-in"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, read: Callable[[Path], list[Scene]], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    builtin(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match="is not a PNG or JPEG picture"):
        list(read_builtin(tmp_path, tmp_path))


def photos(count: int, seed: int = 0) -> OwnPhotos:
    def read() -> Any:
        for number in range(count):
            yield Scene(f"p{number:02d}", bytes([number]), ".jpg", *SIZE, BOXES)

    return OwnPhotos("test photos", read, ("dog", "cat"), seed)


def test_own_photos_are_divided_into_three_splits(tmp_path: Path) -> None:
    source = photos(30)
    names = {s: {scene.name for scene in source.scenes(s)} for s in ("train", "validation", "test")}
    assert {split: len(found) for split, found in names.items()} == {
        "train": 22,
        "validation": 3,
        "test": 5,
    }
    assert len(set.union(*names.values())) == 30
    other = {scene.name for scene in photos(30, seed=1).scenes("test")}
    assert other != names["test"]


def test_two_photos_are_too_few_and_a_class_must_be_shown() -> None:
    with pytest.raises(DataError, match="2 pictures are too few"):
        next(photos(2).scenes("train"))
    nobody = OwnPhotos("test photos", lambda: iter(()), ("dog",))
    with pytest.raises(DataError, match="shows no dog"):
        next(nobody.scenes("train"))


@pytest.mark.skipif("SCONES_TEST_DATA" not in os.environ, reason="SCONES_TEST_DATA is not set")
def test_coco_photos_are_read_and_staged(tmp_path: Path) -> None:
    coco_vehicles = Path(os.environ["SCONES_TEST_DATA"]) / "coco-vehicles"
    source = OwnPhotos(
        "coco",
        lambda: read_coco(coco_vehicles / "instances.json", coco_vehicles / "images"),
        ("bicycle", "motorcycle"),
    )
    staged = stage(source, source.classes, tmp_path)
    assert sum(staged.pictures.values()) == 22
    objects = [staged.objects[split] for split in ("train", "validation", "test")]
    assert {name: sum(one[name] for one in objects) for name in source.classes} == {
        "bicycle": 6,
        "motorcycle": 5,
    }
