"""What a model makes of a sample of captured images, kept beside the baseline: embeddings.json.

    {"version": 0, "model": {"name", "data_uri"}, "embeddings": [[...], ...]}

This file is ours: Model Monitor has none like it.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from scones.errors import DataError
from scones.monitor.baseline.separation import Vectors

EMBEDDINGS = "embeddings.json"
VERSION = 0
_DIGITS = 6  # significant ones; a network's own precision is no better


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Embeddings of images by one model.

    Attributes:
        model_name: The model, as SageMaker knows it.
        model_uri: Its artifact; two models' embeddings cannot be compared.
        vectors: (images, features).
    """

    model_name: str
    model_uri: str
    vectors: Vectors

    def as_json(self) -> dict[str, Any]:
        """The whole file."""
        rows = [[float(f"{value:.{_DIGITS}g}") for value in row] for row in self.vectors.tolist()]
        model = {"name": self.model_name, "data_uri": self.model_uri}
        return {"version": VERSION, "model": model, "embeddings": rows}


def read_embeddings(text: str | bytes, source: str) -> Embeddings:
    """Read an embeddings.json.

    Args:
        text: The file.
        source: Where it is from, for messages.

    Raises:
        DataError: It is not one; the message says why.
    """
    try:
        document = json.loads(text)
        model = document["model"]
        vectors = np.array(document["embeddings"], dtype=np.float32)
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError("embeddings are lists of equally many numbers")
        return Embeddings(str(model["name"]), str(model["data_uri"]), vectors)
    except KeyError as error:
        raise DataError(f"{source} is not an embeddings.json: no {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{source} is not an embeddings.json: {error}") from error
