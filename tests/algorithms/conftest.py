"""One trained model and one server on it, shared by all tests of the algorithms."""

import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MXNet and GluonCV meet newer numpy and Python than they knew
    import gluoncv  # noqa: F401
    import mxnet  # noqa: F401

from tests.algorithms import detector_jobs
from tests.algorithms.jobs import Trained, run_train, write_job
from tests.algorithms.servers import Server


def pytest_configure(config: pytest.Config) -> None:
    for module in ("mxnet", "gluoncv"):
        config.addinivalue_line("filterwarnings", f"ignore:::{module}")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    base = write_job(tmp_path_factory.mktemp("job") / "ml")
    return Trained(base, run_train(base))


@pytest.fixture(scope="session")
def server(trained: Trained) -> Iterator[Server]:
    assert trained.process.returncode == 0, trained.process.stdout
    running = Server(trained.base)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def detector_trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    long = detector_jobs.SMALL_JOB | {"epochs": "24", "mini_batch_size": "8"}
    base = tmp_path_factory.mktemp("detector") / "ml"
    detector_jobs.write_job(base, long, train=48, validation=16)
    return Trained(base, detector_jobs.run_train(base))


@pytest.fixture(scope="session")
def detector_server(detector_trained: Trained) -> Iterator[Server]:
    assert detector_trained.process.returncode == 0, detector_trained.process.stdout
    running = Server(detector_trained.base, detector_jobs.DETECTOR)
    yield running
    assert running.stop() == 0
