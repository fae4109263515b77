"""Models as AWS's built-in algorithm leaves them, small enough to be trained in a moment.

The network has the layers and the names of symbols/resnet.py in MXNet's own examples.
"""

import json
from pathlib import Path

import mxnet as mx
import numpy as np
from PIL import Image

SHAPE = (3, 28, 28)
LAYERS = 20
CHANNELS = (4, 8, 8)  # of the three stages; the built-in's are wider


def network(num_classes: int = 2, *, half_precision: bool = False) -> mx.sym.Symbol:
    """Build the network, from `data` to probabilities, with its label."""
    data = mx.sym.Variable("data")
    body = mx.sym.cast(data, dtype="float16") if half_precision else mx.sym.identity(data)
    body = _norm(body, "bn_data", fix_gamma=True)
    body = _conv(body, CHANNELS[0], "conv0")
    for stage, channels in enumerate(CHANNELS, start=1):
        for unit in range(1, (LAYERS - 2) // 6 + 1):
            stride = 2 if unit == 1 and stage > 1 else 1
            body = _unit(body, channels, f"stage{stage}_unit{unit}", stride, widens=unit == 1)
    body = mx.sym.Activation(_norm(body, "bn1"), act_type="relu", name="relu1")
    body = mx.sym.Pooling(body, global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
    body = mx.sym.FullyConnected(mx.sym.Flatten(body), num_hidden=num_classes, name="fc1")
    return mx.sym.SoftmaxOutput(body, name="softmax")


def _norm(data: mx.sym.Symbol, name: str, *, fix_gamma: bool = False) -> mx.sym.Symbol:
    return mx.sym.BatchNorm(data, fix_gamma=fix_gamma, eps=2e-5, momentum=0.9, name=name)


def _conv(data: mx.sym.Symbol, channels: int, name: str, stride: int = 1) -> mx.sym.Symbol:
    size = 1 if name.endswith("_sc") else 3
    options = {"kernel": (size, size), "stride": (stride, stride), "pad": (size // 2, size // 2)}
    return mx.sym.Convolution(data, num_filter=channels, no_bias=True, name=name, **options)


def _unit(
    data: mx.sym.Symbol, channels: int, name: str, stride: int, *, widens: bool
) -> mx.sym.Symbol:
    first = mx.sym.Activation(_norm(data, f"{name}_bn1"), act_type="relu")
    body = _conv(first, channels, f"{name}_conv1", stride)
    body = mx.sym.Activation(_norm(body, f"{name}_bn2"), act_type="relu")
    body = _conv(body, channels, f"{name}_conv2")
    return body + (_conv(first, channels, f"{name}_sc", stride) if widens else data)


def write_model(
    folder: Path, images: list[tuple[int, Image.Image]], *, epochs: int = 24
) -> mx.mod.Module:
    """Train on images as they are, colours from 0 to 255, and leave the built-in's three files."""
    mx.random.seed(5)
    pixels = np.stack([np.asarray(image).transpose(2, 0, 1) for _, image in images])
    labels = np.array([label for label, _ in images])
    batches = mx.io.NDArrayIter(pixels.astype(np.float32), labels, 16)
    module = mx.mod.Module(network())
    module.fit(
        batches,
        num_epoch=epochs,
        initializer=mx.init.Xavier(rnd_type="gaussian", factor_type="in", magnitude=2),
        optimizer_params={"learning_rate": 0.02, "momentum": 0.9, "wd": 1e-4},
    )
    folder.mkdir(parents=True, exist_ok=True)
    module.save_checkpoint(str(folder / "image-classification"), epochs)
    shapes = [{"shape": [16, *SHAPE], "name": "data"}]
    (folder / "model-shapes.json").write_text(json.dumps(shapes))
    return module
