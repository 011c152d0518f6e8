"""A report version as an unsolicited result, ORU^R01 v2.5.1 (chapter 7 §7.3.1), the same bytes every time for a signed version.

One group of OBX per finding, held together by OBX-4: presence under its number in our vocabulary, say "3", what belongs to it under "3.1" and on. Status (OBR-25 table 0123, OBX-11 table 0085): P until a
radiologist has signed, then F; in an amendment, and where an addendum was added, OBR-25 is C, and of its OBX those that say something else than before are C, those that say the same or are new F, and what
it no longer says D. Presence is the author's word; the probability is the model's, which OBX-18 names.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code, FindingName, concept
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Report, ReportFinding, ReportStatus, Section, Signature, is_final
from wetread.domain.report_codes import (
    ABSENT,
    ADDENDUM,
    CALIBRATED_PROBABILITY,
    CHEST_FILM,
    LATERALITY,
    OPERATING_POINT,
    PRESENT,
    SIDES,
)
from wetread.domain.study import PatientIdentity
from wetread.hl7.character_sets import UTF_8, CharacterSet
from wetread.hl7.encode import components, escape, formatted, message, person_name, segment, timestamp
from wetread.ports.sink import ReportPackage

__all__ = ["OruOptions", "encode_oru_report", "report_control_id"]

_STUDY = Code("113014", "DCM", "DICOM Study")
_FRACTION = Code("1", "UCUM", "no units")
_SECTIONS = {
    Section.INDICATION: Code("18785-6", "LN", "Radiology Reason for study"),
    Section.TECHNIQUE: Code("55111-9", "LN", "Current imaging procedure descriptions"),
    Section.COMPARISON: Code("55114-3", "LN", "Prior imaging procedure descriptions"),
    Section.FINDINGS: Code("59776-5", "LN", "Procedure findings"),
    Section.IMPRESSION: Code("19005-8", "LN", "Radiology Imaging study impression"),
}
_NO_NAME = "^^^^^^U"
"""PID-5 is required; type U (table 0200): unspecified."""
_LONGEST_TEXT = 10_000
"""Characters of one OBX; each may become five, and FT takes 65,536 (chapter 2A §2.A.31)."""

_OVERALL = {
    ReportStatus.PARTIAL: "P",
    ReportStatus.PRELIMINARY: "P",
    ReportStatus.FINAL: "F",
    ReportStatus.AMENDED: "C",
    ReportStatus.APPENDED: "C",
}


@dataclass(frozen=True, slots=True)
class OruOptions:
    """Who speaks to whom (MSH-3 to MSH-6), in which processing (MSH-11) and character set (MSH-18), and where it goes: the sink's name, part of the control id.

    `accept_acknowledgement` asks for the accept level of enhanced mode (MSH-15 AL, MSH-16 NE); without it the receiver answers in original mode.
    """

    destination: str
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    processing_id: str = "P"
    character_set: CharacterSet = UTF_8
    accept_acknowledgement: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """One OBX: OBX-2, OBX-3, OBX-4, OBX-5 and OBX-18, escaped."""

    kind: str
    codes: tuple[Code, ...]
    group: str
    value: str
    model: str = ""
    adder: Signature | None = None
    """Who signed it, where that is not who signed the report."""


def report_control_id(package: ReportPackage, destination: str) -> str:
    """MSH-10, at most 20 characters: the same for the same version to the same destination, so that a receiver knows a repeat."""
    uid = derived_uid(package.uid_seed, "oru", package.study_key, str(package.report.version), destination)
    return sha256(uid.encode()).hexdigest()[:20].upper()


def encode_oru_report(package: ReportPackage, options: OruOptions) -> bytes:
    """Raises PermanentError for a study without a PatientID ('no_patient': a receiver could not file it), for a final report without a valid signature, and where the
    character set cannot say it ('unencodable')."""
    is_final(package.report)
    if not package.study.identity.patient_id.strip():
        raise PermanentError(
            "the study names no PatientID, so there is no HL7 result to send: correct it in the archive",
            code="no_patient",
        )
    lines = [_msh(package, options), _pid(package.study.identity), *_order(package), *_observations(package)]
    return message(lines, options.character_set)


def _msh(package: ReportPackage, options: OruOptions) -> str:
    names = (options.sending_facility, options.receiving_application, options.receiving_facility)
    enhanced = ("AL", "NE") if options.accept_acknowledgement else ("", "")
    return segment(
        "MSH", "^~\\&", "WETREAD", *map(escape, names), _when(package), "", "ORU^R01^ORU_R01",
        report_control_id(package, options.destination), options.processing_id, "2.5.1", "", "", *enhanced, "", options.character_set,
    )  # fmt: skip


def _when(package: ReportPackage) -> str:
    """The last signature's moment: a repeat is the same message. The analysis stands in for a report that nobody signed."""
    signed_at, analysis = package.report.signed_at, package.analysis
    if signed_at:
        return timestamp(signed_at)
    return timestamp(analysis.analysed_at) if analysis else ""


def _pid(identity: PatientIdentity) -> str:
    number = components(identity.patient_id, "", "", identity.issuer_of_patient_id, "MR")
    name, born = person_name(identity.patient_name) or _NO_NAME, _digits(identity.patient_birth_date)
    return segment("PID", "1", "", number, "", name, "", born, identity.patient_sex.value)


