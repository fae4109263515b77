"""Entry point of the container: `python -m scones_algorithms.image_classification train|serve`."""

import sys

from scones_algorithms import hosting, training_job
from scones_algorithms.container import Container
from scones_algorithms.image_classification.job import read_job
from scones_algorithms.logs import configure_logging
from scones_algorithms.model_server import Model
from scones_algorithms.mxnet_start import start_mxnet
from scones_algorithms.stop_request import StopRequest
from scones_algorithms.threads import limit_threads

USAGE = "usage: python -m scones_algorithms.image_classification train|serve"


def main(arguments: list[str]) -> int:
    """Run the command that SageMaker passes to the container."""
    if arguments not in (["train"], ["serve"]):
        print(USAGE, file=sys.stderr)
        return 2
    configure_logging()
    limit_threads()
    return _train() if arguments == ["train"] else _serve()


def _train() -> int:
    def train(container: Container, stop: StopRequest) -> None:
        job = read_job(container)
        start_mxnet()  # takes seconds: a job that cannot be done has been refused before
        from scones_algorithms.image_classification.train import train as train_classifier

        train_classifier(job, container, stop)

    return training_job.run(train, Container.from_environment())


def _serve() -> int:
    def load() -> Model:
        start_mxnet(lean=True)  # meanwhile, the port answers
        from scones_algorithms.image_classification.serve import load as load_classifier

        return load_classifier(Container.from_environment())

    return hosting.run(load)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
