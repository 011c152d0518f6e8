"""What a receiver's acknowledgement says (HL7 v2.5.1 chapter 2 §2.9): original mode (AA, AE, AR) and the accept level of enhanced mode (CA, CE, CR)."""

import re
from dataclasses import dataclass

from wetread.domain.errors import PermanentError, TransientError

__all__ = ["Acknowledgement", "judge_acknowledgement", "read_acknowledgement"]

_ACCEPTED, _FAILED, _REJECTED = ("AA", "CA"), ("AE", "CE"), ("AR", "CR")
_FOR_GOOD = frozenset({"100", "101", "102", "103", "200", "201", "202", "203"})
"""Table 0357: what the message itself is wrong in; sent again it would be wrong again."""
_FOR_NOW = frozenset({"204", "206", "207"})
"""Unknown key (the order may come yet), record locked, internal error."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """`code` is MSA-1, `control_id` MSA-2, `error_code` the first ERR-3 that is a code of table 0357; "" where the answer has none."""

    code: str
    control_id: str
    error_code: str = ""


def read_acknowledgement(answer: bytes) -> Acknowledgement:
    """Whatever came back, however broken; texts in it may quote the patient and are not kept."""
    lines = [line for line in re.split(r"[\r\n]+", answer.decode("utf-8", "replace")) if line]
    separator = lines[0][3:4] if lines and lines[0].startswith("MSH") else "|"
    fields = {line[:3]: line.split(separator or "|") for line in reversed(lines)}
    msa, err = fields.get("MSA", []), fields.get("ERR", [])
    code, control_id = (*msa[1:3], "", "")[:2]
    told = re.match(r"\d{3}(?!\d)", err[3]) if len(err) > 3 else None
    return Acknowledgement(code, control_id, told[0] if told else "")


def judge_acknowledgement(answer: bytes, control_id: str, *, of: str = "page") -> str:
    """MSA-1 when it accepts our message, a page or a report.

    Raises PermanentError (code 'page_refused', 'report_refused') for a rejection and for a message that is wrong in itself, TransientError for any other error and for an
    answer to something else.
    """
    said = read_acknowledgement(answer)
    of_ours = said.control_id == control_id or (said.code not in _ACCEPTED and not said.control_id)
    if said.code not in (*_ACCEPTED, *_FAILED, *_REJECTED) or not of_ours:
        raise TransientError("the HL7 receiver's answer acknowledges no message of ours", code="unconfirmed")
    if said.code in _ACCEPTED:
        return said.code
    because = f"{said.code} {said.error_code}".strip()
    if said.error_code in _FOR_GOOD or (said.code in _REJECTED and said.error_code not in _FOR_NOW):
        raise PermanentError(f"the HL7 receiver rejects the {of} ({because}): look into its log", code=f"{of}_refused")
    raise TransientError(f"the HL7 receiver could not take the {of} ({because})", code="receiver_busy")
