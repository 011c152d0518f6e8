"""The acknowledgement of a message (chapter 2 §2.9): original mode, or the accept level of enhanced mode where MSH-15 asks for it. It says nothing of the patient."""

from datetime import datetime
from hashlib import sha256

from wetread.hl7.encode import components, escape, message, segment, timestamp
from wetread.hl7.parse import Header

__all__ = ["acknowledgement"]

_WORDS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}


def acknowledgement(header: Header | None, code: str, now: datetime, *, error_code: str = "", words: str = "") -> bytes:
    """`code` is A (taken), E (error) or R (rejected). Without a readable header it is of nothing (MSA-2 empty)."""
    enhanced = header is not None and header.accept in ("AL", "ER", "SU")
    event = header.kind.partition("^")[2] if header else ""
    answered = header.control_id if header else ""
    control_id = sha256(f"{answered}\0{now.isoformat()}".encode()).hexdigest()[:20].upper()
    names = ("", "", "", "")
    if header:
        names = (
            header.receiving_application,
            header.receiving_facility,
            header.sending_application,
            header.sending_facility,
        )
    lines = [
        segment("MSH", "^~\\&", *map(escape, names), timestamp(now), "", components("ACK", event, "ACK" if event else ""), control_id,
                escape(header.processing_id) if header else "P", escape(header.version) if header else "2.5.1", *[""] * 5, "UNICODE UTF-8"),
        segment("MSA", ("C" if enhanced else "A") + code, escape(answered)),
    ]  # fmt: skip
    if error_code:
        error = components(error_code, _WORDS.get(error_code, ""), "HL70357")
        lines.append(segment("ERR", "", "", error, "E", "", "", "", escape(words)))
    return message(lines)
