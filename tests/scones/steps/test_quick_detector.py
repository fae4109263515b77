"""The detector that demos train; tests/integration and tests/docker train one for real."""

from scones.config import DetectorSettings, Settings
from scones.detection.scene import Box
from scones.project import Project
from scones.steps.quick_detector import quick


def test_it_is_small_but_for_what_a_person_has_set() -> None:
    own = DetectorSettings(train=40, hyperparameters={"epochs": 3}, seed=7)
    project = Project(Settings(project="own-name", detector=own))
    made = quick(project).settings
    assert made.project == "own-name"
    assert (made.detector.train, made.detector.seed) == (40, 7)
    assert made.detector.hyperparameters == {"epochs": 3, "mini_batch_size": 8}
    assert made.detector.image_shape < DetectorSettings().image_shape
    assert project.settings.detector == own, "the project itself is as it was"


def test_what_a_person_sets_to_the_default_stays() -> None:
    default = DetectorSettings().image_shape
    made = quick(Project(Settings(detector=DetectorSettings(image_shape=default))))
    assert made.settings.detector.image_shape == default


def test_the_overlap_of_two_boxes() -> None:
    box = Box("bicycle", 10, 10, 20, 10)
    assert box.overlap(box) == 1
    assert box.overlap(Box("bicycle", 20, 10, 20, 10)) == 10 * 10 / 300
    assert box.overlap(Box("bicycle", 30, 10, 5, 5)) == 0
    assert box.overlap(Box("bicycle", 12, 12, 4, 5)) == 20 / 200
