"""A report's content tree: TID 1500 Measurement Report, one TID 1410 / TID 1501 group per finding, the narrative in CID 7001 sections (PS3.16).

TID 1500 is extensible, so the signed words stand as containers after the measurements. Presence is what the report's author says; the probability is the
model's and carries its name, version and operating point. Findings the author left out of the report are left out here.
"""

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)

from wetread.dicom.derived_instance import clean_text, person_name, tracking_uid
from wetread.dicom.placed_findings import region_of, side_of, site_of
from wetread.domain.analysis import Analysis, Finding, ModelIdentity, Region
from wetread.domain.finding import Code, concept
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Report, ReportFinding, Section, Signature
from wetread.domain.report_codes import ADDENDUM, CALIBRATED_PROBABILITY, CHEST_FILM
from wetread.ports.sink import ReportPackage

__all__ = ["OWN_SCHEME", "content_tree"]

OWN_SCHEME = "99WETREAD"

_TITLE = Code("126000", "DCM", "Imaging Measurement Report")
_ENGLISH = Code("en", "RFC5646", "English")
_PERSON, _DEVICE = Code("121006", "DCM", "Person"), Code("121007", "DCM", "Device")
_PRESENCE = Code("121052", "DCM", "Presence of property")
_PRESENT, _ABSENT = Code("121053", "DCM", "Present"), Code("121054", "DCM", "Absent")
_CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
_OPERATING_POINT = Code("operating_point", OWN_SCHEME, "Operating point")
_PERCENT = Code("%", "UCUM", "Percent")
_SECTIONS = {
    Section.INDICATION: (
        Code("18785-6", "LN", "Indications for Procedure"),
        Code("18785-6", "LN", "Indications for Procedure"),
    ),
    Section.TECHNIQUE: (
        Code("55111-9", "LN", "Current Procedure Descriptions"),
        Code("121065", "DCM", "Procedure Description"),
    ),
    Section.COMPARISON: (
        Code("55114-3", "LN", "Prior Procedure Descriptions"),
        Code("121065", "DCM", "Procedure Description"),
    ),
    Section.FINDINGS: (Code("59776-5", "LN", "Findings"), Code("121071", "DCM", "Finding")),
    Section.IMPRESSION: (Code("19005-8", "LN", "Impressions"), Code("121073", "DCM", "Impression")),
}


def content_tree(package: ReportPackage, organisation: str) -> ContainerContentItem:
    """The root container; `organisation` is the signer's."""
    root = ContainerContentItem(name=_coded(_TITLE), template_id="1500")
    root.ContentSequence = ContentSequence()
    root.ContentSequence.extend(LanguageOfContentItemAndDescendants(_coded(_ENGLISH)))
    root.ContentSequence.extend(_observers(package, organisation))
    root.ContentSequence.append(
        CodeContentItem(
            name=_coded(Code("121058", "DCM", "Procedure reported")),
            value=_coded(CHEST_FILM),
            relationship_type=RelationshipTypeValues.HAS_CONCEPT_MOD,
        )
    )
    root.ContentSequence.append(_measurements(package))
    root.ContentSequence.extend(_narrative(package.report))
    root.ContentSequence.extend(_addenda(package.report, organisation))
    return root


def _coded(code: Code) -> CodedConcept:
    return CodedConcept(code.value, code.scheme, code.meaning)


def _container(name: Code) -> ContainerContentItem:
    item = ContainerContentItem(name=_coded(name), relationship_type=RelationshipTypeValues.CONTAINS)
    item.ContentSequence = ContentSequence()
    return item


def _observers(package: ReportPackage, organisation: str) -> ObservationContext:
    person = device = None
    if signature := package.report.signature:
        person = _signer(signature, organisation)
    if package.analysis:
        device = ObserverContext(_coded(_DEVICE), _device(package.analysis.model, package.uid_seed))
    return ObservationContext(person, device)


def _signer(signature: Signature, organisation: str) -> ObserverContext:
    return ObserverContext(
        _coded(_PERSON),
        PersonObserverIdentifyingAttributes(
            person_name(signature.signer_name or signature.signer_id),
            login_name=clean_text(signature.signer_id),
            organization_name=clean_text(organisation),
        ),
    )


def _device(model: ModelIdentity, uid_seed: bytes) -> DeviceObserverIdentifyingAttributes:
    return DeviceObserverIdentifyingAttributes(
        derived_uid(uid_seed, "device", model.name, model.version, model.sha256),
        name=model.name,
        manufacturer_name="wetread",
        model_name=f"{model.name} {model.version}",
    )


