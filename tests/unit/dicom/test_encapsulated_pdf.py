"""The report as a PDF in a DICOM object: what a reader of the page reads, with a renderer and a parser that are not ours."""

import re
from dataclasses import replace
from datetime import UTC
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from builders_delivery import EFFUSION, NO_CARDIOMEGALY, NOW, TEXT, a_package, a_report, an_appended_report
from dicom_objects import errors_in
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pydicom import Dataset, dcmread
from pypdf import PdfReader

from wetread.dicom.encapsulated_pdf import encode_encapsulated_pdf
from wetread.dicom.pdf_fonts import typeface
from wetread.dicom.report_pdf import report_pdf
from wetread.dicom.structured_report import sr_sop_instance_uid
from wetread.domain.errors import PermanentError
from wetread.domain.report import ReportStatus, Section
from wetread.ports.sink import ReportPackage
from wetread.testing.builders import an_identity


def the_object(package: ReportPackage) -> Dataset:
    document = encode_encapsulated_pdf(package, NOW, "St. Elsewhere", typeface())
    assert document is not None
    return dcmread(BytesIO(document))


def the_pdf(package: ReportPackage) -> bytes:
    found = the_object(package)
    return bytes(found.EncapsulatedDocument[: found.EncapsulatedDocumentLength])


def pages_of(package: ReportPackage) -> list[str]:
    """As PDFium selects the text, page by page."""
    with pypdfium2.PdfDocument(the_pdf(package)) as document:
        return [page.get_textpage().get_text_range() for page in document]


def saying(text: str) -> ReportPackage:
    return a_package(a_report(EFFUSION, sections=((Section.FINDINGS, text),)))


def test_the_page_says_whose_report_it_is_what_it_says_and_who_signed_it() -> None:
    (page,) = pages_of(a_package())
    for line in (
        "St. Elsewhere · Radiology report",
        "Müller, Änne · PAT001 HOSPITAL",
        "Born 1970-01-02 · Sex F · Accession ACC001",
        "Final report, version 1",
        "There is a right pleural effusion.",
        "pleural effusion: present, right (probability 0.80)",
        "Signed by Ada Lovelace (radiologist), 2026-11-23 12:00:00 UTC, as final report.",
        "not a cleared device",
        "Page 1 of 1",
    ):
        assert line in page


def test_every_page_of_a_long_report_names_patient_and_study_and_loses_no_word() -> None:
    words = [f"word{number}" for number in range(2000)]
    pages = pages_of(saying(" ".join(words)))
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert "Müller, Änne · PAT001 HOSPITAL" in page
        assert "Accession ACC001" in page
        assert f"Page {number} of {len(pages)}" in page
    assert re.findall(r"word\d+", " ".join(pages)) == words


def test_amendments_and_addenda_are_shown() -> None:
    amended = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="The side was wrong.")
    (page,) = pages_of(a_package(amended, predecessor=a_report(NO_CARDIOMEGALY)))
    assert "AMENDED report, version 2" in page
    assert "The side was wrong." in page
    assert "takes the place of version 1" in page
    (page,) = pages_of(a_package(an_appended_report("A second look: a nodule.", "And a clip.")))
    assert page.index("Signed by Ada Lovelace") < page.index("A second look: a nodule.") < page.index("And a clip.")
    assert page.count("Signed by Grace Hopper") == 2


@pytest.mark.parametrize(
    "text", ["≥ 2 cm ± 5 × 3 mm, “quoted” – ½ µg/m² °C", "Größe, Łódź, Žižkov, Ελένη, Иванова", "<b>&amp;(\\)%"]
)
def test_letters_and_signs_come_out_as_they_went_in(text: str) -> None:
    assert text in pages_of(saying(text))[0]


@pytest.mark.parametrize("text", ["線", "قباني", "שרון", "นาม", "हिन्दी", "a\u202eb", "x\u20dd"])
def test_what_no_font_shows_whole_is_refused_on_the_page_itself(text: str) -> None:
    """Not replaced, not left out: the page says that it does not show the report, and where it is."""
    (page,) = pages_of(saying(f"No effusion. {text}"))
    assert "cannot show the report" in page
    assert "No effusion" not in page
    assert "Müller, Änne" in page
    assert "series 9801" in page


