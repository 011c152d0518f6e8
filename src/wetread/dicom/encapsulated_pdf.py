"""The signed report as an Encapsulated PDF (PS3.3 A.45.1, C.24): what every archive takes and every viewer opens. Only of a signed version; an amendment names the one before it."""

from datetime import datetime

from pydicom.uid import ComprehensiveSRStorage, EncapsulatedPDFStorage

from wetread.dicom.derived_instance import (
    OurSeries,
    coded_item,
    document_time,
    encode_part10,
    new_dataset,
    predecessor_document,
    reference,
    report_uid,
)
from wetread.dicom.pdf_fonts import Typeface
from wetread.dicom.report_pdf import report_pdf
from wetread.dicom.structured_report import sr_sop_instance_uid
from wetread.domain.finding import Code
from wetread.domain.identifiers import derived_uid
from wetread.domain.report import Report, is_final
from wetread.ports.sink import ReportPackage

__all__ = ["encode_encapsulated_pdf"]

_SERIES_NUMBER = 9805
_TITLE = Code("18748-4", "LN", "Diagnostic Imaging Report")


def encode_encapsulated_pdf(
    package: ReportPackage, now: datetime, organisation: str, letters: Typeface
) -> bytes | None:
    """A Part 10 file; None for a version that nobody signed as the report. Raises PermanentError as `is_final`."""
    report = package.report
    if not is_final(report):
        return None
    document = report_pdf(package, now.tzinfo, organisation, letters)
    series = OurSeries("DOC", _series_uid(package), _SERIES_NUMBER, "wetread report (PDF)")
    dataset = new_dataset(package, series, EncapsulatedPDFStorage, _uid(package, report), document_time(package, now))
    dataset.ConversionType = "WSD"
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES"
    dataset.DocumentTitle = f"Radiology report, {report.status.value}, version {report.version}"
    dataset.ConceptNameCodeSequence = [coded_item(_TITLE)]
    dataset.VerificationFlag = "VERIFIED"
    film = package.read_instance.header
    dataset.SourceInstanceSequence = [
        reference(film.traits.sop_class_uid, film.sop_instance_uid),
        reference(ComprehensiveSRStorage, sr_sop_instance_uid(package, report)),
    ]
    if package.predecessor and package.predecessor.signature:
        before = reference(EncapsulatedPDFStorage, _uid(package, package.predecessor))
        dataset.PredecessorDocumentsSequence = [predecessor_document(package, _series_uid(package), before)]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(document)
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    return encode_part10(dataset)


def _uid(package: ReportPackage, report: Report) -> str:
    return report_uid(package, report, "pdf")


def _series_uid(package: ReportPackage) -> str:
    return derived_uid(package.uid_seed, "pdf-series", package.study_key)
