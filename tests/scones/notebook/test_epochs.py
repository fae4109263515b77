from scones.notebook.epochs import Epoch, parse

LOG = """\
[11/21/2026 14:57:12 INFO 42] Epoch[0] Batch [7] Speed: 149.68 samples/sec accuracy=0.647321
[11/21/2026 14:57:13 INFO 42] Epoch[0] Train-accuracy=0.585417
[11/21/2026 14:57:13 INFO 42] Epoch[0] Time cost=7.561
[11/21/2026 14:57:14 INFO 42] Epoch[0] Validation-accuracy=0.500000
[11/21/2026 14:57:20 INFO 42] Epoch[1] Validation-accuracy=0.560000
[11/21/2026 14:57:20 INFO 42] Saved checkpoint to "/opt/ml/model/image-classification-0002.params"
"""


def test_the_log_of_a_job_is_read_epoch_by_epoch() -> None:
    assert parse(LOG.splitlines()) == [Epoch(1, 0.585417, 0.5), Epoch(2, None, 0.56)]


def test_a_log_without_epochs_has_none() -> None:
    assert parse(["Hyperparameters: {}"]) == []
