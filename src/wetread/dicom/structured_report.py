"""A report version as a DICOM Comprehensive SR (PS3.3 A.35.3), TID 1500. Unsigned is PARTIAL and UNVERIFIED; only a signature verifies (law 3).

The SOP Instance UID is fixed by study, version, status and content, and every date is the signature's: a repeated delivery is the same object.
"""

from datetime import datetime

from pydicom import Dataset
from pydicom.uid import ComprehensiveSRStorage

from wetread.dicom.derived_instance import (
    OurSeries,
    document_time,
    encode_part10,
    new_dataset,
    person_name,
    predecessor_document,
    reference,
    references,
    report_uid,
    short_text,
)
from wetread.dicom.structured_report_content import OWN_SCHEME, content_tree
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Report, Signature, is_final
from wetread.ports.sink import ReportPackage

__all__ = ["encode_sr", "sr_sop_instance_uid"]

_SERIES_NUMBER = 9801


def encode_sr(package: ReportPackage, now: datetime, *, organisation: str = "") -> bytes:
    """A Part 10 file, Explicit VR Little Endian, ISO_IR 192; times in the zone of `now`.

    `organisation` is the verifying organisation; by default the institution that made the film. Raises PermanentError when the report calls itself final
    without a valid signature.
    """
    report = package.report
    final = is_final(report)
    organisation = organisation or package.read_instance.header.institution_name or "not stated"
    when = document_time(package, now)
    series = OurSeries("SR", _series_uid(package), _SERIES_NUMBER, "wetread report")
    dataset = new_dataset(package, series, ComprehensiveSRStorage, sr_sop_instance_uid(package, report), when)
    dataset.CompletionFlag = "COMPLETE" if final else "PARTIAL"
    dataset.VerificationFlag = "VERIFIED" if final else "UNVERIFIED"
    dataset.PreliminaryFlag = "FINAL" if final else "PRELIMINARY"
    if final:
        dataset.VerifyingObserverSequence = [_verifying_observer(each, organisation) for each in report.signatures]
    if package.predecessor and package.predecessor.signature:
        before = reference(ComprehensiveSRStorage, sr_sop_instance_uid(package, package.predecessor))
        dataset.PredecessorDocumentsSequence = [predecessor_document(package, _series_uid(package), before)]
    dataset.CurrentRequestedProcedureEvidenceSequence = references((package.read_instance, *package.instances))
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CodingSchemeIdentificationSequence = [_own_scheme()]
    dataset.update(content_tree(package, organisation))
    return encode_part10(dataset)


def sr_sop_instance_uid(package: ReportPackage, report: Report) -> str:
    """The UID that this version of the study's report has as an SR."""
    return report_uid(package, report, "sr")


def _series_uid(package: ReportPackage) -> str:
    return derived_uid(package.uid_seed, "sr-series", package.study_key)


def _verifying_observer(signature: Signature, organisation: str) -> Dataset:
    item = Dataset()
    item.VerifyingObserverName = person_name(signature.signer_name or signature.signer_id)
    item.VerifyingObserverIdentificationCodeSequence = []
    item.VerifyingOrganization = short_text(organisation)
    item.VerificationDateTime = f"{signature.signed_at:%Y%m%d%H%M%S.%f%z}"
    return item


def _own_scheme() -> Dataset:
    item = Dataset()
    item.CodingSchemeDesignator = OWN_SCHEME
    item.CodingSchemeName = "wetread"
    item.CodingSchemeResponsibleOrganization = "wetread project"
    return item