def _measurements(package: ReportPackage) -> ContainerContentItem:
    container = _container(Code("126010", "DCM", "Imaging Measurements"))
    machine = {finding.name: finding for finding in package.analysis.findings} if package.analysis else {}
    for said in package.report.content.findings:
        container.ContentSequence.extend(_group(package, said, machine.get(said.name)))
    if not package.report.content.findings:
        del container.ContentSequence
    return container


def _group(package: ReportPackage, said: ReportFinding, machine: Finding | None) -> ContentSequence:
    header = package.read_instance.header
    film = (header.traits.sop_class_uid, header.sop_instance_uid)
    shared = {
        "tracking_identifier": TrackingIdentifier(identifier=said.name.value, uid=tracking_uid(package, said.name)),
        "finding_type": _coded(concept(said.name).codes[0]),
        "finding_sites": [_site(said)],
        "algorithm_id": _algorithm(package.analysis, machine),
        "measurements": _numbers(said, machine),
        "qualitative_evaluations": [
            QualitativeEvaluation(_coded(_PRESENCE), _coded(_PRESENT if said.present else _ABSENT))
        ],
    }
    if region := region_of(said, machine):
        outline = _outline(region, SourceImageForRegion(*film))
        return PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=outline, **shared)
    return MeasurementsAndQualitativeEvaluations(source_images=[SourceImageForMeasurementGroup(*film)], **shared)


def _site(said: ReportFinding) -> FindingSite:
    side = side_of(said)
    return FindingSite(_coded(site_of(said.name)), _coded(side) if side else None)


def _algorithm(analysis: Analysis | None, machine: Finding | None) -> AlgorithmIdentification | None:
    if analysis is None or machine is None:
        return None
    rule = clean_text(machine.operating_point.rule)
    return AlgorithmIdentification(
        analysis.model.name,
        analysis.model.version,
        parameters=[f"operating point rule: {rule}", f"model sha256: {analysis.model.sha256}"],
    )


def _numbers(said: ReportFinding, machine: Finding | None) -> list[Measurement]:
    numbers = []
    if said.probability is not None:
        numbers.append(
            Measurement(
                _coded(_CERTAINTY), _percent(said.probability), _coded(_PERCENT), method=_coded(CALIBRATED_PROBABILITY)
            )
        )
        if machine is not None:
            threshold = _percent(machine.operating_point.threshold)
            numbers.append(Measurement(_coded(_OPERATING_POINT), threshold, _coded(_PERCENT)))
    return numbers


def _percent(fraction: float) -> float:
    return round(100 * fraction, 2)


def _outline(region: Region, film: SourceImageForRegion) -> ImageRegion:
    """Half-open pixel ranges are already the corner coordinates of PS3.3 C.18.6.1.2, where pixel (0, 0) spans 0.0 to 1.0."""
    rows = (region.row_start, region.row_start, region.row_stop, region.row_stop, region.row_start)
    columns = (region.column_start, region.column_stop, region.column_stop, region.column_start, region.column_start)
    corners = np.array(list(zip(columns, rows, strict=True)), dtype=np.float64)
    return ImageRegion(GraphicTypeValues.POLYLINE, corners, film)


def _narrative(report: Report) -> ContentSequence:
    sections = [(*_SECTIONS[section], text) for section, text in report.content.sections]
    items = ContentSequence()
    for heading, element, text in [*sections, (ADDENDUM, ADDENDUM, report.amendment_reason)]:
        if words := clean_text(text):
            container = _container(heading)
            container.ContentSequence.append(
                TextContentItem(_coded(element), words, relationship_type=RelationshipTypeValues.CONTAINS)
            )
            items.append(container)
    return items


def _addenda(report: Report, organisation: str) -> ContentSequence:
    """Each addendum in a section of its own, observed by whoever signed it; its words begin with when that was."""
    items = ContentSequence()
    for each in report.addenda:
        container = _container(ADDENDUM)
        container.ContentSequence.extend(ObservationContext(_signer(each.signature, organisation)))
        words = f"{each.signature.signed_at:%Y-%m-%d %H:%M} UTC: {clean_text(each.text)}"
        container.ContentSequence.append(
            TextContentItem(_coded(ADDENDUM), words, relationship_type=RelationshipTypeValues.CONTAINS)
        )
        items.append(container)
    return items
