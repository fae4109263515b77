"""A model's network in ONNX Runtime; imports nothing of MXNet."""

import hashlib
from pathlib import Path

import onnxruntime

from scones_algorithms.errors import CustomerError
from scones_algorithms.image_classification.metadata import OnnxFile
from scones_algorithms.preprocess import Floats

WARNINGS_AND_ERRORS_ONLY = 3
# How long a thread that waits takes the core for it: between two layers waking it up would cost
# more; for longer, it would take the core that another one computes on.
SPIN_MICROSECONDS = "20"
INPUT = "data"
PROBABILITIES, EMBEDDING = "probabilities", "embedding"


class OnnxNetwork:
    """See `networks.Network`.

    Args:
        directory: with the model's files.
        file: which of them it is.
        embedding: give the last hidden layer's features instead of probabilities.
        threads: that may compute at the same time.

    Raises:
        CustomerError: the file is not the one that training wrote, or not a network.
    """

    largest_batch = 4  # more are no faster, and the first of them would wait longer

    def __init__(self, directory: Path, file: OnnxFile, *, embedding: bool, threads: int) -> None:
        path = directory / file.name
        _check(path, file.sha256)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = WARNINGS_AND_ERRORS_ONLY
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no class in common
            reason = " ".join(str(error).split())
            raise CustomerError(f"{path} cannot be loaded: {reason}") from None
        self._output = EMBEDDING if embedding else PROBABILITIES
        self.at_once = threads
        self.description = (
            f"ONNX Runtime {onnxruntime.__version__}: {file.name}, threads: {threads}"
        )

    def __call__(self, batch: Floats) -> Floats:
        """Predict; see `networks.Network`."""
        found: Floats = self._session.run([self._output], {INPUT: batch})[0]
        return found


def _check(path: Path, expected: str) -> None:
    """Refuse what training has not written: a network is as good as a program."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise CustomerError(
            f"{path} is not what training wrote: its SHA-256 is {found}, and the model's metadata "
            f"says {expected}: unpack model.tar.gz anew, or train again"
        )
