"""The processing container's contract, without a running service."""

import pytest

from scones_localstack.sagemaker.contract import translated
from scones_localstack.sagemaker.processing.contract import relative


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("/opt/ml/processing/x", "/root/processing/x"),
        ("--in=/opt/ml/x,/opt/ml", "--in=/root/x,/root"),
        ("s3://bucket/opt/ml/x", "s3://bucket/opt/ml/x"),
        ("/opt/mlx", "/opt/mlx"),
        ("a/opt/ml/x", "a/opt/ml/x"),
    ],
)
def test_only_the_containers_own_paths_are_moved(text, there):
    assert translated(text, "/root") == there
    assert translated(text, "/opt/ml") == text


def test_a_local_path_is_below_processing_or_none():
    assert relative("/opt/ml/processing/a/b/") == "processing/a/b"
    for path in ("/opt/ml/processing", "/opt/ml/model", "processing/a", "/opt/ml/processing/../a"):
        assert relative(path) is None
