"""Entry point of the container: `python -m scones_algorithms.image_classification train|serve`."""

import os
import sys

from scones_algorithms import hosting, training_job
from scones_algorithms.container import Container
from scones_algorithms.distributed.role import ROLE_ENV, WORKER, end_with_supervisor, leave
from scones_algorithms.image_classification.job import Job, read_job
from scones_algorithms.logs import configure_logging
from scones_algorithms.model_server import Model
from scones_algorithms.mxnet_start import start_mxnet
from scones_algorithms.serving_metrics import ServingMetrics
from scones_algorithms.stop_request import StopRequest
from scones_algorithms.threads import limit_threads

USAGE = "usage: python -m scones_algorithms.image_classification train|serve"
TRAIN_COMMAND = (sys.executable, "-m", "scones_algorithms.image_classification", "train")


def main(arguments: list[str]) -> int:
    """Run the command that SageMaker passes to the container."""
    if arguments not in (["train"], ["serve"]):
        print(USAGE, file=sys.stderr)
        return 2
    configure_logging()
    if arguments == ["serve"]:
        return hosting.run(_load)
    limit_threads()
    if os.environ.get(ROLE_ENV) == WORKER:
        end_with_supervisor()
        leave(training_job.run(_train_here, Container.from_environment()))
    return training_job.run(_train_or_supervise, Container.from_environment())


def _train_or_supervise(container: Container, stop: StopRequest) -> None:
    job = read_job(container)
    if job.cluster.size > 1:
        from scones_algorithms.distributed.supervisor import supervise  # asyncio, for it alone

        supervise(TRAIN_COMMAND, job.cluster, container, stop)
    else:
        _train(job, container, stop)


def _train_here(container: Container, stop: StopRequest) -> None:
    _train(read_job(container), container, stop)


def _train(job: Job, container: Container, stop: StopRequest) -> None:
    start_mxnet()  # takes seconds: a job that cannot be done has been refused before
    from scones_algorithms.image_classification.train import train

    train(job, container, stop)


def _load(metrics: ServingMetrics) -> Model:
    # Meanwhile, the port answers.
    from scones_algorithms.image_classification.serve import load

    return load(Container.from_environment(), metrics)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
