"""Composed scenes: exact boxes, repeatable, objects of a split from that split alone."""

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones.detection.composed import ComposedScenes
from scones.detection.composer import MOST_COVERED, MOST_OBJECTS, Composer
from scones.detection.cutouts import COVERAGE, cut_out, drawn
from scones.detection.matting import matte
from scones.errors import DataError, UsageError
from scones.etl.cifar import CifarArchive
from scones.etl.drawings import Drawings

CLASSES = ("bicycle", "motorcycle")
COUNTS = {"train": 6, "validation": 2, "test": 3}
ORANGE = np.array((230, 120, 10, 255), dtype=np.uint8)


def drawn_scenes(seed: int = 0, **changes: object) -> ComposedScenes:
    settings = {"source": Drawings(), "classes": CLASSES, "others": ("bus",), "counts": COUNTS}
    return ComposedScenes(**(settings | {"side": 96, "seed": seed} | changes))


def block(height: int, width: int) -> np.ndarray:
    """A cut-out that fills its box, in a colour that can be found again."""
    return np.broadcast_to(ORANGE, (height, width, 4)).copy()


def test_an_object_on_an_even_ground_is_cut_out_exactly() -> None:
    image = np.full((32, 32, 3), 240, dtype=np.uint8)
    image[8:24, 4:30] = (200, 30, 30)
    cut = cut_out(image)
    assert cut is not None
    assert cut.shape == (16, 26, 4)
    assert (cut[..., 3] == 255).all()


def test_what_is_seen_through_an_object_is_no_part_of_it() -> None:
    image = np.full((32, 32, 3), 240, dtype=np.uint8)
    image[8:24, 4:30] = (200, 30, 30)
    image[12:20, 10:20] = 240
    cut = cut_out(image)
    assert cut is not None
    assert (cut[4:12, 6:16, 3] == 0).all()
    assert (cut[0, :, 3] == 255).all()


def test_a_ground_that_changes_smoothly_is_taken_away() -> None:
    shade = np.linspace(90, 230, 32)
    image = np.repeat((shade[:, None] + np.linspace(0, 25, 32))[..., None], 3, axis=2)
    image[8:24, 4:30] = (200, 30, 30)
    cut = cut_out(image.astype(np.uint8))
    assert cut is not None
    assert cut.shape == (16, 26, 4)
    assert (cut[..., 3] == 255).all()


def test_a_mixed_edge_is_half_opaque_and_has_the_objects_colour() -> None:
    image = np.full((32, 32, 3), 240, dtype=np.uint8)
    image[8:24, 4:30] = (200, 30, 30)
    image[8:24, 3] = (220, 135, 135)  # half ground, half object
    found = matte(image)
    assert found.opacity[16, 3] == pytest.approx(0.5, abs=0.1)
    assert found.colours[16, 3] == pytest.approx((200, 30, 30), abs=40)


def test_an_object_that_hardly_differs_from_the_ground_is_left_out() -> None:
    image = np.full((32, 32, 3), 200, dtype=np.uint8)
    image[8:24, 4:30] = 170
    assert cut_out(image) is None


def test_pieces_that_do_not_hang_together_are_left_out() -> None:
    image = np.full((32, 32, 3), 240, dtype=np.uint8)
    image[4:28, 3:12] = image[4:28, 20:29] = (200, 30, 30)
    assert cut_out(image) is None


@pytest.mark.parametrize("kind", ["empty", "full", "busy"])
def test_an_image_of_which_nothing_can_be_told_is_left_out(kind: str) -> None:
    image = np.full((32, 32, 3), 240, dtype=np.uint8)
    if kind == "full":
        image[1:31, 1:31] = 20
        assert COVERAGE[1] < (30 / 32) ** 2
    if kind == "busy":
        image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert cut_out(image) is None


def test_boxes_frame_what_is_seen_of_an_object() -> None:
    cutouts = {split: {"block": [block(20, 30)]} for split in COUNTS}
    composer = Composer(cutouts, ("block",), (), side=96, seed=3)
    alone = [scene for scene in composer.scenes("train", 40) if len(scene.boxes) == 1]
    assert len(alone) > 3
    for scene in alone:
        pixels = np.asarray(Image.open(BytesIO(scene.content))).astype(int)
        reddish = pixels[..., 0] - pixels[..., 2] > 70
        box = scene.boxes[0]
        inside = reddish[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
        assert inside.mean() > 0.5


def test_scenes_have_the_sizes_and_boxes_that_were_asked_for() -> None:
    source = drawn_scenes()
    for split, count in COUNTS.items():
        scenes = list(source.scenes(split))
        assert len(scenes) == count
        for scene in scenes:
            assert min(scene.width, scene.height) >= 96
            assert max(scene.width, scene.height) <= 192
            assert Image.open(BytesIO(scene.content)).size == (scene.width, scene.height)
            assert len(scene.boxes) <= MOST_OBJECTS
            for box in scene.boxes:
                assert box.class_name in CLASSES
                assert 0 <= box.left < box.right <= scene.width
                assert 0 <= box.top < box.bottom <= scene.height


def test_no_object_hides_much_of_an_earlier_ones_box() -> None:
    for scene in drawn_scenes(counts={"train": 60}).scenes("train"):
        for at, under in enumerate(scene.boxes):
            for over in scene.boxes[at + 1 :]:
                width = min(under.right, over.right) - max(under.left, over.left)
                height = min(under.bottom, over.bottom) - max(under.top, over.top)
                hidden = max(0, width) * max(0, height)
                assert hidden <= MOST_COVERED * under.width * under.height


def test_the_same_seed_gives_the_same_scenes_and_another_does_not() -> None:
    first, again, other = (list(drawn_scenes(seed).scenes("train")) for seed in (0, 0, 1))
    assert first == again
    assert [scene.content for scene in first] != [scene.content for scene in other]
    assert drawn_scenes(0).fingerprint() != drawn_scenes(1).fingerprint()


def test_splits_share_no_drawn_object() -> None:
    cutouts = drawn(["bicycle"], seed=0)
    seen = [{image.tobytes() for image in cutouts[split]["bicycle"]} for split in ("train", "test")]
    assert seen[0].isdisjoint(seen[1])
    assert len(seen[0]) > 100


def test_a_class_that_cannot_be_cut_out_is_named() -> None:
    cutouts = {split: {"block": [block(9, 9)]} for split in COUNTS}
    with pytest.raises(DataError, match="no image of class 'cart' can be cut out for train"):
        Composer(cutouts, ("block", "cart"), (), side=96, seed=0)


def test_a_class_that_the_source_lacks_is_named() -> None:
    with pytest.raises(UsageError, match="no class 'tram' in drawings"):
        next(drawn_scenes(classes=("tram",)).scenes("train"))


@pytest.mark.skipif("SCONES_TEST_DATA" not in os.environ, reason="SCONES_TEST_DATA is not set")
def test_objects_are_cut_from_the_real_archive() -> None:
    archive = Path(os.environ["SCONES_TEST_DATA"]) / "cifar-100-python-vehicles.tar.gz"
    source = ComposedScenes(CifarArchive(archive), CLASSES, ("bus",), COUNTS, side=96, seed=0)
    assert source.kind == "composed"
    boxes = [box for scene in source.scenes("test") for box in scene.boxes]
    assert {box.class_name for box in boxes} <= set(CLASSES)
    assert boxes