def _order(package: ReportPackage) -> tuple[str, str]:
    identity, report = package.study.identity, package.report
    filler = escape(identity.accession_number) or components(package.study.study_instance_uid, "WETREAD")
    taken = _digits(identity.study_date) + (_digits(identity.study_time[:6]) if identity.study_date else "")
    fields = {
        1: "1",
        3: filler,
        4: _coded(CHEST_FILM),
        7: taken,
        16: f"^{person_name(identity.referring_physician_name)}".rstrip("^"),
    }
    fields |= {18: escape(identity.accession_number), 22: _when(package), 24: "RAD", 25: _OVERALL[report.status]}
    if signature := report.signature:
        fields[32] = f"{escape(signature.signer_id)}&{escape(signature.signer_name)}"
    obr = segment("OBR", *(fields.get(number, "") for number in range(1, 33)))
    return segment("ORC", "RE", "", filler), obr


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() else ""


def _observations(package: ReportPackage) -> Iterator[str]:
    report, overall = package.report, _OVERALL[package.report.status]
    rows = _rows(package, report)
    amended = package.predecessor if overall == "C" else None
    before = _rows(package, amended) if amended else {}
    said = [(row, _status(overall, row, before.get(key))) for key, row in rows.items()]
    gone = [(replace(row, value=""), "D") for key, row in before.items() if key not in rows]
    for number, (row, status) in enumerate(said + gone, start=1):
        yield _obx(number, row, status, report)


def _status(overall: str, row: _Row, before: _Row | None) -> str:
    if overall != "C":
        return overall
    return "F" if before is None or before == row else "C"


def _obx(number: int, row: _Row, status: str, report: Report) -> str:
    signature = row.adder or report.signature
    author = components(signature.signer_id, signature.signer_name) if signature else ""
    units = _coded(_FRACTION) if row.kind == "NM" else ""
    fields = {
        1: str(number),
        2: row.kind,
        3: _coded(*row.codes),
        4: row.group,
        5: row.value,
        6: units,
        11: status,
        16: "" if row.model else author,
        18: row.model,
    }
    return segment("OBX", *(fields.get(place, "") for place in range(1, 19)))


def _rows(package: ReportPackage, report: Report) -> dict[tuple[str, str], _Row]:
    """What a version says, in order, by code and group."""
    rows = [_Row("ST", (_STUDY,), "1", escape(package.study.study_instance_uid))]
    seen: Counter[str] = Counter()
    for said in report.content.findings:
        seen[said.name] += 1
        rows.extend(_finding(package, said, seen[said.name]))
    rows.extend(_texts(report))
    return {(row.codes[0].value, row.group): row for row in rows}


def _finding(package: ReportPackage, said: ReportFinding, time: int) -> Iterator[_Row]:
    """`time` counts from 1 how often the report has spoken of this finding."""
    group = str(1 + tuple(FindingName).index(said.name))  # the same in every version, whatever else is said
    group += f"-{time}" if time > 1 else ""
    yield _Row("CWE", concept(said.name).codes[:2], group, _coded(PRESENT if said.present else ABSENT))
    if side := SIDES.get(said.laterality):
        yield _Row("CWE", (LATERALITY,), f"{group}.1", _coded(side))
    if said.probability is None:
        return
    analysis = package.analysis
    model = escape(f"{analysis.model.name} {analysis.model.version}") if analysis else ""
    yield _Row("NM", (CALIBRATED_PROBABILITY,), f"{group}.2", _number(said.probability), model)
    for each in analysis.findings if analysis else ():
        if each.name is said.name:
            yield _Row("NM", (OPERATING_POINT,), f"{group}.3", _number(each.operating_point.threshold), model)


def _texts(report: Report) -> Iterator[_Row]:
    texts: dict[Code, list[str]] = {}
    for section, text in report.content.sections:
        texts.setdefault(_SECTIONS[section], []).append(text)
    texts[ADDENDUM] = [report.amendment_reason]
    for code, parts in texts.items():
        for number, piece in enumerate(_pieces("\n".join(parts).strip()), start=1):
            yield _Row("FT", (code,), str(number), formatted(piece))
    for addendum, added in enumerate(report.addenda, start=1):
        for number, piece in enumerate(_pieces(added.text), start=1):
            yield _Row("FT", (ADDENDUM,), f"{addendum}.{number}", formatted(piece), adder=added.signature)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _coded(*codes: Code) -> str:
    """CWE: the first code, and beside it the second as the alternate."""
    return components(*(part for each in codes for part in (each.value, each.meaning, each.scheme)))


def _pieces(text: str) -> Iterator[str]:
    """In lengths that FT takes, broken at a line end or a space where there is one."""
    while len(text) > _LONGEST_TEXT:
        cut = max(text.rfind("\n", 1, _LONGEST_TEXT), text.rfind(" ", 1, _LONGEST_TEXT)) + 1
        cut = cut if cut > _LONGEST_TEXT // 2 else _LONGEST_TEXT
        yield text[:cut]
        text = text[cut:]
    if text:
        yield text
