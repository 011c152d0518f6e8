"""What a result says, read back from each outside form by a reader that shares no code with its writer: SR by pydicom, FHIR from its JSON, ORU^R01 by hl7apy."""

import json
from base64 import b64decode
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from builders_delivery import NOW, a_finding, a_package, a_report, an_analysis
from hypothesis import strategies as st
from oru_reader import BY_CODE, SECTIONS, SIDES, read_oru
from pydicom import Dataset, dcmread

from wetread.dicom.structured_report import encode_sr
from wetread.domain.finding import LATERALITIES, VOCABULARY
from wetread.domain.report import ReportFinding, ReportStatus, Section
from wetread.fhir.bundle import encode_bundle
from wetread.hl7.oru_report import OruOptions, encode_oru_report
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity

_OPTIONS = OruOptions("hl7")


@dataclass(frozen=True)
class Result:
    """`status` is "preliminary", "final" or "amended"; `texts` are the words of each section that says any."""

    patient_id: str
    accession: str
    study_uid: str
    status: str
    signer: str
    findings: frozenset[ReportFinding]
    texts: tuple[tuple[str, str], ...]


def meant(package: ReportPackage) -> Result:
    report, identity = package.report, package.study.identity
    statuses = {
        ReportStatus.PARTIAL: "preliminary",
        ReportStatus.PRELIMINARY: "preliminary",
        ReportStatus.FINAL: "final",
        ReportStatus.AMENDED: "amended",
    }
    return Result(
        identity.patient_id,
        identity.accession_number,
        package.study.study_instance_uid,
        statuses[report.status],
        report.signature.signer_id if report.signature else "",
        frozenset(report.content.findings),
        _texts((section.value, text) for section, text in report.content.sections),
    )


def _texts(said: Any) -> tuple[tuple[str, str], ...]:
    return tuple((section, words) for section, text in said if (words := " ".join(text.split())))


# DICOM SR


def from_sr(package: ReportPackage) -> Result:
    dataset = dcmread(BytesIO(encode_sr(package, NOW)))
    assert {
        dataset.CompletionFlag == "COMPLETE",
        dataset.VerificationFlag == "VERIFIED",
        dataset.PreliminaryFlag == "FINAL",
    } in ({True}, {False})
    final = "amended" if dataset.get("PredecessorDocumentsSequence") else "final"
    (measured,) = _named(dataset, "126010")
    headings = {code: section.value for code, section in SECTIONS.items()}
    texts = [(headings[_code(each)], _text(each)) for each in dataset.ContentSequence if _code(each) in headings]
    return Result(
        str(dataset.PatientID),
        str(dataset.AccessionNumber),
        str(dataset.StudyInstanceUID),
        final if dataset.VerificationFlag == "VERIFIED" else "preliminary",
        _login(dataset),
        frozenset(_sr_finding(each) for each in measured.get("ContentSequence", [])),
        _texts(texts),
    )


def _code(item: Dataset) -> str:
    return _code_value(item.ConceptNameCodeSequence[0]) if "ConceptNameCodeSequence" in item else ""


def _code_value(code: Dataset) -> str:
    """A value of more than 16 characters has an attribute of its own (PS3.3 §8.1)."""
    return str(code.get("CodeValue") or code.LongCodeValue)


def _named(item: Dataset, code: str) -> list[Dataset]:
    return [each for each in item.get("ContentSequence", []) if _code(each) == code]


def _value(item: Dataset) -> str:
    return _code_value(item.ConceptCodeSequence[0])


def _text(container: Dataset) -> str:
    return "\n".join(str(each.TextValue) for each in container.ContentSequence if each.ValueType == "TEXT")


def _login(dataset: Dataset) -> str:
    """Person observer's login name (TID 1003)."""
    return next((str(each.TextValue) for each in dataset.ContentSequence if _code(each) == "128774"), "")


def _sr_finding(group: Dataset) -> ReportFinding:
    (kind,), (presence,) = _named(group, "121071"), _named(group, "121052")
    sides = [SIDES[_value(side)] for site in _named(group, "363698007") for side in _named(site, "272741003")]
    percents = [float(each.MeasuredValueSequence[0].NumericValue) for each in _named(group, "111012")]
    present = {"121053": True, "121054": False}[_value(presence)]
    return ReportFinding(
        BY_CODE[_value(kind)], present, sides[0] if sides else "", round(percents[0] / 100, 4) if percents else None
    )


# FHIR