def test_a_name_that_cannot_be_shown_takes_the_report_with_it() -> None:
    (page,) = pages_of(a_package(identity=an_identity(patient_name="שרון^דבורה")))
    assert "(not shown here)" in page
    assert "Right pleural effusion" not in page


def a_font_of(letters: str, path: Path) -> Path:
    """A TrueType file whose every letter is a box."""
    names = [".notdef", *(f"box{number}" for number in range(len(letters)))]
    pen = TTGlyphPen(None)
    for move, point in ((pen.moveTo, (100, 0)), (pen.lineTo, (100, 700)), (pen.lineTo, (600, 700))):
        move(point)
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap(dict(zip(map(ord, letters), names[1:], strict=True)))
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (700, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Boxes", "styleName": "Regular", "psName": "Boxes"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return path


def test_a_font_of_the_site_shows_what_ours_lack(tmp_path: Path) -> None:
    package = saying("Catheter → 線")
    assert "cannot show" in pages_of(package)[0]
    letters = typeface((a_font_of("→線", tmp_path / "boxes.ttf"),))
    page = PdfReader(BytesIO(report_pdf(package, UTC, "", letters))).pages[0]
    assert "Catheter → 線" in page.extract_text()


def test_a_file_that_is_no_font_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font")
    with pytest.raises(PermanentError) as refused:
        typeface((tmp_path / "font.ttf",))
    assert refused.value.code == "bad_settings"


def test_every_font_is_embedded_and_the_bytes_are_the_same_each_time() -> None:
    package = saying("≥ 2 cm, Größe")
    assert the_pdf(package) == the_pdf(package)
    fonts = [
        each.get_object() for each in PdfReader(BytesIO(the_pdf(package))).pages[0]["/Resources"]["/Font"].values()
    ]
    used = [each for each in fonts if each["/BaseFont"] != "/Helvetica"]
    assert len(used) >= 2
    assert all("/FontFile2" in each["/FontDescriptor"] for each in used)


def test_the_object_is_valid_and_says_what_it_is_of(tmp_path: Path) -> None:
    amended = a_report(EFFUSION, status=ReportStatus.AMENDED, version=2, amendment_reason="x", sections=TEXT)
    package = a_package(amended, predecessor=a_report(NO_CARDIOMEGALY))
    first, second = the_object(a_package(a_report(NO_CARDIOMEGALY))), the_object(package)
    assert first.VerificationFlag == "VERIFIED"
    assert first.ConceptNameCodeSequence[0].CodeValue == "18748-4"
    assert "PredecessorDocumentsSequence" not in first
    before = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert before.SeriesInstanceUID == first.SeriesInstanceUID == second.SeriesInstanceUID
    assert before.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID != second.SOPInstanceUID
    sources = [each.ReferencedSOPInstanceUID for each in second.SourceInstanceSequence]
    assert sources == [package.read_instance.header.sop_instance_uid, sr_sop_instance_uid(package, amended)]
    document = encode_encapsulated_pdf(package, NOW, "St. Elsewhere", typeface())
    assert document is not None
    assert errors_in(document, tmp_path / "pdf.dcm") == []


@pytest.mark.parametrize("status", [ReportStatus.PARTIAL, ReportStatus.PRELIMINARY])
def test_there_is_none_of_a_report_that_no_radiologist_signed(status: ReportStatus) -> None:
    package = a_package(a_report(EFFUSION, status=status))
    assert encode_encapsulated_pdf(package, NOW, "St. Elsewhere", typeface()) is None


def test_a_report_that_changed_after_signing_is_refused() -> None:
    signed = a_report(EFFUSION)
    tampered = replace(signed, content=a_report(NO_CARDIOMEGALY).content)
    with pytest.raises(PermanentError):
        encode_encapsulated_pdf(a_package(tampered), NOW, "St. Elsewhere", typeface())
