"""The tables of docs/conformance.md, made from the code that does what they say; `python tests/architecture/test_docs.py` writes them."""

from collections.abc import Iterable

from pydicom.uid import (
    UID,
    ComprehensiveSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)
from pynetdicom import AllStoragePresentationContexts

from wetread.dicom.dictionary import keyword_of
from wetread.dicom.dimse import _STATUS as DIMSE_STATUS
from wetread.dicom.dimse_stream import MAX_PDU_BYTES
from wetread.dicom.header import HEADER_ITEMS, HEADER_TAGS
from wetread.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from wetread.dicom.query_retrieve import MODELS
from wetread.dicom.transfer_syntax import DEFLATED, EXPLICIT, LOSSLESS_TARGETS, TRANSFER_SYNTAXES
from wetread.dicom.worklist_scu import WORKLIST_RETURNED
from wetread.ingest.outcome import Outcome
from wetread.ports.vault import INSTANCE_KEYS, ORDER_KEYS, SERIES_KEYS, STUDY_KEYS
from wetread.web.dicom_json import ATTRIBUTES, INSTANCE_EXTRAS, SERIES_EXTRAS
from wetread.web.dicomweb_operations import DICOMWEB_OPERATIONS
from wetread.web.stow_response import FAILURE_REASON
from wetread.web.wado_forms import COMPRESSED_TYPES
from wetread.web.wado_rendered import RENDERING_QUERY

__all__ = ["TABLES"]


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.count("|") + 1
    return "\n".join([f"| {head} |", "|" + "---|" * columns, *(f"| {' | '.join(row)} |" for row in rows)])


def transfer_syntaxes() -> str:
    """Stored, decoded, given out."""

    def row(uid: str) -> list[str]:
        syntax = TRANSFER_SYNTAXES[uid]
        made = "yes" if uid in (EXPLICIT, DEFLATED, *LOSSLESS_TARGETS) else ""
        return [UID(uid).name, f"`{uid}`", "yes", "yes" if syntax.codec else "", made, COMPRESSED_TYPES.get(uid, "")]

    return _table(
        "transfer syntax | UID | stored | decoded | transcoded to | frame as stored", map(row, TRANSFER_SYNTAXES)
    )


def storage_classes() -> str:
    """What the C-STORE SCP accepts: whatever pynetdicom knows as storage."""
    uids = sorted((UID(str(each.abstract_syntax)) for each in AllStoragePresentationContexts), key=lambda uid: uid.name)
    return _table("SOP class | UID", ((uid.name, f"`{uid}`") for uid in uids))


def made_objects() -> str:
    made = (
        ComprehensiveSRStorage,
        SecondaryCaptureImageStorage,
        GrayscaleSoftcopyPresentationStateStorage,
        SegmentationStorage,
        EncapsulatedPDFStorage,
    )
    uids = map(UID, made)
    return _table("SOP class | UID", ((uid.name, f"`{uid}`") for uid in uids))


def query_models() -> str:
    rows = ((UID(uid).name, f"`{uid}`") for models in MODELS.values() for uid in models)
    return _table("SOP class | UID", rows)


def worklist_keys() -> str:
    """What the worklist SCU asks by and for."""
    keys = (("AccessionNumber", "matched"), *((each, "returned") for each in WORKLIST_RETURNED))
    return _table("attribute | in the question", keys)


def implementation() -> str:
    return _table(
        "what | value",
        (
            ("Implementation Class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
            ("Implementation Version Name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
            ("maximum PDU received", f"{MAX_PDU_BYTES} bytes"),
        ),
    )


def statuses() -> str:
    """Of an instance that arrives, at both doors."""

    def row(outcome: Outcome) -> list[str]:
        reason = FAILURE_REASON.get(outcome)
        return [outcome.value, f"{DIMSE_STATUS[outcome]:04X}", f"{reason:04X} ({reason})" if reason else "none"]

    return _table("outcome | C-STORE status | STOW-RS FailureReason (0008,1197)", map(row, Outcome))


def resources() -> str:
    def row(each: object) -> list[str]:
        path, kind = each.path.removeprefix("/dicom-web") or "/", each.media_type  # type: ignore[attr-defined]
        return [each.method, f"`{path}`", each.summary, f"`{kind}`"]  # type: ignore[attr-defined]

    store = [
        ("POST", "`/studies`", "STOW-RS: store instances.", "`application/dicom+json`"),
        ("POST", "`/studies/{study_uid}`", "STOW-RS: store instances of a study.", "`application/dicom+json`"),
    ]
    return _table("method | resource | transaction | answer by default", [*map(row, DICOMWEB_OPERATIONS), *store])


def query_keys() -> str:
    """Matching keys by level, and what else the index gives."""

    def row(keyword: str) -> list[str]:
        tag, vr = ATTRIBUTES[keyword].tag, ATTRIBUTES[keyword].vr
        keys = {"study": STUDY_KEYS, "series": SERIES_KEYS, "instance": INSTANCE_KEYS}
        level = next((name for name, held in keys.items() if keyword in held), "")
        extra = "includefield" if keyword in {*SERIES_EXTRAS, *INSTANCE_EXTRAS} else ""
        use = f"matching, {level}" if level else extra or "returned"
        return [keyword, f"({tag[:4]},{tag[4:]})", vr, use, "yes" if keyword in ORDER_KEYS else ""]

    return _table(
        "attribute | tag | VR | use | orderby", map(row, sorted(ATTRIBUTES, key=lambda each: ATTRIBUTES[each].tag))
    )


def header_attributes() -> str:
    def row(tag: int) -> list[str]:
        kind = "first item" if tag in HEADER_ITEMS else ""
        return [keyword_of(f"{tag:08X}"), f"({tag >> 16:04X},{tag & 0xFFFF:04X})", kind]

    return _table("attribute | tag | of a sequence", map(row, sorted(HEADER_TAGS | HEADER_ITEMS)))


def rendering() -> str:
    return _table("parameter | value", ((f"`{name}`", text) for name, text in RENDERING_QUERY.items()))


TABLES = {
    "transfer-syntaxes": transfer_syntaxes,
    "storage-classes": storage_classes,
    "made-objects": made_objects,
    "query-models": query_models,
    "worklist-keys": worklist_keys,
    "implementation": implementation,
    "statuses": statuses,
    "resources": resources,
    "query-keys": query_keys,
    "header-attributes": header_attributes,
    "rendering": rendering,
}
