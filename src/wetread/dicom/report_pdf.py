"""A signed report as a PDF (ISO 32000) for people whose viewer knows nothing else: text that can be searched and copied, fonts embedded, whose it is and what it is on every page.

The same version gives the same bytes. A report with letters that no font here shows becomes one page that says so: half a report would be worse than none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from io import BytesIO

from wetread.dicom.derived_instance import clean_text
from wetread.dicom.pdf_fonts import Typeface, Unshowable
from wetread.domain.finding import concept
from wetread.domain.report import Report, ReportFinding, ReportStatus, Signature
from wetread.domain.study import PatientIdentity
from wetread.ports.sink import ReportPackage

__all__ = ["report_pdf"]

_WIDTH, _HEIGHT = 595.28, 841.89
"""A4 in points; fits US Letter's width with these margins."""
_LEFT, _TOP, _BOTTOM = 54.0, 150.0, 84.0
_MEASURE = _WIDTH - 2 * _LEFT
_BODY, _HEADING, _SMALL = 10.5, 12.5, 8.5
_NOTICE = "wetread is an assistive research tool, not a cleared device. The report is its signer's word; the numbers are the model's."
_STATUS = {
    ReportStatus.FINAL: "Final report",
    ReportStatus.AMENDED: "AMENDED report",
    ReportStatus.APPENDED: "Final report with addendum",
}


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float = _BODY
    space_before: float = 0.0


def report_pdf(package: ReportPackage, zone: tzinfo | None, organisation: str, letters: Typeface) -> bytes:
    """`zone` is of the times shown. The package must be of a signed version (`is_final`)."""
    head = _head(package, organisation)
    try:
        return _drawn([letters.plain(each) for each in head], _wrapped(_said(package, zone), letters), letters)
    except Unshowable as error:
        why = _Line(f"This document cannot show the report: it has letters ({error}) that no font here shows whole.")
        where = _Line("The report is in the structured report (SR) of this study, series 9801.", space_before=_BODY)
        return _drawn([_if_shown(each, letters) for each in head], _wrapped([why, where], letters), letters)


def _head(package: ReportPackage, organisation: str) -> list[str]:
    identity, report = package.study.identity, package.report
    number = f"{identity.patient_id or 'no number'} {identity.issuer_of_patient_id}".strip()
    study = identity.study_description or "Chest radiograph"
    lines = (
        f"{organisation} · Radiology report",
        f"{_name(identity)} · {number}",
        f"Born {_day(identity.patient_birth_date)} · Sex {identity.patient_sex.value} · Accession {identity.accession_number or 'none'}",
        f"{study} · {_day(identity.study_date)}",
        f"{_STATUS[report.status]}, version {report.version}",
    )
    return [" ".join(clean_text(each).split()) for each in lines]


def _if_shown(line: str, letters: Typeface) -> str:
    try:
        return letters.plain(line)
    except Unshowable:
        return "(not shown here)"


def _name(identity: PatientIdentity) -> str:
    """The alphabetic group of the name (PS3.5 §6.2.1), family name first."""
    family, *others = identity.patient_name.partition("=")[0].split("^")
    given = " ".join(filter(None, others))
    return ", ".join(filter(None, (family.strip(), given.strip()))) or "No name"


def _day(dicom_date: str) -> str:
    plain = dicom_date.isascii() and dicom_date.isdigit() and len(dicom_date) == 8
    return f"{dicom_date[:4]}-{dicom_date[4:6]}-{dicom_date[6:]}" if plain else dicom_date or "not stated"


def _said(package: ReportPackage, zone: tzinfo | None) -> Iterator[_Line]:
    report = package.report
    if report.amendment_reason:
        yield from _section("Amended", report.amendment_reason)
    if package.predecessor:
        yield _Line(f"This version takes the place of version {package.predecessor.version}.", space_before=4)
    for section, text in report.content.sections:
        if text.strip():
            yield from _section(section.value.capitalize(), text)
    if report.content.findings:
        yield from _section("Findings as signed", "\n".join(_finding(each) for each in report.content.findings))
    if package.analysis and any(each.probability is not None for each in report.content.findings):
        model = package.analysis.model
        yield _Line(f"Probabilities: calibrated, of {model.name} {model.version}.", _SMALL, 2)
    yield from _signed(report, zone)


def _section(title: str, text: str) -> Iterator[_Line]:
    yield _Line(title, _HEADING, 12)
    yield from (_Line(each) for each in clean_text(text).split("\r\n"))


