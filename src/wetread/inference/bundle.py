"""How any model enters: a folder or zip of `bundle.json`, `model.onnx`, `card.md`; JSON and ONNX only, every file hashed, nothing that runs on load."""

import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wetread.domain.analysis import ModelIdentity, OperatingPoint, Rate
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName

__all__ = ["BUNDLED", "BundleDocument", "Calibration", "GateSpec", "HeadSpec", "ModelBundle", "load_bundle"]

BUNDLED = Path(__file__).parent.parent / "models" / "wetread-cxr-small"
"""The model that ships with wetread."""

_MAX_FILE_BYTES = 200 * 1024 * 1024
_ALLOWED_SUFFIXES = {".json", ".onnx", ".md", ".png"}

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _RateDocument(_Strict):
    value: Probability
    low: Probability
    high: Probability
    n: int = Field(ge=0)

    def rate(self) -> Rate:
        return Rate(self.value, self.low, self.high, self.n)


class _OperatingPointDocument(_Strict):
    threshold: Probability
    rule: str
    sensitivity: _RateDocument | None = None
    specificity: _RateDocument | None = None


class _CalibrationDocument(_Strict):
    method: Literal["platt"]
    slope: float = Field(gt=0.0)
    intercept: float


class _HeadDocument(_Strict):
    name: FindingName
    output_index: int = Field(ge=0)
    calibration: _CalibrationDocument | None
    operating_point: _OperatingPointDocument


class _GateDocument(_Strict):
    classes: tuple[str, ...] = Field(min_length=2)
    accept_class: str
    threshold: Probability


class _OutOfDistributionDocument(_Strict):
    method: str
    threshold: float = Field(gt=0.0)


class _InputDocument(_Strict):
    rows: int = Field(ge=32, le=2048)
    columns: int = Field(ge=32, le=2048)
    fit: Literal["long_side_pad"]
    photometric_interpretation: Literal["MONOCHROME2"]


class _FileDocument(_Strict):
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class BundleDocument(_Strict):
    """The schema of `bundle.json`, version 1."""

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?$")
    intended_use: str
    modalities: tuple[str, ...]
    body_parts: tuple[str, ...]
    view_positions: tuple[str, ...]
    input: _InputDocument
    findings: tuple[_HeadDocument, ...] = Field(min_length=1)
    gate: _GateDocument
    out_of_distribution: _OutOfDistributionDocument
    licence: str
    files: dict[str, _FileDocument]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt scaling (Platt 1999): probability = 1 / (1 + exp(-(slope * raw_score + intercept)))."""

    slope: float
    intercept: float

    def apply(self, raw_score: float) -> float:
        """Calibrated probability, 0..1."""
        z = self.slope * raw_score + self.intercept
        return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """One finding's place in the network's output and what its number means."""

    name: FindingName
    output_index: int
    calibration: Calibration | None
    operating_point: OperatingPoint


@dataclass(frozen=True, slots=True)
class GateSpec:
    """The learned image gate: which classes, which one may pass, and how sure it must be."""

    classes: tuple[str, ...]
    accept_class: str
    threshold: float


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A verified bundle. `onnx` is the network's bytes; their sha256 is the model's identity."""

    identity: ModelIdentity
    intended_use: str
    view_positions: tuple[str, ...]
    input_side_px: int
    heads: tuple[HeadSpec, ...]
    gate: GateSpec
    ood_threshold: float
    onnx: bytes
    card: str
    licence: str


def load_bundle(path: Path) -> ModelBundle:
    """Read and verify a bundle; raises PermanentError(code='bad_bundle') that names the file and the problem."""
    members = _read_zip(path) if path.is_file() else _read_folder(path)
    document = _parse(members, path)
    _verify(members, document, path)
    return _to_bundle(document, members)


def _bad(path: Path, problem: str) -> PermanentError:
    return PermanentError(f"model bundle {path.name}: {problem}", code="bad_bundle")


def _read_folder(path: Path) -> dict[str, bytes]:
    if not (path / "bundle.json").is_file():
        raise _bad(path, "no bundle.json in it; a bundle is a folder or zip with bundle.json, model.onnx and card.md")
    files = [each for each in path.iterdir() if each.is_file() and not each.is_symlink()]
    return {each.name: _limited(path, each.name, each.stat().st_size, each.read_bytes) for each in files}


def _read_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if any("/" in info.filename or "\\" in info.filename for info in infos):
                raise _bad(path, "a bundle's files lie at its top level")
            return {i.filename: _limited(path, i.filename, i.file_size, partial(archive.read, i)) for i in infos}
    except zipfile.BadZipFile as error:
        raise _bad(path, "neither a folder nor a readable zip") from error


def _limited(path: Path, name: str, size_bytes: int, read: Callable[[], bytes]) -> bytes:
    if Path(name).suffix not in _ALLOWED_SUFFIXES:
        raise _bad(path, f"{name}: only {', '.join(sorted(_ALLOWED_SUFFIXES))} may be in a bundle")
    if size_bytes > _MAX_FILE_BYTES:
        raise _bad(path, f"{name} is larger than {_MAX_FILE_BYTES} bytes")
    return read()


def _parse(members: dict[str, bytes], path: Path) -> BundleDocument:
    try:
        return BundleDocument.model_validate(json.loads(members["bundle.json"]))
    except KeyError:
        raise _bad(path, "no bundle.json in it") from None
    except (ValueError, ValidationError) as error:
        raise _bad(path, f"bundle.json does not fit the schema: {error}") from error


def _verify(members: dict[str, bytes], document: BundleDocument, path: Path) -> None:
    for name in ("model.onnx", "card.md"):
        if name not in document.files:
            raise _bad(path, f"bundle.json lists no hash for {name}")
    unlisted = set(members) - set(document.files) - {"bundle.json"}
    if unlisted:
        raise _bad(path, f"files without a hash: {', '.join(sorted(unlisted))}")
    for name, expected in document.files.items():
        if name not in members:
            raise _bad(path, f"{name} is missing")
        if sha256(members[name]).hexdigest() != expected.sha256:
            raise _bad(path, f"{name} is not the file the bundle was made with (sha256 differs)")
    if document.gate.accept_class not in document.gate.classes:
        raise _bad(path, "the gate's accept_class is not one of its classes")
    names = [head.name for head in document.findings]
    if len(set(names)) != len(names):
        raise _bad(path, "a finding is listed twice")


def _to_bundle(document: BundleDocument, members: dict[str, bytes]) -> ModelBundle:
    heads = tuple(_to_head(head) for head in document.findings)
    gate = GateSpec(document.gate.classes, document.gate.accept_class, document.gate.threshold)
    return ModelBundle(
        identity=ModelIdentity(document.name, document.version, document.files["model.onnx"].sha256),
        intended_use=document.intended_use,
        view_positions=document.view_positions,
        input_side_px=document.input.rows,
        heads=heads,
        gate=gate,
        ood_threshold=document.out_of_distribution.threshold,
        onnx=members["model.onnx"],
        card=members["card.md"].decode("utf-8", "replace"),
        licence=document.licence,
    )


def _to_head(head: _HeadDocument) -> HeadSpec:
    calibration = head.calibration and Calibration(head.calibration.slope, head.calibration.intercept)
    point = head.operating_point
    operating_point = OperatingPoint(
        point.threshold,
        point.rule,
        point.sensitivity.rate() if point.sensitivity else None,
        point.specificity.rate() if point.specificity else None,
    )
    return HeadSpec(head.name, head.output_index, calibration or None, operating_point)
