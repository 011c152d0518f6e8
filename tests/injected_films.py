"""A film whose every text field says the same thing, and everything about a study that no text may change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_VR

from tests.films import film
from tests.journey.test_one_study import DOCTOR, House
from tests.paging_world import PATH, roster_text
from wetread.domain.audit import AuditEvent
from wetread.domain.drafting_context import RecordKind
from wetread.domain.identifiers import StudyKey
from wetread.domain.record import DayRange, RecordEntry
from wetread.domain.report import Draft, Section
from wetread.paging.send import Sender
from wetread.paging.signs import SENDING, Pulse
from wetread.paging.sweep import Sweep
from wetread.testing.notifiers import MemoryNotifier
from wetread.triage.roster_book import RosterBook

CONTROL = "fever, cough"
TEXT_FIELDS = (
    "AccessionNumber",
    "InstitutionName",
    "InstitutionAddress",
    "ReferringPhysicianName",
    "ReferringPhysicianAddress",
    "StationName",
    "StudyDescription",
    "SeriesDescription",
    "InstitutionalDepartmentName",
    "PhysiciansOfRecord",
    "PerformingPhysicianName",
    "NameOfPhysiciansReadingStudy",
    "OperatorsName",
    "AdmittingDiagnosesDescription",
    "Manufacturer",
    "ManufacturerModelName",
    "DerivationDescription",
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientAddress",
    "MedicalAlerts",
    "Allergies",
    "Occupation",
    "AdditionalPatientHistory",
    "PatientComments",
    "PatientState",
    "EthnicGroup",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
    "CommentsOnRadiationDose",
    "StudyID",
    "ImageComments",
    "RequestingPhysician",
    "RequestingService",
    "RequestedProcedureDescription",
    "StudyComments",
    "ReasonForStudy",
    "PerformedProcedureStepDescription",
    "CommentsOnThePerformedProcedureStep",
    "ReasonForTheRequestedProcedure",
    "RequestedProcedureComments",
    "ImagingServiceRequestComments",
)
NAMELESS_FIELDS = tuple(each for each in TEXT_FIELDS if dictionary_VR(each) not in ("PN", "SH"))
"""Without those that say who: what stands there is taken out of every other text as a name or number."""
_ISSUER = "WETREAD PHANTOM"
_NUMBERS, _LONGEST_NUMBER = frozenset({"AccessionNumber", "StudyID"}), 16
"""Longer ones, and any with control characters, are refused at the door (unit/dicom/test_header.py)."""


def film_saying(text: str, fields: Sequence[str] = TEXT_FIELDS) -> bytes:
    """The film `tests.films.film(1)` with `text` in every text field, in a nested and in a private one, too long or not."""
    dataset = dcmread(BytesIO(film(1)))
    with disable_value_validation():
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for keyword in fields:
            setattr(dataset, keyword, _as_number(text) if keyword in _NUMBERS else text)
        request = Dataset()
        request.RequestedProcedureDescription = request.ReasonForTheRequestedProcedure = text
        dataset.RequestAttributesSequence = [request]
        dataset.private_block(0x0099, "WARD", create=True).add_new(0x01, "LT", text)
        return _written(dataset)


def _written(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _as_number(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_NUMBER].strip()


@dataclass(frozen=True, slots=True)
class Protected:
    """What a hostile text must leave as it is, byte for byte: each as its repr."""

    study: bytes
    analysis: bytes
    decision: bytes
    critical: bytes
    report_findings: bytes
    statements: bytes
    pages: bytes
    jobs: bytes
    audit: bytes


def patient_of_whom(text: str, folder: Path, fields: Sequence[str] = TEXT_FIELDS) -> tuple[House, StudyKey]:
    """A patient with a signed prior and two pieces of a record that say `text`, and a film today that says it in every field; all has happened that happens by itself.

    The scanner is blind here, so that nothing rests on it: every text counts as harmless.
    """
    house = House(folder)
    house.record.issuers = (_ISSUER,)
    _sign_a_prior(house, text)
    day = DayRange(date(2026, 2, 20), date(2026, 2, 20))
    for kind in (RecordKind.CONDITION, RecordKind.DOCUMENT_REFERENCE):
        entry = RecordEntry(f"r-{kind}", kind, (), f"pneumothorax. {text}", "confirmed", began=day)
        house.record.add("PHANTOM-0001", entry, issuer=_ISSUER)
    key = house.receive(film_saying(text, fields))
    house.work()
    return house, key


def _sign_a_prior(house: House, text: str) -> None:
    """Whose report a person copied `text` into."""
    dataset = dcmread(BytesIO(film(2)))
    dataset.PatientID, dataset.StudyDate = "PHANTOM-0001", "20260101"
    key = house.receive(_written(dataset))
    house.work()
    opened = house.desk.open(DOCTOR, key).report
    assert opened is not None
    content = replace(
        opened.content, sections=((Section.FINDINGS, f"pneumothorax. {text}"), (Section.IMPRESSION, text))
    )
    saved = house.desk.save(DOCTOR, key, content, opened.etag)
    house.desk.sign(DOCTOR, key, saved.etag, "authored")
    house.work()


def protected(house: House, key: StudyKey, folder: Path) -> Protected:
    """What became of the study, and who is paged."""
    pages = _paged(house, folder)
    with house.database.begin(write=False) as unit:
        study, analysis, decision = unit.study(key), unit.analysis(key), unit.decision(key)
        critical = unit.critical_of(key)
    assert analysis is not None
    draft, state = drafted(house, key), house.database.state
    statements = [s for s in draft.sentences if s.section in (Section.FINDINGS, Section.IMPRESSION, Section.TECHNIQUE)]
    audit = [_without_contents(each.event) for each in state.audit.values()]
    told = (study, analysis, decision, critical, draft.findings, statements, pages, sorted(state.jobs.items()), audit)
    return Protected(*(repr(each).encode() for each in told))


def drafted(house: House, key: StudyKey) -> Draft:
    with house.database.begin(write=False) as unit:
        draft = unit.draft(key)
    assert draft is not None
    return draft


_OF_CONTENTS = frozenset({"sha256", "content_sha256", "snippets", "snippet_kinds", "context_problems"})
"""In the audit: hashes of what came in and of what a person signed, and how many pieces of the record a draft was given."""


def _without_contents(event: AuditEvent) -> AuditEvent:
    return replace(event, detail=tuple(pair for pair in event.detail if pair[0] not in _OF_CONTENTS))


def _paged(house: House, folder: Path) -> list[object]:
    (folder / "roster.yaml").write_text(roster_text().replace("  north:", "  main:"))
    book = RosterBook(folder / "roster.yaml", folder / "roster.last-good.yaml")
    channels = {"sms": MemoryNotifier("sms"), "email": MemoryNotifier("email")}
    paths = {"default": replace(PATH, acknowledge_within=timedelta(minutes=30))}
    pulse = Pulse(SENDING, house.database, house.clock)
    sender = Sender(
        house.database, house.vault, book, paths, channels, house.clock, "https://read.example", 30.0, pulse
    )
    Sweep(house.database, book, paths, house.clock).run_once()
    while (page := sender.claim()) is not None:
        sender.send(page)
    return [sent for each in channels.values() for sent in each.sent]
