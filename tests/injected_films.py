"""A film whose every text field says the same thing, and everything about a study that no text may change."""

from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.config import disable_value_validation

from tests.films import film
from tests.journey.test_one_study import House
from tests.paging_world import PATH, roster_text
from wetread.domain.audit import AuditEvent
from wetread.domain.report import Section
from wetread.paging.send import Sender
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
_NUMBERS, _LONGEST_NUMBER = frozenset({"AccessionNumber", "StudyID"}), 16
"""Longer ones, and any with control characters, are refused at the door (unit/dicom/test_header.py)."""


def film_saying(text: str) -> bytes:
    """The film `tests.films.film(1)` with `text` in every text field, in a nested and in a private one, too long or not."""
    dataset = dcmread(BytesIO(film(1)))
    with disable_value_validation():
        dataset.SpecificCharacterSet = "ISO_IR 192"
        for keyword in TEXT_FIELDS:
            setattr(dataset, keyword, _as_number(text) if keyword in _NUMBERS else text)
        request = Dataset()
        request.RequestedProcedureDescription = request.ReasonForTheRequestedProcedure = text
        dataset.RequestAttributesSequence = [request]
        dataset.private_block(0x0099, "WARD", create=True).add_new(0x01, "LT", text)
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


def protected(house: House, folder: Path, content: bytes) -> Protected:
    """Receive a film, let everything happen to it that happens by itself, and page whoever is on duty."""
    key = house.receive(content)
    house.work()
    pages = _paged(house, folder)
    with house.database.begin(write=False) as unit:
        study, analysis, decision = unit.study(key), unit.analysis(key), unit.decision(key)
        draft, critical = unit.draft(key), unit.critical_of(key)
    assert analysis is not None
    assert draft is not None
    state = house.database.state
    statements = [s for s in draft.sentences if s.section in (Section.FINDINGS, Section.IMPRESSION, Section.TECHNIQUE)]
    audit = [_without_file_hash(each.event) for each in state.audit.values()]
    told = (study, analysis, decision, critical, draft.findings, statements, pages, sorted(state.jobs.items()), audit)
    return Protected(*(repr(each).encode() for each in told))


def _without_file_hash(event: AuditEvent) -> AuditEvent:
    """Other bytes came in: that hash alone may differ."""
    return replace(event, detail=tuple(pair for pair in event.detail if pair[0] != "sha256"))


def _paged(house: House, folder: Path) -> list[object]:
    (folder / "roster.yaml").write_text(roster_text().replace("  north:", "  main:"))
    book = RosterBook(folder / "roster.yaml")
    channels = {"sms": MemoryNotifier("sms"), "email": MemoryNotifier("email")}
    sweep = Sweep(
        house.database, book, {"default": replace(PATH, acknowledge_within=timedelta(minutes=30))}, house.clock
    )
    sender = Sender(house.database, house.vault, book, channels, house.clock, "https://read.example", 30.0)
    sweep.run_once()
    while (page := sender.claim()) is not None:
        sender.send(page)
    return [sent for each in channels.values() for sent in each.sent]
