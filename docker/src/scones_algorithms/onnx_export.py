"""Translates a saved MXNet network into an ONNX model for any number of images.

    symbol + weights ──one node after the other──▶ ONNX nodes + initializers ──▶ checked model

MXNet 1.9's own exporter stamps the newest opset on nodes of opset 12 and 13, lists the weights as
inputs, which keeps ONNX Runtime from folding them, and fixes the batch size. This one knows the
operators of our networks, and refuses any other by name.

Source: onnx.ai/onnx/operators, opset 13.
"""

import ast
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

from scones_algorithms.errors import AlgorithmError

OPSET: Final = 13
IR_VERSION: Final = 7  # what came with opset 13
INPUT: Final = "data"
BATCH: Final = "n"  # the name of the dimension that is left open

Attributes = Mapping[str, Any]
Arrays = Mapping[str, npt.NDArray[Any]]


class ExportError(AlgorithmError):
    """The network has something that cannot be translated."""


def export(symbol: Any, weights: Mapping[str, Any], image_shape: tuple[int, ...]) -> bytes:
    """Translate a network.

    Args:
        symbol: with one input, `data`; each of its outputs has the images first.
        weights: by name, as saved: "arg:..." and "aux:...".
        image_shape: channels, height, width.

    Returns:
        A serialised ONNX model; its outputs have the names of the symbol's last nodes.

    Raises:
        ExportError: an operator is not known here.
    """
    arrays = {name.partition(":")[2]: values.asnumpy() for name, values in weights.items()}
    graph = _Graph(symbol, arrays, image_shape).translated()
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], producer_name="scones-algorithms")
    model.ir_version = IR_VERSION
    checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Graph:
    """The ONNX graph while it grows."""

    def __init__(self, symbol: Any, arrays: Arrays, image_shape: tuple[int, ...]) -> None:
        document = json.loads(symbol.tojson())
        self._nodes = document["nodes"]
        self._heads = document["heads"]
        self._arrays = arrays
        self._image_shape = image_shape
        self.shapes = _shapes(symbol, image_shape)
        self.nodes: list[NodeProto] = []
        self._initializers: dict[str, TensorProto] = {}

    def translated(self) -> GraphProto:
        """Translate every node."""
        for node in self._nodes:
            if node["op"] == "null":
                continue
            translate = TRANSLATIONS.get(node["op"])
            if translate is None:
                raise ExportError(
                    f"operator {node['op']} of {node['name']} has no translation to ONNX"
                )
            inputs = [self._nodes[number]["name"] for number, *_ in node["inputs"]]
            values = {k: _value(v) for k, v in node.get("attrs", {}).items()}
            translate(self, node["name"], inputs, values)
        outputs = [self._nodes[number]["name"] for number, *_ in self._heads]
        return helper.make_graph(
            self.nodes,
            "network",
            [_tensor(INPUT, (BATCH, *self._image_shape))],
            [_tensor(name, (BATCH, *self.shapes[name][1:])) for name in outputs],
            list(self._initializers.values()),
        )

    def add(self, op: str, inputs: list[str], name: str, **attributes: Any) -> None:
        """Add a node whose output has its name."""
        for used in inputs:
            if used in self._arrays:
                self.constant(used, self._arrays[used].astype(np.float32))
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))

    def constant(self, name: str, values: Any) -> str:
        """Add numbers; return their name."""
        self._initializers.setdefault(name, numpy_helper.from_array(np.asarray(values), name))
        return name


