"""Wraps a foreign ONNX graph so that it takes our input (`image`, 0..1 MONOCHROME2) and gives `logits`, and measures that nothing else changed."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.learning.description import Description

__all__ = ["PARITY_LIMIT", "adapt", "answers", "parity", "random_images"]

PARITY_LIMIT = 1e-4
"""Largest difference between foreign and wrapped outputs that an import accepts; relative to the largest answer where that is beyond 1."""

_IMAGES = 4
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml"}
_LOWEST_OPSET = 12
_LEAST_PROBABILITY = 1e-7


def adapt(foreign: bytes, described: Description, maps: tuple[str, ...] = ()) -> bytes:
    """The wrapped graph: `logits`, and the foreign outputs `maps` as they are.

    Raises PermanentError(code='bad_import') for a graph that does not fit its description.
    """
    onnx = _onnx()
    model = _prefixed(onnx, foreign)
    graph = model.graph
    outputs = {output.name.removeprefix("foreign_"): output for output in graph.output}
    source = f"foreign_{_chosen_output(list(outputs), described)}"
    before, after = _entry_nodes(onnx, described, _only_input(graph)), _exit_nodes(onnx, described, source)
    passed = [onnx.helper.make_node("Identity", [f"foreign_{name}"], [name]) for name in maps]
    side, tensor = described.side_px, onnx.TensorProto.FLOAT
    wrapped = onnx.helper.make_graph(
        [*before[0], *graph.node, *after[0], *passed],
        "wetread_import",
        [onnx.helper.make_tensor_value_info("image", tensor, [1, 1, side, side])],
        [
            onnx.helper.make_tensor_value_info("logits", tensor, [1, len(described.labels)]),
            *(onnx.helper.make_value_info(name, outputs[name].type) for name in maps),
        ],
        [*graph.initializer, *before[1], *after[1]],
    )
    made = onnx.helper.make_model(
        wrapped, opset_imports=model.opset_import, functions=list(model.functions), ir_version=model.ir_version
    )
    return bytes(made.SerializeToString())


def _prefixed(onnx: Any, foreign: bytes) -> Any:
    try:
        model = onnx.load_model_from_string(foreign)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf and the checker raise untyped classes of their own
        raise _bad(f"this is no valid ONNX graph in one file: {type(error).__name__}") from error
    _check_opset(model)
    return onnx.compose.add_prefix(model, "foreign_")


def _chosen_output(there: list[str], described: Description) -> str:
    chosen = described.output or (there[0] if len(there) == 1 else "")
    if chosen not in there:
        problem = f"no output {chosen}" if chosen else "output.name is missing in the description"
        raise _bad(f"{problem}; the graph has {', '.join(there)}")
    return chosen


def random_images(described: Description) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(image, 1, row, column) 0..1, and the same as the foreign network's own input."""
    side = described.side_px
    images = np.random.default_rng(0).random((_IMAGES, 1, side, side), np.float32)
    return images, normalised(images, described)


def answers(foreign: bytes, described: Description) -> dict[str, NDArray[np.float32]]:
    """What a foreign graph says of the random images: logits (image, label), or probabilities where it gives these."""
    session = _session(foreign)
    output = _chosen_output([each.name for each in session.get_outputs()], described)
    name, given = session.get_inputs()[0].name, random_images(described)[1]
    return {"logits": np.concatenate([_run(session, [output], {name: image[None]})[0] for image in given])}


def parity(expected: Mapping[str, NDArray[np.float32]], wrapped: bytes, described: Description) -> float:
    """Largest difference between the expected answers to the random images and the wrapped graph's, in the foreign network's own terms (logit or probability).

    Divided by the largest answer where that is beyond 1: float32 keeps no more digits.
    """
    _check_answers(expected["logits"], described)
    session, images = _session(wrapped), random_images(described)[0]
    given = [_run(session, list(expected), {"image": image[None]}) for image in images]
    worst = []
    for name, column in zip(expected, zip(*given, strict=True), strict=True):
        said, theirs = np.concatenate(column).astype(np.float64), expected[name]
        if name == "logits" and described.activation == "sigmoid":
            said = 1 / (1 + np.exp(-said))
        worst.append(np.abs(said - theirs).max() / max(1.0, float(np.abs(theirs).max())))
    return float(np.max(worst))


def _check_answers(theirs: NDArray[np.float32], described: Description) -> None:
    if theirs.shape != (_IMAGES, len(described.labels)):
        shape = (1, *theirs.shape[1:])
        raise _bad(f"the output has shape {shape}, but the description lists {len(described.labels)} labels")
    if not np.isfinite(theirs).all():
        raise _bad("it answers a random image with numbers that are not finite; check value_range, mean and std")
    if described.activation == "sigmoid" and not (theirs.min() >= 0 and theirs.max() <= 1):
        raise _bad("the output leaves 0..1, so it holds no sigmoid probabilities")


def normalised(image: NDArray[np.float32], described: Description) -> NDArray[np.float32]:
    """float32 (image, channel, row, column): the foreign network's own input, by the description's formula rather than by our graph."""
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


def _run(session: Any, outputs: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    try:
        found: list[NDArray[np.float32]] = session.run(outputs, given)
    except Exception as error:  # onnxruntime raises its own untyped classes
        shape = next(iter(given.values())).shape
        raise _bad(f"it does not take an image of shape {shape}; check side_px and mean in the description") from error
    return found


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
