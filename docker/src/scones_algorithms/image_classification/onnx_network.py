"""A model's network in ONNX Runtime; imports nothing of MXNet."""

import hashlib
import threading
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

    One image that comes alone is computed by all threads together, which is soonest done; of
    several calls at the same time each computes in its own thread, which costs the least, since
    no thread waits for another.

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
        self._together = _open(path, threads)
        self._apart = _open(path, 1) if threads > 1 else self._together
        self._output = EMBEDDING if embedding else PROBABILITIES
        self._lock = threading.Lock()
        self._running = 0
        self.at_once = threads + 1  # while one's answer is being written, the others compute
        self.description = (
            f"ONNX Runtime {onnxruntime.__version__}: {file.name}, threads: {threads}"
        )

    def __call__(self, batch: Floats) -> Floats:
        """Predict; see `networks.Network`."""
        with self._lock:
            alone = self._running == 0 and len(batch) == 1
            self._running += 1
        session = self._together if alone else self._apart
        try:
            found: Floats = session.run([self._output], {INPUT: batch})[0]
        finally:
            with self._lock:
                self._running -= 1
        return found


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = WARNINGS_AND_ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.spin_duration_us", SPIN_MICROSECONDS)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        reason = " ".join(str(error).split())
        raise CustomerError(f"{path} cannot be loaded: {reason}") from None


def _check(path: Path, expected: str) -> None:
    """Refuse what training has not written: a network is as good as a program."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise CustomerError(
            f"{path} is not what training wrote: its SHA-256 is {found}, and the model's metadata "
            f"says {expected}: unpack model.tar.gz anew, or train again"
        )
