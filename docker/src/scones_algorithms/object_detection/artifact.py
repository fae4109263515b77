"""The model's files, under the built-in's names.

    model_algo_1-symbol.json    the network, from `data` to (1, anchors, 6): class, score, box
    model_algo_1-0000.params    its weights
    hyperparams.json            the job's hyperparameters
    model-shapes.json           the shape of `data`
    model-metadata.json         ours: how to prepare an image, and how the model came to be

The built-in saves the training network and has a script that makes one for prediction of it; this
symbol predicts as it stands, by mx.mod.Module or gluon.SymbolBlock.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import mxnet as mx

from scones_algorithms.object_detection.detection import detect
from scones_algorithms.whole_files import save_arrays, write_whole

PREFIX: Final = "model_algo_1"
SYMBOL_FILE: Final = f"{PREFIX}-symbol.json"
WEIGHTS_FILE: Final = f"{PREFIX}-0000.params"
HYPERPARAMETERS_FILE: Final = "hyperparams.json"
SHAPES_FILE: Final = "model-shapes.json"
METADATA_FILE: Final = "model-metadata.json"


def save(
    directory: Path,
    heads: Any,
    side: int,
    nms_threshold: float,
    hyperparameters: dict[str, str],
    metadata: dict[str, Any],
) -> Path:
    """Write a model; each file appears whole or not at all, the metadata last.

    Returns:
        The path of the weights.
    """
    directory.mkdir(parents=True, exist_ok=True)
    scores, offsets, anchors = heads(mx.sym.var("data"))
    symbol = detect(mx.sym, scores, offsets, anchors, nms_threshold)
    shapes = [{"shape": [1, 3, side, side], "name": "data"}]
    documents = {
        HYPERPARAMETERS_FILE: json.dumps(hyperparameters, indent=2),
        SHAPES_FILE: json.dumps(shapes),
        METADATA_FILE: json.dumps(metadata, indent=2) + "\n",
    }
    weights = _weights(heads, symbol)
    write_whole(directory / WEIGHTS_FILE, lambda part: save_arrays(part, weights))
    write_whole(directory / SYMBOL_FILE, lambda part: symbol.save(str(part)))
    for name, text in documents.items():
        write_whole(directory / name, partial(Path.write_text, data=text))
    return directory / WEIGHTS_FILE


def _weights(heads: Any, symbol: Any) -> dict[str, Any]:
    parameters = heads.collect_params()
    kinds = {"arg": symbol.list_arguments(), "aux": symbol.list_auxiliary_states()}
    return {
        f"{kind}:{name}": parameters[name].data()
        for kind, names in kinds.items()
        for name in names
        if name in parameters
    }
