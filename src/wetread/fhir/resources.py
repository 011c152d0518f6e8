"""A report package as FHIR R4 resources: DiagnosticReport, one Observation per finding, and what they point at.

An unsigned report is `partial` (https://hl7.org/fhir/R4/valueset-diagnostic-report-status.html). The study is coded LOINC 30745-4, "XR Chest Views": the codes
for one or two views would claim what a header does not say.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from wetread.domain.analysis import ModelIdentity
from wetread.domain.finding import Code, concept
from wetread.domain.report import Addendum, Report, ReportFinding, ReportStatus, Section, Signature
from wetread.domain.report_codes import (
    ABSENT,
    CALIBRATED_PROBABILITY,
    CHEST_FILM,
    LATERALITY,
    OPERATING_POINT,
    PRESENT,
    SIDES,
)
from wetread.domain.study import PatientIdentity, Sex
from wetread.fhir.datatypes import (
    Json,
    clean,
    codeable,
    dicom_uid_identifier,
    finding_concept,
    human_name,
    identifier,
    instant,
    present,
    study_day,
)
from wetread.ports.sink import ReportPackage

__all__ = [
    "BODY_SITE",
    "Links",
    "body_structure",
    "device",
    "diagnostic_report",
    "imaging_study",
    "observation",
    "patient",
    "practitioner",
    "withdrawn",
]

_SITES = {
    "lungs": Code("39607008", "SCT", "Lung structure"),
    "heart": Code("80891009", "SCT", "Heart structure"),
    "pleura": Code("3120008", "SCT", "Pleural membrane structure"),
    "mediastinum": Code("72410000", "SCT", "Mediastinal structure"),
    "diaphragm": Code("5798000", "SCT", "Diaphragm structure"),
}
BODY_SITE = "http://hl7.org/fhir/StructureDefinition/bodySite"
_CHEST = Code("51185008", "SCT", "Thoracic structure")
_GENDERS = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other", Sex.UNKNOWN: "unknown"}
_OBSERVATION_STATUS = {
    ReportStatus.PARTIAL: "preliminary",
    ReportStatus.PRELIMINARY: "preliminary",
    ReportStatus.FINAL: "final",
    ReportStatus.AMENDED: "amended",
    ReportStatus.APPENDED: "final",
}


@dataclass(frozen=True, slots=True)
class Links:
    """The fullUrls that resources of one bundle point at; None where the bundle has no such resource."""

    patient: str
    imaging_study: str
    practitioner: str | None
    device: str | None
    adders: tuple[str, ...] = ()
    """Practitioners who signed addenda and not the words above them."""


def _reference(url: str | None) -> Json | None:
    return {"reference": url} if url else None


def _references(*urls: str | None) -> list[Json]:
    return [{"reference": url} for url in urls if url]


def patient(identity: PatientIdentity, named: Json) -> Json:
    name = human_name(identity.patient_name)
    return present(
        resourceType="Patient",
        identifier=[named],
        name=[name] if name else [],
        gender=_GENDERS[identity.patient_sex],
        birthDate=study_day(identity.patient_birth_date),
    )


def practitioner(signature: Signature, named: Json) -> Json:
    return {
        "resourceType": "Practitioner",
        "identifier": [named],
        "name": [{"text": clean(signature.signer_name) or clean(signature.signer_id)}],
    }


def device(model: ModelIdentity, named: Json) -> Json:
    return {
        "resourceType": "Device",
        "identifier": [named],
        "status": "active",
        "manufacturer": "wetread",
        "deviceName": [{"name": model.name, "type": "model-name"}],
        "version": [{"value": model.version}],
        "note": [{"text": "Assistive research tool, not a cleared device."}],
    }


def imaging_study(package: ReportPackage, links: Links) -> Json:
    """The study as far as wetread received it."""
    identity = package.study.identity
    accession = clean(identity.accession_number)
    named = [dicom_uid_identifier(package.study.study_instance_uid)]
    if accession:
        named.append(identifier("urn:wetread:accession", accession, "ACSN"))
    return present(
        resourceType="ImagingStudy",
        identifier=named,
        status="available",
        subject=_reference(links.patient),
        started=study_day(identity.study_date),
        numberOfSeries=len({each.header.series_instance_uid for each in package.instances}),
        numberOfInstances=len(package.instances),
        description=clean(identity.study_description),
        series=_series(package),
    )


def _series(package: ReportPackage) -> list[Json]:
    by_uid: dict[str, list[Json]] = {}
    modality: dict[str, str] = {}
    for each in package.instances:
        traits = each.header.traits
        modality.setdefault(each.header.series_instance_uid, clean(traits.modality) or "OT")
        by_uid.setdefault(each.header.series_instance_uid, []).append(
            {
                "uid": each.header.sop_instance_uid,
                "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{traits.sop_class_uid}"},
            }
        )
    system = "http://dicom.nema.org/resources/ontology/DCM"
    return [
        {"uid": uid, "modality": {"system": system, "code": modality[uid]}, "instance": instances}
        for uid, instances in by_uid.items()
    ]


def body_structure(said: ReportFinding, named: Json, links: Links, *, active: bool = True) -> Json:
    """What is where: the finding, its anatomy and its side. Not `active`: this version does not say so any more."""
    side = SIDES.get(said.laterality)
    return present(
        resourceType="BodyStructure",
        identifier=[named],
        active=active,
        morphology=finding_concept(said.name),
        location=codeable(_site(said)),
        locationQualifier=[codeable(side)] if side else [],
        patient=_reference(links.patient),
    )


def _site(said: ReportFinding) -> Code:
    return _SITES.get(concept(said.name).anatomy, _CHEST)


def observation(package: ReportPackage, said: ReportFinding, named: Json, links: Links, structure: str | None) -> Json:
    """One finding as its author sees it, with the model's calibrated probability as a component; `structure` is where its BodyStructure stands, if it has one."""
    report = package.report
    return present(
        resourceType="Observation",
        identifier=[named],
        status="amended" if report.amendment_reason else _OBSERVATION_STATUS[report.status],
        category=[_observation_category()],
        code=finding_concept(said.name),
        subject=_reference(links.patient),
        effectiveDateTime=study_day(package.study.identity.study_date),
        performer=_references(links.practitioner),
        valueCodeableConcept=codeable(PRESENT if said.present else ABSENT),
        note=_note(package, said),
        bodySite=codeable(_site(said)) | _in_structure(structure),
        device=_reference(links.device if said.probability is not None else None),
        derivedFrom=_references(links.imaging_study),
        component=_components(package, said),
    )


