"""Algorithms for SageMaker containers: `train` and `serve` under the container contract."""
