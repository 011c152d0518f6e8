"""Writes a model bundle: `model.onnx`, `card.md` and `bundle.json` with the sha256 of both. Nothing in it runs on load."""

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from wetread.learning.distance import Distance
from wetread.learning.gate import Gate
from wetread.learning.network import Reader, fold_norms

__all__ = ["OUTPUTS", "Deployed", "export_onnx", "write_bundle"]

OUTPUTS = ("logits", "features", "cam", "gate_logits", "ood_score")


class Deployed(nn.Module):
    """Reader, gate and distance in one pass: image (batch, 1, S, S) -> OUTPUTS."""

    def __init__(self, reader: Reader, gate: Gate, distance: Distance) -> None:
        super().__init__()
        self.reader, self.gate, self.distance = copy.deepcopy(reader), gate, distance
        fold_norms(self.reader)
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        reading = self.reader(image)
        return (
            reading.logits,
            reading.features,
            reading.cam,
            self.gate(reading.layout),
            self.distance(reading.features),
        )


def export_onnx(deployed: Deployed, input_px: int, path: Path) -> None:
    """Writes the graph with a free batch axis (opset 17)."""
    torch.onnx.export(
        deployed,
        (torch.zeros(1, 1, input_px, input_px),),
        str(path),
        input_names=["image"],
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "batch"} for name in ("image", *OUTPUTS)},
        opset_version=17,
        dynamo=False,
    )


def write_bundle(
    folder: Path, statement: Mapping[str, object], card: str, figures: Mapping[str, object] | None = None
) -> None:
    """Writes card.md, card.json (`figures`, the data behind the card) and bundle.json beside an exported model.onnx.

    `statement` is bundle.json without `files`.
    """
    (folder / "card.md").write_text(card)
    names = ["model.onnx", "card.md"]
    if figures is not None:
        (folder / "card.json").write_text(json.dumps(figures, separators=(",", ":"), allow_nan=False) + "\n")
        names.append("card.json")
    files = {name: _fingerprint(folder / name) for name in names}
    (folder / "bundle.json").write_text(json.dumps({**statement, "files": files}, indent=1) + "\n")


def _fingerprint(path: Path) -> dict[str, object]:
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
