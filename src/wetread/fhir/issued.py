"""What was issued of a study, for reading: the very resources that the FHIR sink sends, and what was told of a critical result, under ids of our own.

An id begins with the study key, so a resource is found without an index; a patient or a signer is served once for each study, as that study's report names them, and known
to be the same by the identifier.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from wetread.delivery.packing import Packing
from wetread.domain.critical import CriticalResult
from wetread.domain.identifiers import StudyKey, derived_uid
from wetread.domain.identity_hold import stops_signing
from wetread.domain.page import Page
from wetread.domain.report import ReportStatus, is_final
from wetread.fhir.audit_event import audit_event
from wetread.fhir.bundle import full_urls, to_bundle
from wetread.fhir.datatypes import Json, instant
from wetread.fhir.r5 import to_r5
from wetread.fhir.service_request import service_request
from wetread.fhir.told import communications
from wetread.fhir.transactions import repoint
from wetread.ports.database import Database
from wetread.ports.issued import FhirForms, Resource
from wetread.ports.sink import ReportPackage

__all__ = ["FHIR_FORMS", "IssuedResults", "issued_resources"]

FHIR_FORMS = FhirForms(audit_event, service_request, to_r5)

_TYPES = {
    "patient": "Patient",
    "study": "ImagingStudy",
    "practitioner": "Practitioner",
    "device": "Device",
    "report": "DiagnosticReport",
    "observation": "Observation",
    "structure": "BodyStructure",
    "provenance": "Provenance",
}
_ISSUED = (ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.APPENDED)


@dataclass(frozen=True, slots=True)
class IssuedResults:
    """Implements `ports.issued.Issued`."""

    database: Database
    packing: Packing

    def __call__(self, study_key: StudyKey) -> Mapping[str, Resource]:
        with self.database.begin(write=False) as unit:
            reports, holds = unit.reports(study_key), unit.holds_of((study_key,)).get(study_key, ())
            critical = unit.critical_of(study_key)
            pages = unit.pages(critical.critical_key) if critical else ()
        if any(map(stops_signing, holds)):
            return {}  # whose it is, is not known
        signed = [each for each in reports if each.status in _ISSUED and is_final(each)]
        issued = issued_resources(self.packing.package(study_key, signed[-1].version)) if signed else {}
        return issued | self._told(critical, pages) if critical else issued

    def _told(self, critical: CriticalResult, pages: tuple[Page, ...]) -> dict[str, Resource]:
        study = self.packing.vault.on_behalf_of(self.packing.reader).study(critical.study_key)
        fallback = derived_uid(self.packing.uid_seed, "patient", critical.study_key)
        found = communications(critical, pages, study.identity, study.study_instance_uid, fallback)
        meta = {"versionId": str(critical.etag), "lastUpdated": instant(_last_word(critical, pages))}
        return {f"Communication/{key}": {**each, "meta": meta} for key, each in found.items()}


def _last_word(critical: CriticalResult, pages: tuple[Page, ...]) -> datetime:
    taken, told = critical.acknowledgement, critical.communication
    moments = [critical.opened_at, *(each.sent_at for each in pages if each.sent_at)]
    moments += [taken.acknowledged_at] if taken else []
    return max([*moments, told.communicated_at] if told else moments)


def issued_resources(package: ReportPackage, *, patient_system: str = "urn:wetread:mrn") -> dict[str, Resource]:
    """By 'Type/id'."""
    report = package.report
    when = instant(report.signatures[-1].signed_at)
    meta = {"versionId": str(report.version), "lastUpdated": when}
    places = {url: _place(package, name) for name, url in full_urls(package).items()}
    bundle = to_bundle(package, report.signatures[-1].signed_at, patient_system=patient_system)
    entries: list[Json] = bundle["entry"]  # type: ignore[assignment]
    found: dict[str, Resource] = {}
    for entry in entries:
        resource = repoint(entry["resource"], places)
        place = places[str(entry["fullUrl"])]
        found[place] = {**resource, "id": place.partition("/")[2], "meta": meta}  # type: ignore[dict-item]
    return found


def _place(package: ReportPackage, name: str) -> str:
    """Our own place of what `full_urls` calls `name`."""
    kind, _, part = name.partition("/")
    if kind == "provenance":
        part = ""
    adders = [each for each in full_urls(package) if each.startswith("practitioner/")]
    suffix = f".{1 + adders.index(name)}" if name in adders else f".{part.replace('_', '-')}" if part else ""
    return f"{_TYPES[kind]}/{package.study_key}{suffix}"
