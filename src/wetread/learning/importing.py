"""Makes a bundle of a foreign network, and says in it what such a network lacks: no calibration, gate, distance or map is made up."""

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wetread.domain.errors import PermanentError
from wetread.inference.bundle import load_bundle
from wetread.learning.description import Description
from wetread.learning.foreign_onnx import PARITY_LIMIT, adapt, answers, parity
from wetread.learning.foreign_torch import OUTPUT, convert

__all__ = ["FORMATS", "Imported", "import_network", "lacks", "write_import"]

FORMATS = ("onnx", "torchscript", "timm", "torchxrayvision")

_LACKS = (
    "calibration: its scores are raw logits, no probabilities; it calls no finding",
    "image gate: nothing checks that a film is an upright frontal chest",
    "out-of-distribution score: it cannot tell a film unlike those it was trained on",
    "class activation map: it shows no place and no side",
    "measured accuracy: nothing was measured by wetread; `wetread model evaluate` does",
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A wrapped network, the sha256 of what it was made from, and the largest difference between the two."""

    onnx: bytes
    source_sha256: str
    format: str
    parity: float
    maps: tuple[str, ...] = ()


def import_network(kind: str, source: Path, described: Description) -> Imported:
    """`kind` is one of FORMATS. Raises PermanentError(code='bad_import') when the wrapped network does not answer as the foreign one."""
    try:
        foreign = source.read_bytes()
    except OSError as error:
        raise PermanentError(f"{source}: {error.strerror}; give the network's file", code="no_file") from error
    wrapped, maps, expected = _wrapped(kind, foreign, source.suffix, described)
    difference = parity(expected, wrapped, described)
    if not difference <= PARITY_LIMIT:
        message = f"wrapped and foreign network differ by {difference:.2g}, more than {PARITY_LIMIT:g}"
        raise PermanentError(f"the network cannot be imported: {message}", code="bad_import")
    return Imported(wrapped, sha256(foreign).hexdigest(), kind, difference, maps)


def _wrapped(
    kind: str, foreign: bytes, suffix: str, described: Description
) -> tuple[bytes, tuple[str, ...], dict[str, NDArray[np.float32]]]:
    """The graph, its maps, and what the foreign network said of the random images."""
    if kind == "onnx":
        return adapt(foreign, described), (), answers(foreign, described)
    if kind == "timm" and not described.architecture:
        message = 'the description does not fit: [architecture] is missing; say of what model the checkpoint is, name = "resnet18"'
        raise PermanentError(message, code="bad_description")
    converted = convert(kind, foreign, suffix, described)
    wrapped = adapt(converted.onnx, replace(described, output=OUTPUT), converted.maps)
    return wrapped, converted.maps, converted.answers


def lacks(imported: Imported) -> tuple[str, ...]:
    """What the bundle says that it has not."""
    return tuple(each for each in _LACKS if not (imported.maps and each.startswith("class activation map")))


def write_import(folder: Path, imported: Imported, described: Description) -> None:
    """A bundle folder that `load_bundle` accepts; refuses a folder that exists."""
    if folder.exists():
        raise PermanentError(f"{folder.name} exists: choose another folder for the bundle", code="bad_import")
    folder.mkdir(parents=True)
    files = {"model.onnx": imported.onnx, "card.md": _card(imported, described).encode()}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: {"sha256": sha256(c).hexdigest(), "bytes": len(c)} for name, c in files.items()}
    document = {**_statement(imported, described), "files": hashes}
    (folder / "bundle.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    load_bundle(folder)


def _statement(imported: Imported, described: Description) -> dict[str, object]:
    return {
        "schema_version": 1,
        "name": described.name,
        "version": described.version,
        "intended_use": described.intended_use,
        "not_for": described.not_for,
        "modalities": ["CR", "DX"],
        "body_parts": ["CHEST"],
        "view_positions": list(described.view_positions),
        "input": {
            "name": "image",
            "rows": described.side_px,
            "columns": described.side_px,
            "fit": "long_side_pad",
            "resampling": "area_average",
            "value_range": [0, 1],
            "photometric_interpretation": "MONOCHROME2",
        },
        "outputs": {name: name for name in ("logits", *imported.maps)},
        "findings": [
            {
                "name": name.value,
                "output_index": described.labels.index(label),
                "calibration": None,
                "operating_point": None,
            }
            for label, name in described.findings.items()
        ],
        "gate": None,
        "out_of_distribution": None,
        "lacks": list(lacks(imported)),
        "training_data": [{"name": described.training_data}],
        "imported": {
            "source_sha256": imported.source_sha256,
            "format": imported.format,
            "labels": list(described.labels),
            "unmapped_labels": list(described.unmapped),
            "activation": described.activation,
            "value_range": [described.low, described.high],
            "mean": list(described.mean),
            "std": list(described.std),
            "largest_difference": imported.parity,
        },
        "licence": described.licence,
        "signature": {"algorithm": "none", "note": "Not signed: the hashes show damage, not who made the bundle."},
    }


def _maps(imported: Imported) -> str:
    return " Each map's mean plus the head's bias was measured to be the logit." if imported.maps else ""


def _card(imported: Imported, described: Description) -> str:
    lacking = "\n".join(f"- {each}" for each in lacks(imported))
    mapping = "\n".join(f"| {label} | {name.value} |" for label, name in described.findings.items())
    unmapped = ", ".join(described.unmapped) or "none"
    return f"""# {described.name} {described.version}

**Assistive research tool, not a cleared medical device. An imported network: what stands here was said by whoever imported it.**

Intended use: {described.intended_use}

Not for: {described.not_for}

Licence: {described.licence}. Training data: {described.training_data}

## What it lacks

{lacking}

## How it was imported

From a file ({imported.format}) with sha256 `{imported.source_sha256}`. Its input ({described.side_px} px, {len(described.mean)} channels, range {described.low:g} to
{described.high:g}, mean {list(described.mean)}, std {list(described.std)}) is made inside the graph from 0..1 MONOCHROME2; its outputs are {described.activation}.
Wrapped and foreign network differ by at most {imported.parity:.2g} on 4 random images.{_maps(imported)} Films are brought to size by area average and padded with black;
if the network was trained on cropped or stretched films, it reads worse here than where it comes from.

| its label | our finding |
|---|---|
{mapping}

Labels that become no finding here: {unmapped}.
"""