def _finding(said: ReportFinding) -> str:
    known = concept(said.name)
    side = f", {said.laterality}" if said.laterality else ""
    number = f" (probability {said.probability:.2f})" if said.probability is not None else ""
    return f"{known.display}: {'present' if said.present else 'absent'}{side}{number}"


def _signed(report: Report, zone: tzinfo | None) -> Iterator[_Line]:
    if report.signature:
        yield _Line(f"Signed by {_signer(report.signature, zone)}", space_before=14)
    for number, added in enumerate(report.addenda, 1):
        yield from _section(f"Addendum {number}", added.text)
        yield _Line(f"Signed by {_signer(added.signature, zone)}")


def _signer(signature: Signature, zone: tzinfo | None) -> str:
    when: datetime = signature.signed_at.astimezone(zone)
    who = " ".join(clean_text(signature.signer_name or signature.signer_id).replace("^", " ").split())
    return f"{who} ({signature.role}), {when:%Y-%m-%d %H:%M:%S} {when.tzname()}, as {signature.meaning}."


def _wrapped(lines: Iterable[_Line], letters: Typeface) -> list[_Line]:
    found: list[_Line] = []
    for line in lines:
        parts = list(_broken(letters.plain(line.text.replace("\t", " ")), line.size, letters))
        found.append(_Line(parts[0], line.size, line.space_before))
        found += [_Line(each, line.size) for each in parts[1:]]
    return found


def _broken(text: str, size: float, letters: Typeface) -> Iterator[str]:
    """Lines no wider than the page: between words, and within one that is wider by itself."""
    line, width = "", 0.0
    for word in _pieces(text, size, letters):
        wide = letters.width(word, size)
        if line and width + letters.width(word.rstrip(), size) > _MEASURE:
            yield line.rstrip()
            line, width = "", 0.0
        line, width = line + word, width + wide
    yield line.rstrip()


def _pieces(text: str, size: float, letters: Typeface) -> Iterator[str]:
    """Words with the spaces behind them; letters by themselves where a word is wider than a line."""
    for word in text.split(" "):
        if letters.width(word, size) > _MEASURE:
            yield from word
            yield " "
        else:
            yield f"{word} "


def _pages(lines: Iterable[_Line]) -> list[list[tuple[float, _Line]]]:
    """(height above the foot of the page, line) by page; a heading stays with what follows it."""
    pages: list[list[tuple[float, _Line]]] = [[]]
    y = _HEIGHT - _TOP
    for line in lines:
        y -= line.space_before + 1.4 * line.size
        if y < _BOTTOM + (2 * _BODY if line.size == _HEADING else 0):
            pages.append([])
            y = _HEIGHT - _TOP - 1.4 * line.size
        pages[-1].append((y, line))
    return pages


def _drawn(head: list[str], lines: list[_Line], letters: Typeface) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(_WIDTH, _HEIGHT), invariant=1, pageCompression=1)
    canvas.setTitle("Radiology report")
    canvas.setCreator("wetread")

    def write(text: str, x: float, y: float, size: float) -> None:
        words = canvas.beginText(x, y)
        for font, run in letters.runs(text):
            words.setFont(font, size)
            words.textOut(run)
        canvas.drawText(words)

    pages = _pages(lines)
    above = [_cut(each, letters) for each in head]
    notice = list(_broken(letters.plain(_NOTICE), _SMALL, letters))
    for number, page in enumerate(pages, 1):
        for row, text in enumerate(above):
            write(text, _LEFT, _HEIGHT - 48 - 16 * row, _HEADING if row < 2 else _BODY)
        canvas.line(_LEFT, _HEIGHT - _TOP + 20, _WIDTH - _LEFT, _HEIGHT - _TOP + 20)
        for y, line in page:
            write(line.text, _LEFT, y, line.size)
        canvas.line(_LEFT, _BOTTOM - 20, _WIDTH - _LEFT, _BOTTOM - 20)
        for row, text in enumerate((*notice, f"Page {number} of {len(pages)}")):
            write(text, _LEFT, _BOTTOM - 34 - 11 * row, _SMALL)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _cut(text: str, letters: Typeface) -> str:
    """A head line in the width there is; what is cut off says so."""
    if letters.width(text, _HEADING) <= _MEASURE:
        return text
    while letters.width(f"{text}…", _HEADING) > _MEASURE:
        text = text[:-1]
    return f"{text}…"
