"""Puts the backbone of an exported graph into 8-bit integers (ONNX Runtime, static, QDQ, weights per channel; Jacob et al., CVPR 2018).

Ranges of activations come from train films. Head, maps, gate and distance stay float32: they are cheap and decide. So do the stem
and the first block: they gain nothing from integers and, with them, the logits strayed twice as far on val. Weights take 7 bits of the 8,
so that a graph gives the same answer on every CPU.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from wetread.learning.export import write_bundle
from wetread.learning.manifest import targets
from wetread.learning.parity import answers, as_input, open_graph, parity
from wetread.learning.run import Run, read_all

__all__ = ["METHODS", "quantise", "quantise_bundle"]

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
_RANGE_FILMS = 64
_READER = "/reader/"
_FLOAT_STAYS = ("_conv_stem", "/reader/Clip", "_blocks.0/")
_INTEGER_OPERATORS = ("Conv", "Clip", "Add")


class _Films(CalibrationDataReader):  # type: ignore[misc]
    """(n, row, column) uint8 films, one at a time."""

    def __init__(self, films: NDArray[np.uint8]) -> None:
        self._films: Iterator[NDArray[np.uint8]] = iter(films)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        film = next(self._films, None)
        return None if film is None else {"image": as_input(film)}


def quantise(model: Path, films: NDArray[np.uint8], method: str, out: Path) -> None:
    """Writes the int8 form of `model` to `out`; `films` (n, row, column) uint8 set the ranges, by one of METHODS.

    Histograms of all films are held at once: about 15 MB a film at 160 px.
    """
    with TemporaryDirectory() as folder:
        tidied = (
            Path(folder) / "tidied.onnx"
        )  # paddings folded into the convolutions after them, which keeps integers going through
        quant_pre_process(model, tidied, skip_symbolic_shape=True)
        names = [node.name for node in onnx.load(tidied).graph.node if _is_integer(node)]
        if not names:
            raise ValueError(f"{model.name} has no backbone to quantise: was it written by export_onnx?")
        quantize_static(
            tidied,
            out,
            _Films(films),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(_INTEGER_OPERATORS),
            nodes_to_quantize=names,
            per_channel=True,
            reduce_range=True,  # 7 bits: with 8, the 16-bit sums of a CPU without VNNI saturate, and the answer hangs on the CPU
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=METHODS[method],
        )


def _is_integer(node: onnx.NodeProto) -> bool:
    inside = node.op_type in _INTEGER_OPERATORS and node.name.startswith(_READER)
    return inside and not any(part in node.name for part in _FLOAT_STAYS)


def quantise_bundle(run: Run, source: Path, folder: Path) -> str:
    """Writes the int8 form of the bundle `source` to `folder`; the way of setting ranges is the one nearest to float32 on val."""
    val, stated = run.pixels("val"), json.loads((source / "bundle.json").read_text())
    chosen = np.random.default_rng(run.recipe.seed).permutation(len(run.films["train"]))[:_RANGE_FILMS]
    films, truth, float32 = run.pixels("train")[chosen], targets(run.films["val"]), source / "model.onnx"
    with TemporaryDirectory() as temporary:
        found = {}
        for method in METHODS:
            graph = Path(temporary) / f"{method}.onnx"
            quantise(float32, films, method, graph)
            found[method] = parity((float32, graph), val, truth, stated)
        best = min(found, key=lambda method: found[method].logit_difference_p99)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(temporary) / f"{best}.onnx", folder / "model.onnx")
    remarks = {"method": best, "range_films": len(films), "against_float32_on_val": asdict(found[best])}
    write_bundle(folder, _restated(stated, remarks), (source / "card.md").read_text() + _remark(remarks))
    torch_away = np.abs(read_all(run.reader, val).logits.numpy() - answers(open_graph(float32), val).logits).max()
    return "\n".join(
        [f"torch to float32 ONNX: logits differ by at most {torch_away:.1e}", *map(str, found.items()), best]
    )


def _restated(stated: dict[str, Any], remarks: dict[str, object]) -> dict[str, object]:
    """bundle.json without what was measured or signed on the float32 graph only."""
    findings = [{**each, "auroc_test": None} for each in stated["findings"]]
    kept = {name: value for name, value in stated.items() if name != "files"}
    unsigned = {"algorithm": "none", "note": "Not signed."}
    version = f"{stated['version']}+int8"
    return {**kept, "version": version, "findings": findings, "quantisation": remarks, "signature": unsigned}


def _remark(remarks: dict[str, object]) -> str:
    return (
        "\n## int8\n\nThis is the 8-bit form of the model described above. Every figure above was measured on the float32 form; this "
        f"form was only compared with it on val: `{json.dumps(remarks)}`.\n"
    )
