"""A report version as one FHIR R4 transaction that may be sent any number of times (https://hl7.org/fhir/R4/http.html#transaction).

Who and what exists elsewhere (patient, practitioner, device, study) is created only where no resource has its identifier, and never overwritten. What wetread
says (report, observations, body structures) is put by its identifier, so an amendment replaces the version before it and the server keeps the history; each version's Provenance is created once.
"""

import json
from datetime import datetime
from urllib.parse import quote

from wetread.domain.finding import FindingName
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Signature, is_final
from wetread.fhir import resources
from wetread.fhir.datatypes import (
    FhirVersion,
    Json,
    dicom_uid_identifier,
    full_url,
    identifier,
    own_identifier,
    patient_identifier,
    search_identifier,
    search_token,
)
from wetread.fhir.provenance import TAG_SYSTEM, provenance
from wetread.fhir.r5 import to_r5
from wetread.ports.sink import ReportPackage

__all__ = ["encode_bundle", "full_urls", "to_bundle"]


def encode_bundle(
    package: ReportPackage, now: datetime, *, patient_system: str = "urn:wetread:mrn", version: FhirVersion = "R4"
) -> bytes:
    """The transaction as UTF-8 JSON, the same bytes every time for a signed version.

    `patient_system` is the URI of the site's patient numbers. Raises PermanentError when the report calls itself final without a valid signature.
    """
    bundle = to_bundle(package, now, patient_system=patient_system)
    return json.dumps(to_r5(bundle) if version == "R5" else bundle, ensure_ascii=False).encode()


def to_bundle(package: ReportPackage, now: datetime, *, patient_system: str) -> Json:
    is_final(package.report)
    entries, links = _context(package, patient_system)
    entries.extend(_structures(package, links))
    results = []
    for said in package.report.content.findings:
        named = _own_identifier(package, "observation", said.name)
        structure = _url(package, "structure", said.name) if said.present else None
        results.append(_url(package, "observation", said.name))
        entries.append(_put(results[-1], resources.observation(package, said, named, links, structure), named))
    entries.extend(_withdrawals(package, links))
    named = _own_identifier(package, "report")
    report = resources.diagnostic_report(package, named, results, links, now)
    entries.append(_put(_url(package, "report"), report, named))
    if package.report.signature:
        entries.append(_provenance(package, links, named))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _context(package: ReportPackage, patient_system: str) -> tuple[list[Json], resources.Links]:
    """Entries for what the report is about, and where they stand."""
    identity, signature, analysis = package.study.identity, package.report.signature, package.analysis
    links = resources.Links(
        patient=_url(package, "patient"),
        imaging_study=_url(package, "study"),
        practitioner=_url(package, "practitioner") if signature else None,
        device=_url(package, "device") if analysis else None,
        adders=tuple(_url(package, "practitioner", each.signer_id) for each in _adders(package)),
    )
    named = patient_identifier(identity, patient_system, derived_uid(package.uid_seed, "patient", package.study_key))
    entries = [_create(links.patient, resources.patient(identity, named), named)]
    if signature and links.practitioner:
        named = identifier("urn:wetread:account", signature.signer_id)
        entries.append(_create(links.practitioner, resources.practitioner(signature, named), named))
    for adder, url in zip(_adders(package), links.adders, strict=True):
        named = identifier("urn:wetread:account", adder.signer_id)
        entries.append(_create(url, resources.practitioner(adder, named), named))
    if analysis and links.device:
        model = analysis.model
        named = identifier("urn:wetread:model", f"{model.name}/{model.version}/{model.sha256}")
        entries.append(_create(links.device, resources.device(model, named), named))
    study = resources.imaging_study(package, links)
    entries.append(_create(links.imaging_study, study, dicom_uid_identifier(package.study.study_instance_uid)))
    return entries, links


def _adders(package: ReportPackage) -> list[Signature]:
    """Who signed an addendum and not the words above it, each once."""
    _, *added = package.report.signatures or (None,)
    signer = package.report.signature.signer_id if package.report.signature else ""
    return list({each.signer_id: each for each in added if each and each.signer_id != signer}.values())


def full_urls(package: ReportPackage) -> dict[str, str]:
    """The fullUrl of each resource that `to_bundle` can hold, by what it is of."""
    parts: list[tuple[str, ...]] = [("patient",), ("study",), ("practitioner",), ("device",), ("report",)]
    parts += [("practitioner", each.signer_id) for each in _adders(package)]
    parts += [(kind, each.value) for kind in ("observation", "structure") for each in FindingName]
    parts.append(("provenance", str(package.report.version)))
    return {"/".join(each): _url(package, *each) for each in parts}


def _structures(package: ReportPackage, links: resources.Links) -> list[Json]:
    """One for each finding that is there; one that the version before had and this has not is no longer active."""
    there = {each.name: each for each in package.report.content.findings if each.present}
    before = package.predecessor.content.findings if package.predecessor else ()
    gone = {each.name: each for each in before if each.present and each.name not in there}
    entries = []
    for said in (*there.values(), *gone.values()):
        named = _own_identifier(package, "structure", said.name)
        structure = resources.body_structure(said, named, links, active=said.name in there)
        entries.append(_put(_url(package, "structure", said.name), structure, named))
    return entries


def _provenance(package: ReportPackage, links: resources.Links, report_named: Json) -> Json:
    """One for each version, created where there is none with its tag."""
    adders = dict(zip((each.signer_id for each in _adders(package)), links.adders, strict=True))
    signers = [(each, adders.get(each.signer_id, str(links.practitioner))) for each in package.report.signatures]
    tag = derived_uid(package.uid_seed, "fhir", package.study_key, "provenance", str(package.report.version))
    resource = provenance(package, _url(package, "report"), signers, links.device, report_named, tag)
    url = _url(package, "provenance", str(package.report.version))
    return _create_unless(url, resource, "_tag=" + quote(search_token(TAG_SYSTEM, tag), safe=""))


def _withdrawals(package: ReportPackage, links: resources.Links) -> list[Json]:
    before = package.predecessor.content.findings if package.predecessor else ()
    kept: set[FindingName] = {each.name for each in package.report.content.findings}
    entries = []
    for said in before:
        if said.name not in kept:
            named = _own_identifier(package, "observation", said.name)
            url = _url(package, "observation", said.name)
            entries.append(_put(url, resources.withdrawn(said, named, links), named))
    return entries


def _url(package: ReportPackage, *parts: str) -> str:
    return full_url(package.uid_seed, package.study_key, *parts)


def _own_identifier(package: ReportPackage, *parts: str) -> Json:
    return own_identifier(package.uid_seed, package.study_key, *parts)


def _create(url: str, resource: Json, named: Json) -> Json:
    condition = search_identifier(str(resource["resourceType"]), named).partition("?")[2]
    return _create_unless(url, resource, condition)


def _create_unless(url: str, resource: Json, condition: str) -> Json:
    """Unless the server finds one by `condition`."""
    kind = resource["resourceType"]
    return {"fullUrl": url, "resource": resource, "request": {"method": "POST", "url": kind, "ifNoneExist": condition}}


def _put(url: str, resource: Json, named: Json) -> Json:
    condition = search_identifier(str(resource["resourceType"]), named)
    return {"fullUrl": url, "resource": resource, "request": {"method": "PUT", "url": condition}}
