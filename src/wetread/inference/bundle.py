"""How any model enters: a folder or zip of `bundle.json`, `model.onnx`, `card.md`; JSON and ONNX only, every file hashed, nothing that runs on load."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from wetread.domain.analysis import ModelIdentity, OperatingPoint, Rate
from wetread.domain.errors import PermanentError
from wetread.domain.finding import FindingName
from wetread.inference.bundle_signature import (
    SHIPPED_KEYS,
    SignatureState,
    Signer,
    is_signed,
    read_trusted_keys,
    verify,
)
from wetread.inference.calibration import Calibration, read_calibration
from wetread.inference.json_reader import JsonValue, Misfit

__all__ = ["BUNDLED", "GateSpec", "HeadSpec", "ModelBundle", "load_bundle"]

BUNDLED = Path(__file__).parent.parent / "models" / "wetread-cxr-small"
"""The model that ships with wetread."""

_MAX_FILE_BYTES = 200 * 1024 * 1024
_NO_OPERATING_POINT = OperatingPoint(1.0, "none: not calibrated, never called", None, None)
_ALLOWED_SUFFIXES = {".json", ".onnx", ".md", ".png"}


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
    """A verified bundle. `onnx` is the network's bytes; their sha256 is the model's identity.

    `gate` and `ood_threshold` are None where an imported network has no such part. `ood_reference`: ascending distances of in-distribution films
    that neither the network nor its distance was fitted on; empty in bundles from before 0.2.1. `figures`: card.json, the data behind the card.
    """

    identity: ModelIdentity
    intended_use: str
    view_positions: tuple[str, ...]
    input_side_px: int
    heads: tuple[HeadSpec, ...]
    gate: GateSpec | None
    ood_threshold: float | None
    onnx: bytes
    card: str
    licence: str
    signature: SignatureState
    ood_reference: tuple[float, ...] = ()
    figures: bytes | None = None


def load_bundle(path: Path, *, trusted_keys_dir: Path | None = None, require_signature: bool = False) -> ModelBundle:
    """Read and verify a bundle; raises PermanentError(code='bad_bundle') that names the file, the place and the problem.

    `trusted_keys_dir` adds a site's public keys to those that ship; `require_signature` refuses what none of them signed.
    """
    members = _read_zip(path) if path.is_file() else _read_folder(path)
    if "bundle.json" not in members:
        raise _bad(path, "no bundle.json in it")
    try:
        document = JsonValue(json.loads(members["bundle.json"]), "bundle.json")
        signature = _signature(document, trusted_keys_dir)
        if require_signature and signature.signer is not Signer.TRUSTED:
            raise _bad(path, f"{signature}; this site loads only bundles that a trusted key signed")
        _verify_files(members, document, path)
        return _to_bundle(document, members, signature)
    except (ValueError, RecursionError) as error:
        raise _bad(path, f"bundle.json does not fit the schema: {error}") from error


def _signature(document: JsonValue, trusted_keys_dir: Path | None) -> SignatureState:
    content = {name: each.value for name, each in document.members()}
    # Keys are read only for a signed bundle: the library behind them costs an unsigned start nothing.
    return verify(content, read_trusted_keys(SHIPPED_KEYS, trusted_keys_dir) if is_signed(content) else ())


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


def _verify_files(members: dict[str, bytes], document: JsonValue, path: Path) -> None:
    expected = {name: entry["sha256"].text(r"[0-9a-f]{64}") for name, entry in document["files"].members()}
    for name in ("model.onnx", "card.md"):
        if name not in expected:
            raise _bad(path, f"bundle.json lists no hash for {name}")
    unlisted = set(members) - set(expected) - {"bundle.json"}
    if unlisted:
        raise _bad(path, f"files without a hash: {', '.join(sorted(unlisted))}")
    for name, digest in expected.items():
        if name not in members:
            raise _bad(path, f"{name} is missing")
        if sha256(members[name]).hexdigest() != digest:
            raise _bad(path, f"{name} is not the file the bundle was made with (sha256 differs)")


def _to_bundle(document: JsonValue, members: dict[str, bytes], signature: SignatureState) -> ModelBundle:
    document["schema_version"].one_of(1)
    heads = tuple(_head(each) for each in document["findings"].items(at_least=1))
    if len({head.name for head in heads}) != len(heads):
        raise Misfit("findings: a finding is listed twice")
    return ModelBundle(
        identity=ModelIdentity(
            document["name"].text(r"[a-z0-9][a-z0-9._-]{0,63}"),
            document["version"].text(r"\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.-]+)?"),
            document["files"]["model.onnx"]["sha256"].text(),
        ),
        intended_use=document["intended_use"].text(),
        view_positions=tuple(each.text() for each in document["view_positions"].items()),
        input_side_px=_input_side_px(document["input"]),
        heads=heads,
        gate=_gate(document.get("gate")),
        ood_threshold=_ood_threshold(document.get("out_of_distribution")),
        onnx=members["model.onnx"],
        card=members["card.md"].decode("utf-8", "replace"),
        licence=document["licence"].text(),
        signature=signature,
        ood_reference=_ood_reference(document.get("out_of_distribution")),
        figures=members.get("card.json"),
    )


def _input_side_px(spec: JsonValue) -> int:
    spec["fit"].one_of("long_side_pad")
    spec["photometric_interpretation"].one_of("MONOCHROME2")
    side_px = spec["rows"].integer(32, 2048)
    spec["columns"].one_of(side_px)
    return side_px


def _ood_threshold(spec: JsonValue | None) -> float | None:
    return None if spec is None else spec["threshold"].number(low=0.0)


def _ood_reference(spec: JsonValue | None) -> tuple[float, ...]:
    stated = spec.get("reference_scores") if spec else None
    scores = tuple(each.number(low=0.0) for each in stated.items(at_least=1)) if stated else ()
    if any(left > right for left, right in pairwise(scores)):
        raise Misfit("out_of_distribution.reference_scores: must not descend")
    return scores


def _gate(spec: JsonValue | None) -> GateSpec | None:
    if spec is None:
        return None
    classes = tuple(each.text() for each in spec["classes"].items(at_least=2))
    spec["accept_class"].one_of(*classes)
    return GateSpec(classes, spec["accept_class"].text(), spec["threshold"].number(0.0, 1.0))


def _head(spec: JsonValue) -> HeadSpec:
    spec["name"].one_of(*FindingName)
    stated = spec.get("calibration")
    calibration = read_calibration(stated) if stated is not None else None
    point = spec["operating_point"] if calibration else spec.get("operating_point")
    index = spec["output_index"].integer(0, 4096)
    return HeadSpec(FindingName(spec["name"].text()), index, calibration, _operating_point(point))


def _operating_point(spec: JsonValue | None) -> OperatingPoint:
    if spec is None:
        return _NO_OPERATING_POINT
    threshold, rule = spec["threshold"].number(0.0, 1.0), spec["rule"].text()
    return OperatingPoint(threshold, rule, _rate(spec.get("sensitivity")), _rate(spec.get("specificity")))


def _rate(spec: JsonValue | None) -> Rate | None:
    if spec is None:
        return None
    value, low, high = (spec[key].number(0.0, 1.0) for key in ("value", "low", "high"))
    return Rate(value, low, high, spec["n"].integer(0, 10**9))