def _in_structure(structure: str | None) -> Json:
    """R4's way from a coded site to a BodyStructure (https://hl7.org/fhir/R4/extension-bodysite.html)."""
    return {"extension": [{"url": BODY_SITE, "valueReference": {"reference": structure}}]} if structure else {}


def withdrawn(said: ReportFinding, named: Json, links: Links) -> Json:
    """A finding of the version before that this version no longer speaks of."""
    return present(
        resourceType="Observation",
        identifier=[named],
        status="entered-in-error",
        category=[_observation_category()],
        code=finding_concept(said.name),
        subject=_reference(links.patient),
    )


def _observation_category() -> Json:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {"coding": [{"system": system, "code": "imaging", "display": "Imaging"}]}


def _note(package: ReportPackage, said: ReportFinding) -> list[Json]:
    if said.probability is None or package.analysis is None:
        return []
    model = package.analysis.model
    words = f"The number is the calibrated probability of {model.name} {model.version} for this film; present or absent is the report's author's word."
    return [{"text": words}]


def _components(package: ReportPackage, said: ReportFinding) -> list[Json]:
    parts: list[Json] = []
    if side := SIDES.get(said.laterality):
        parts.append({"code": codeable(LATERALITY), "valueCodeableConcept": codeable(side)})
    if said.probability is not None:
        parts.append({"code": codeable(CALIBRATED_PROBABILITY), "valueQuantity": _fraction(said.probability)})
        findings = package.analysis.findings if package.analysis else ()
        parts.extend(
            {"code": codeable(OPERATING_POINT), "valueQuantity": _fraction(each.operating_point.threshold)}
            for each in findings
            if each.name is said.name
        )
    return parts


def _fraction(value: float) -> Json:
    return {"value": round(value, 4), "system": "http://unitsofmeasure.org", "code": "1"}


def diagnostic_report(package: ReportPackage, named: Json, results: list[str], links: Links, now: datetime) -> Json:
    report = package.report
    concluded = [text for section, text in report.content.sections if section is Section.IMPRESSION]
    impression = "\n".join((*concluded, *map(_addendum, report.addenda)))
    said = [finding_concept(each.name) for each in report.content.findings if each.present]
    return present(
        resourceType="DiagnosticReport",
        identifier=[named],
        status=report.status.value,
        category=[_radiology()],
        code=codeable(CHEST_FILM),
        subject=_reference(links.patient),
        effectiveDateTime=study_day(package.study.identity.study_date),
        issued=instant(report.signed_at or now),
        performer=_references(links.practitioner, *links.adders),
        resultsInterpreter=_references(links.practitioner, *links.adders),
        result=_references(*results),
        imagingStudy=_references(links.imaging_study),
        conclusion=clean(impression),
        conclusionCode=said,
        presentedForm=[_presented_form(report)],
    )


def _addendum(added: Addendum) -> str:
    signature = added.signature
    when = f"{signature.signed_at:%Y-%m-%d %H:%M} UTC"
    return f"ADDENDUM, {when}, {clean(signature.signer_name) or clean(signature.signer_id)}\n{clean(added.text)}"


def _radiology() -> Json:
    system = "http://terminology.hl7.org/CodeSystem/v2-0074"
    return {"coding": [{"system": system, "code": "RAD", "display": "Radiology"}]}


def _presented_form(report: Report) -> Json:
    sections = [f"{section.value.upper()}\n{clean(text)}" for section, text in report.content.sections if clean(text)]
    if report.amendment_reason:
        sections.insert(0, f"AMENDED\n{clean(report.amendment_reason)}")
    sections.extend(map(_addendum, report.addenda))
    text = "\n\n".join(sections).encode()
    return present(
        contentType="text/plain; charset=utf-8",
        data=b64encode(text).decode(),
        title=f"Report, version {report.version}",
    )
