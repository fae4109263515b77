"""Entry point of the container: `python -m scones_algorithms.object_detection train|serve`."""

import sys

from scones_algorithms import hosting, training_job
from scones_algorithms.container import Container
from scones_algorithms.logs import configure_logging
from scones_algorithms.model_server import Model
from scones_algorithms.mxnet_start import start_mxnet
from scones_algorithms.object_detection.job import read_job
from scones_algorithms.serving_metrics import ServingMetrics
from scones_algorithms.stop_request import StopRequest
from scones_algorithms.threads import limit_threads

USAGE = "usage: python -m scones_algorithms.object_detection train|serve"


def main(arguments: list[str]) -> int:
    """Run the command that SageMaker passes to the container."""
    if arguments not in (["train"], ["serve"]):
        print(USAGE, file=sys.stderr)
        return 2
    configure_logging()
    limit_threads()
    if arguments == ["serve"]:
        return hosting.run(_load)
    return training_job.run(_train, Container.from_environment())


def _train(container: Container, stop: StopRequest) -> None:
    job = read_job(container)
    start_mxnet()  # takes seconds: a job that cannot be done has been refused before
    from scones_algorithms.object_detection.train import train

    train(job, container, stop)


def _load(_metrics: ServingMetrics) -> Model:
    start_mxnet(lean=True)  # meanwhile, the port answers
    from scones_algorithms.object_detection.serve import load

    return load(Container.from_environment())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
