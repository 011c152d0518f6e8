"""Wraps a foreign ONNX graph so that it takes our input (`image`, 0..1 MONOCHROME2) and gives `logits`, and measures that nothing else changed."""

import importlib
from typing import Any

import numpy as np

from wetread.domain.errors import PermanentError
from wetread.learning.description import Description

__all__ = ["PARITY_LIMIT", "adapt", "parity"]

PARITY_LIMIT = 1e-4
"""Largest difference between foreign and wrapped outputs that an import accepts."""

_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_LOWEST_OPSET = 12
_LEAST_PROBABILITY = 1e-7


def adapt(foreign: bytes, described: Description) -> bytes:
    """The wrapped graph. Raises PermanentError(code='bad_import') for a graph that does not fit its description."""
    onnx = _onnx()
    try:
        model = onnx.load_model_from_string(foreign)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker raise untyped classes of their own
        raise _bad(f"this is no valid ONNX graph in one file: {type(error).__name__}") from error
    _check_opset(model)
    model = onnx.compose.add_prefix(model, "foreign_")
    graph, source = model.graph, f"foreign_{described.output}"
    entry = _only_input(graph)
    if source not in {output.name for output in graph.output}:
        names = ", ".join(output.name.removeprefix("foreign_") for output in graph.output)
        raise _bad(f"no output {described.output}; the graph has {names}")
    before, after = _entry_nodes(onnx, described, entry), _exit_nodes(onnx, described, source)
    nodes = [*before[0], *graph.node, *after[0]]
    kept = [*graph.initializer, *before[1], *after[1]]
    side, tensor = described.side_px, onnx.TensorProto.FLOAT
    wrapped = onnx.helper.make_graph(
        nodes,
        "wetread_import",
        [onnx.helper.make_tensor_value_info("image", tensor, [1, 1, side, side])],
        [onnx.helper.make_tensor_value_info("logits", tensor, [1, len(described.labels)])],
        kept,
    )
    made = onnx.helper.make_model(
        wrapped, opset_imports=model.opset_import, functions=list(model.functions), ir_version=model.ir_version
    )
    return bytes(made.SerializeToString())


def parity(foreign: bytes, wrapped: bytes, described: Description) -> float:
    """Largest absolute difference between both graphs on 4 random images, in the foreign output's own terms (logit or probability)."""
    theirs, ours = _session(foreign), _session(wrapped)
    random, worst = np.random.default_rng(0), 0.0
    for _ in range(4):
        image = random.random((1, 1, described.side_px, described.side_px), np.float32)
        given = normalised(image, described)
        expected = theirs.run([described.output], {theirs.get_inputs()[0].name: given})[0]
        logits = ours.run(["logits"], {"image": image})[0]
        said = 1 / (1 + np.exp(-logits.astype(np.float64))) if described.activation == "sigmoid" else logits
        if expected.shape != (1, len(described.labels)):
            raise _bad(
                f"the output has shape {expected.shape}, but the description lists {len(described.labels)} labels"
            )
        if described.activation == "sigmoid" and not (expected.min() >= 0 and expected.max() <= 1):
            raise _bad("the output leaves 0..1, so it holds no sigmoid probabilities")
        worst = max(worst, float(np.abs(said - expected).max()))
    return worst


def normalised(image: np.ndarray[Any, Any], described: Description) -> np.ndarray[Any, Any]:
    """float32 (1, channel, row, column): the foreign network's own input, by the description's formula rather than by our graph."""
    raw = described.low + image.astype(np.float64) * (described.high - described.low)
    channels = [(raw - mean) / std for mean, std in zip(described.mean, described.std, strict=True)]
    return np.concatenate(channels, axis=1).astype(np.float32)


def _entry_nodes(onnx: Any, described: Description, entry: str) -> tuple[list[Any], list[Any]]:
    scale, offset = (np.array(each, np.float32).reshape(1, -1, 1, 1) for each in described.affine)
    constants = [
        onnx.numpy_helper.from_array(scale, "wetread_scale"),
        onnx.numpy_helper.from_array(offset, "wetread_offset"),
    ]
    nodes = [
        onnx.helper.make_node("Mul", ["image", "wetread_scale"], ["wetread_scaled"]),
        onnx.helper.make_node("Add", ["wetread_scaled", "wetread_offset"], [entry]),
    ]
    return nodes, constants


def _exit_nodes(onnx: Any, described: Description, source: str) -> tuple[list[Any], list[Any]]:
    node = onnx.helper.make_node
    if described.activation == "logits":
        return [node("Identity", [source], ["logits"])], []
    values = {"low": _LEAST_PROBABILITY, "high": 1 - _LEAST_PROBABILITY, "one": 1.0}
    constants = [onnx.numpy_helper.from_array(np.array(v, np.float32), f"wetread_{k}") for k, v in values.items()]
    nodes = [
        node("Clip", [source, "wetread_low", "wetread_high"], ["wetread_p"]),
        node("Sub", ["wetread_one", "wetread_p"], ["wetread_q"]),
        node("Log", ["wetread_p"], ["wetread_log_p"]),
        node("Log", ["wetread_q"], ["wetread_log_q"]),
        node("Sub", ["wetread_log_p", "wetread_log_q"], ["logits"]),
    ]
    return nodes, constants


def _check_opset(model: Any) -> None:
    domains = {each.domain: each.version for each in model.opset_import}
    if set(domains) - _DOMAINS:
        raise _bad(f"operators from {', '.join(sorted(set(domains) - _DOMAINS))} are not plain ONNX")
    version = max(domains.get("", 0), domains.get("ai.onnx", 0))
    if version < _LOWEST_OPSET:
        raise _bad(f"opset {version} is too old: export the network with opset {_LOWEST_OPSET} or later")


def _only_input(graph: Any) -> str:
    weights = {each.name for each in graph.initializer}
    inputs = [each.name for each in graph.input if each.name not in weights]
    if len(inputs) != 1:
        raise _bad(f"the graph needs exactly one input, it has {len(inputs)}")
    return str(inputs[0])


def _session(graph: bytes) -> Any:
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own untyped classes
        raise _bad(f"ONNX Runtime does not run it: {type(error).__name__}") from error


def _onnx() -> Any:
    try:
        for part in ("checker", "compose", "helper", "numpy_helper"):
            importlib.import_module(f"onnx.{part}")
        return importlib.import_module("onnx")
    except ImportError as error:
        raise PermanentError(
            'importing needs the package onnx: pip install "wetread[learning]"', code="no_onnx"
        ) from error


def _bad(problem: str) -> PermanentError:
    return PermanentError(f"the network cannot be imported: {problem}", code="bad_import")
