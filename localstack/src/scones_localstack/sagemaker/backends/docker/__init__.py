"""The `docker` backend: each container of a job and each model server is a real container.

::

    spec ──▶ launch      image, limits, environment, network  ─▶ create
               │         spec.root                            ─▶ /opt/ml   (archive API)
               ▼                                                 start
             watch       output ─▶ log file;  exit code, out of memory, engine lost
               │         /opt/ml/model, output, checkpoints   ─▶ spec.root (archive API)
               ▼                                                 remove
             Exit

Files travel by the engine's archive API and not by mounts: it works the same when this service is
itself in a container, and what comes out belongs to this service's user and not to root.

Everything made here carries the label of the state folder, so that whatever a killed service has
left is found and removed by the next one, and nothing else is.
"""

from scones_localstack.sagemaker.backends.docker.backend import DockerBackend

__all__ = ["DockerBackend"]
