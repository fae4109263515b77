"""What a training needs to go on where it stopped, one file that appears whole or not at all.

    checkpoints/training-state.npz    weights, optimizer, averages, course of the validation score
    checkpoints/model.tar             what lay in the model folder then, where epochs are kept

Written after each epoch where the folder /opt/ml/checkpoints exists: SageMaker makes it for jobs
with a CheckpointConfig, and fills it from S3 before a job that goes on. All that is random in an
epoch depends on the seed and the epoch's number alone, so that a resumed training ends with the
same bits as one that never stopped.
"""

import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scones_algorithms.errors import CustomerError
from scones_algorithms.whole_files import write_whole

STATE_FILE: Final = "training-state.npz"
MODEL_FILE: Final = "model.tar"
ABOUT: Final = "about"

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class State:
    """A training after some epochs.

    Attributes:
        epochs_done: how many.
        arrays: by name, all that has numbers.
        watch: the course of the validation score.
    """

    epochs_done: int
    arrays: Arrays
    watch: dict[str, float]

    @classmethod
    def of(cls, epochs_done: int, watch: dict[str, float], **parts: Arrays) -> "State":
        """Put arrays of several parts together, each under its part's name."""
        arrays = {f"{part}/{name}": a for part, named in parts.items() for name, a in named.items()}
        return cls(epochs_done, arrays, watch)

    def part(self, name: str) -> Arrays:
        """Return the arrays of one part, by their names in it."""
        start = f"{name}/"
        return {n.removeprefix(start): a for n, a in self.arrays.items() if n.startswith(start)}


class Checkpoints:
    """The checkpoints of one job.

    Args:
        directory: of checkpoints; nothing is written where it does not exist.
        model_dir: the model folder, whose files are kept as well.
        identity: what the job is made of, by name; a checkpoint of another job is refused.
        writes: whether this host writes; all read.
    """

    def __init__(
        self, directory: Path, model_dir: Path, identity: dict[str, str], *, writes: bool = True
    ) -> None:
        self._directory = directory
        self._model_dir = model_dir
        self._identity = identity
        self._writes = writes and directory.is_dir()
        self._archived: list[tuple[str, int]] = []

    def write(self, state: State) -> None:
        """Replace the checkpoint; the files of the model folder go first."""
        if not self._writes:
            return
        self._archive_model()
        about = {"epochs_done": state.epochs_done, "watch": state.watch, "job": self._identity}
        content = io.BytesIO()
        named: dict[str, Any] = {ABOUT: np.array(json.dumps(about)), **state.arrays}
        np.savez(content, **named)
        write_whole(self._directory / STATE_FILE, lambda part: part.write_bytes(content.getvalue()))

    def read(self) -> State | None:
        """Read the checkpoint and put its model files back; None where there is none.

        Raises:
            CustomerError: it is broken, or of another job.
        """
        path = self._directory / STATE_FILE
        if not path.exists():
            return None
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            about = json.loads(str(arrays.pop(ABOUT)))
            state = State(about["epochs_done"], arrays, about["watch"])
            differing = _differing(about["job"], self._identity)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CustomerError(
                f"the checkpoint {path} cannot be read ({error}): empty CheckpointConfig's S3Uri"
            ) from None
        if differing:
            raise CustomerError(
                f"the checkpoint {path} is of a job with other {', '.join(differing)}: "
                "give CheckpointConfig an S3Uri of its own"
            )
        self._restore_model()
        return state

    def _archive_model(self) -> None:
        files = sorted(self._model_dir.glob("*")) if self._model_dir.is_dir() else []
        present = [(file.name, file.stat().st_mtime_ns) for file in files]
        if not files or present == self._archived:
            return
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            for file in files:
                archive.add(file, file.name, recursive=False)
        write_whole(self._directory / MODEL_FILE, lambda part: part.write_bytes(content.getvalue()))
        self._archived = present

    def _restore_model(self) -> None:
        path = self._directory / MODEL_FILE
        if self._writes and path.exists():
            self._model_dir.mkdir(parents=True, exist_ok=True)
            with tarfile.open(path) as archive:
                archive.extractall(self._model_dir, filter="data")


def _differing(theirs: dict[str, str], ours: dict[str, str]) -> list[str]:
    return sorted(name for name in {*theirs, *ours} if theirs.get(name) != ours.get(name))
