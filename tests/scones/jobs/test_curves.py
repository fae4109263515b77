import pytest

from scones.jobs import read_course

CLASSIFICATION = """\
[08:16:32 INFO 41] Epoch[0] Batch [7] Speed: 56.92 samples/sec accuracy=0.602679
[08:16:40 INFO 41] Epoch[0] Train-accuracy=0.623958
[08:16:40 INFO 41] Epoch[0] Time cost=15.5
[08:16:42 INFO 41] Epoch[0] Validation-accuracy=0.690000
[08:16:50 INFO 41] Epoch[1] Train-accuracy=0.7
[08:16:50 INFO 41] Epoch[1] Time cost=14.5
[08:16:52 INFO 41] Epoch[1] Validation-accuracy=0.75
"""
DETECTION = """\
#quality_metric: host=algo-1, epoch=0, batch=10 train smooth_l1 <loss>=(0.5)
#quality_metric: host=algo-1, epoch=0, batch=20 train smooth_l1 <loss>=(0.4)
#throughput_metric: host=algo-1, train throughput=(32.1) records/second
#quality_metric: host=algo-1, epoch=0, validation mAP <score>=(0.42)
"""


def test_the_course_of_an_image_classification_is_read_by_epoch() -> None:
    course = read_course(CLASSIFICATION.splitlines())
    assert course.values["train:accuracy"] == {0: 0.623958, 1: 0.7}
    assert course.values["validation:accuracy"] == {0: 0.69, 1: 0.75}
    assert course.epoch_seconds == pytest.approx(30.0)


def test_the_course_of_an_object_detection_keeps_an_epochs_last_value() -> None:
    course = read_course(DETECTION.splitlines())
    assert course.values == {"train:smooth_l1": {0: 0.4}, "validation:mAP": {0: 0.42}}
    assert course.epoch_seconds == 0


def test_lines_of_another_kind_and_numbers_that_are_none_are_passed_over() -> None:
    assert (
        read_course(["hello", "Epoch[x] Train-accuracy=1", "Epoch[0] Train-accuracy=?"]).values
        == {}
    )
