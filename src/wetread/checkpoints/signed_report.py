"""A signed report in a file that anybody can check without us and without our database: what was signed, by whom, when, meaning what, of which study (21 CFR 11.50, 11.70).

{"document": {"format", "exported_at", "report": ...}, "signature": base64 of Ed25519 over the canonical JSON of "document"}
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from wetread.domain.errors import PermanentError
from wetread.domain.report import Report, Signature, addendum_hash, is_final, signature_binding
from wetread.domain.strict_json import read_strict_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["FORMAT", "CheckedReport", "check_report", "pack_report"]

FORMAT = "wetread-signed-report/1"
_DEEPEST = 8
_CONTEXT = b"wetread signed report\n"
"""The same key signs checkpoints: what it signs of one kind is nothing of the other."""


@dataclass(frozen=True, slots=True)
class CheckedReport:
    """What the file says and holds: `signatures` are of the content, then of each addendum."""

    study_key: str
    version: int
    status: str
    sections: tuple[tuple[str, str], ...]
    signatures: tuple[Signature, ...]
    exported_at: datetime


def pack_report(report: Report, key: "Ed25519PrivateKey", now: datetime) -> str:
    """JSON of a final report. Raises PermanentError ('not_final', 'signature_mismatch')."""
    if not is_final(report):
        raise PermanentError("only what a radiologist signed is exported: this version is open", code="not_final")
    document = {"format": FORMAT, "exported_at": now.isoformat(), "report": _document(report)}
    signature = base64.b64encode(key.sign(_CONTEXT + _canonical(document))).decode()
    return json.dumps({"document": document, "signature": signature}, indent=1, sort_keys=True) + "\n"


def check_report(data: bytes, public_key: bytes) -> CheckedReport:
    """Raises PermanentError ('bad_report') for anything that does not hold, and says which: the file, a text, or a signature that is of something else."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        package: Any = read_strict_json(data, max_depth=_DEEPEST)
        if set(package) != {"document", "signature"} or package["document"]["format"] != FORMAT:
            raise ValueError("it is of another form")
        raw = base64.b64decode(package["signature"], validate=True)
        Ed25519PublicKey.from_public_bytes(public_key).verify(raw, _CONTEXT + _canonical(package["document"]))
        return _read(package["document"])
    except InvalidSignature:
        raise _bad("this key did not sign it, or something in it was changed since") from None
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise _bad("it is no signed report that we wrote") from error


def _document(report: Report) -> dict[str, object]:
    whole = asdict(report)
    kept = ("study_key", "version", "status", "content", "amendment_reason")
    addenda = [{**asdict(each), "signature": _signature_document(each.signature)} for each in report.addenda]
    signature = _signature_document(report.signature) if report.signature else None
    return {**{name: whole[name] for name in kept}, "signature": signature, "addenda": addenda}


def _signature_document(signature: Signature) -> dict[str, object]:
    return {**asdict(signature), "signed_at": signature.signed_at.isoformat()}


def _read(document: Mapping[str, Any]) -> CheckedReport:
    report = document["report"]
    content, key = report["content"], report["study_key"]
    signature = _signature(report["signature"], key, sha256(_canonical(content)).hexdigest(), "the report")
    addenda = tuple(
        _signature(each["signature"], key, addendum_hash(each["text"], each["appended_to"]), "an addendum")
        for each in report["addenda"]
    )
    sections = tuple((str(name), str(text)) for name, text in content["sections"])
    at = datetime.fromisoformat(document["exported_at"])
    return CheckedReport(key, report["version"], report["status"], sections, (signature, *addenda), at)


def _signature(given: Mapping[str, Any], study_key: str, content_sha256: str, of: str) -> Signature:
    signature = Signature(**{**given, "signed_at": datetime.fromisoformat(given["signed_at"])})
    if signature.content_sha256 != content_sha256:
        raise _bad(f"the signature of {of} is of another text")
    if signature.bound_sha256 and signature.bound_sha256 != signature_binding(study_key, signature):
        raise _bad(f"the signature of {of} was given for another study, by somebody else, or at another time")
    return signature


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _bad(why: str) -> PermanentError:
    return PermanentError(f"this report cannot be believed: {why}", code="bad_report")