def from_fhir(package: ReportPackage) -> Result:
    bundle = json.loads(encode_bundle(package, NOW))
    by_url = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    (report,) = (each for each in by_url.values() if each["resourceType"] == "DiagnosticReport")
    patient, study = by_url[report["subject"]["reference"]], by_url[report["imagingStudy"][0]["reference"]]
    signers = [by_url[each["reference"]] for each in report.get("resultsInterpreter", [])]
    said = [by_url[each["reference"]] for each in report.get("result", [])]
    assert {each["status"] for each in said} <= {"preliminary" if report["status"] == "partial" else report["status"]}
    words = b64decode(report["presentedForm"][0].get("data", "")).decode()
    return Result(
        patient["identifier"][0]["value"],
        next((each["value"] for each in study["identifier"] if each["system"] == "urn:wetread:accession"), ""),
        study["identifier"][0]["value"].removeprefix("urn:oid:"),
        {"partial": "preliminary"}.get(report["status"], report["status"]),
        signers[0]["identifier"][0]["value"] if signers else "",
        frozenset(map(_fhir_finding, said)),
        _texts(_presented(words)),
    )


def _presented(words: str) -> list[tuple[str, str]]:
    """Sections of the presented text: each begins with its name in capitals on a line of its own."""
    sections: list[tuple[str, str]] = []
    names = {each.value.upper(): each.value for each in Section}
    for line in words.split("\n"):
        if line in names:
            sections.append((names[line], ""))
        elif sections:
            sections[-1] = sections[-1][0], f"{sections[-1][1]}\n{line}"
    return sections


def _fhir_finding(resource: dict[str, Any]) -> ReportFinding:
    parts = {each["code"]["coding"][0]["code"]: each for each in resource.get("component", [])}
    side, number = parts.get("272741003"), parts.get("calibrated_probability")
    return ReportFinding(
        BY_CODE[resource["code"]["coding"][0]["code"]],
        {"52101004": True, "272519000": False}[resource["valueCodeableConcept"]["coding"][0]["code"]],
        SIDES[side["valueCodeableConcept"]["coding"][0]["code"]] if side else "",
        number["valueQuantity"]["value"] if number else None,
    )


# HL7 v2


def from_oru(package: ReportPackage) -> Result:
    read = read_oru(encode_oru_report(package, _OPTIONS), strict=False)
    (uid,) = (each.value for each in read.observations if each.code == "113014")
    return Result(
        read.fields["PID-3"].split("^")[0],
        read.fields["OBR-18"],
        uid,
        {"P": "preliminary", "F": "final", "C": "amended"}[read.status],
        read.fields["OBR-32"].split("&")[0] if len(read.fields.get("OBR-32", "")) else "",
        frozenset(read.findings),
        _texts((section.value, text) for section, text in read.texts.items()),
    )


FORMS = {"SR": from_sr, "FHIR": from_fhir, "ORU": from_oru}


# random results

_IDS = st.text("ABCXYZ0123456789-./", min_size=1, max_size=16)
_WORDS = st.text(
    st.one_of(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\u2028\u2029\ufffd"), st.sampled_from("|^~\\&\n<>\"'")),
    max_size=200,
)  # fmt: skip
_STATUSES = st.sampled_from([ReportStatus.PARTIAL, ReportStatus.PRELIMINARY, ReportStatus.FINAL, ReportStatus.AMENDED])


@st.composite
def packages(draw: st.DrawFn) -> ReportPackage:
    """Results of any findings, sides and numbers, with words in any script and every delimiter; an amendment has a predecessor of other findings."""
    findings, status = draw(_findings()), draw(_STATUSES)
    sections = tuple((section, f"It says: {words}" if (words := draw(_WORDS)).strip() else "") for section in Section)
    amends = status is ReportStatus.AMENDED
    report = a_report(
        *findings,
        status=status,
        version=2 if amends else 1,
        sections=sections,
        amendment_reason=draw(_WORDS) if amends else "",
    )
    machine = [
        a_finding(each.name, each.probability, laterality=each.laterality)
        for each in findings
        if each.probability is not None
    ]
    identity = an_identity(
        patient_id=draw(_IDS), accession_number=draw(_IDS), patient_name=draw(st.sampled_from(_NAMES))
    )
    package = a_package(
        report, identity=identity, read_by_ai=False, predecessor=a_report(*draw(_findings())) if amends else None
    )
    return replace(package, analysis=an_analysis(*machine) if machine else None)


_NAMES = ["Doe^Jane", "Müller^Änne", "Иванов^Иван", "山田^太郎", "O'Neill^Mary Ann^^Dr^Jr", ""]


@st.composite
def _findings(draw: st.DrawFn) -> tuple[ReportFinding, ...]:
    names = draw(st.lists(st.sampled_from(list(VOCABULARY)), unique=True, max_size=len(VOCABULARY)))
    numbers = st.one_of(st.none(), st.integers(0, 10_000).map(lambda each: each / 10_000))
    return tuple(
        ReportFinding(
            name,
            draw(st.booleans()),
            draw(st.sampled_from(LATERALITIES)) if VOCABULARY[name].lateralised else "",
            draw(numbers),
        )
        for name in names
    )