def _shapes(symbol: Any, image_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Tell the shape of what each node gives for one image."""
    inside = symbol.get_internals()
    _, found, _ = inside.infer_shape(**{INPUT: (1, *image_shape)})
    names = (name.removesuffix("_output") for name in inside.list_outputs())
    return dict(zip(names, found, strict=True))


def _value(text: str) -> Any:
    """Read an attribute; words stand for themselves."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _tensor(name: str, shape: tuple[Any, ...]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


Translation = Callable[[_Graph, str, list[str], Attributes], None]


def _plain(op: str) -> Translation:
    """Translate an operator that is the same there."""

    def translate(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
        graph.add(op, inputs, name)

    return translate


def _scalar(op: str, *, reverse: bool = False) -> Translation:
    """Translate arithmetic with one number, which comes first in the reverse operators."""

    def translate(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
        number = graph.constant(f"{name}_scalar", np.float32(values["scalar"]))
        graph.add(op, [number, *inputs] if reverse else [*inputs, number], name)

    return translate


def _reduction(op: str) -> Translation:
    def translate(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
        axes = values["axis"] if isinstance(values["axis"], tuple) else (values["axis"],)
        options: dict[str, Any] = {"keepdims": int(values.get("keepdims", False))}
        if op == "ReduceSum":  # since opset 13 its axes are an input
            inputs = [*inputs, graph.constant(f"{name}_axes", np.array(axes, dtype=np.int64))]
        else:
            options["axes"] = axes
        graph.add(op, inputs, name, **options)

    return translate


def _convolution(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    pads = values.get("pad", (0, 0))
    graph.add(
        "Conv",
        inputs,
        name,
        kernel_shape=values["kernel"],
        strides=values.get("stride", (1, 1)),
        dilations=values.get("dilate", (1, 1)),
        group=values.get("num_group", 1),
        pads=(*pads, *pads),
    )


def _batch_norm(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    if values.get("fix_gamma", True):
        size = graph.shapes[inputs[1]]
        inputs[1] = graph.constant(f"{name}_ones", np.ones(size, dtype=np.float32))
    graph.add("BatchNormalization", inputs, name, epsilon=values.get("eps", 1e-3))


def _activation(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    known = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}
    graph.add(known[values["act_type"]], inputs, name)


def _pooling(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    kind = {"avg": "AveragePool", "max": "MaxPool"}[values.get("pool_type", "max")]
    if values.get("global_pool", False):
        graph.add(f"Global{kind}", inputs, name)
        return
    pads = values.get("pad", (0, 0))
    options = {"count_include_pad": 1} if kind == "AveragePool" else {}
    graph.add(
        kind,
        inputs,
        name,
        kernel_shape=values["kernel"],
        strides=values.get("stride", (1, 1)),
        pads=(*pads, *pads),
        ceil_mode=int(values.get("pooling_convention", "valid") == "full"),
        **options,
    )


def _fully_connected(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    flat = f"{name}_flat"
    graph.add("Flatten", inputs[:1], flat)
    graph.add("Gemm", [flat, *inputs[1:]], name, transB=1)


def _transpose(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    graph.add("Transpose", inputs, name, perm=values["axes"])


def _dot(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    """Multiply by a matrix."""
    if len(graph.shapes[inputs[1]]) != 2 or any(values.get(f"transpose_{n}") for n in "ab"):
        raise ExportError(f"{name} is no product with a matrix, and has no other translation")
    graph.add("MatMul", inputs, name)


def _softmax(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    graph.add("Softmax", inputs, name, axis=values.get("axis", -1))


def _concat(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    graph.add("Concat", inputs, name, axis=values.get("dim", 1))


def _reverse(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    """Read an axis from its end to its start."""
    parts = {"starts": -1, "ends": np.iinfo(np.int64).min, "axes": values["axis"], "steps": -1}
    bounds = [
        graph.constant(f"{name}_{part}", np.array([number], dtype=np.int64))
        for part, number in parts.items()
    ]
    graph.add("Slice", [*inputs, *bounds], name)


def _reshape(graph: _Graph, name: str, inputs: list[str], values: Attributes) -> None:
    """Part images from their mirror images: the one new shape of which the batch is a part."""
    if values["shape"] != (-4, 2, -1, 0):
        raise ExportError(f"{name} reshapes to {values['shape']}, which has no translation")
    shape = np.array([2, -1, *graph.shapes[name][2:]], dtype=np.int64)
    graph.add("Reshape", [*inputs, graph.constant(f"{name}_shape", shape)], name)


TRANSLATIONS: Final[Mapping[str, Translation]] = {
    "Activation": _activation,
    "BatchNorm": _batch_norm,
    "Concat": _concat,
    "Convolution": _convolution,
    "Flatten": _plain("Flatten"),
    "FullyConnected": _fully_connected,
    "Pooling": _pooling,
    "Reshape": _reshape,
    "broadcast_add": _plain("Add"),
    "broadcast_mul": _plain("Mul"),
    "_copy": _plain("Identity"),
    "dot": _dot,
    "elemwise_add": _plain("Add"),
    "elemwise_mul": _plain("Mul"),
    "elemwise_sub": _plain("Sub"),
    "max": _reduction("ReduceMax"),
    "mean": _reduction("ReduceMean"),
    "reverse": _reverse,
    "sigmoid": _plain("Sigmoid"),
    "softmax": _softmax,
    "sqrt": _plain("Sqrt"),
    "sum": _reduction("ReduceSum"),
    "transpose": _transpose,
    "_div_scalar": _scalar("Div"),
    "_rminus_scalar": _scalar("Sub", reverse=True),
}
