"""Open-i Indiana University chest X-rays (Demner-Fushman et al., JAMIA 2016): ecgen-radiology/*.xml reports, NLMCXR_png/*.png films.

`MeSH/major` terms were coded by hand from the report: `Opacity/lung/base/left`, a heading and its qualifiers; `normal` alone denies all, `no indexing`
means not coded, and `borderline` is UNCERTAIN. What is not coded is UNMENTIONED. A term is looked up as heading/qualifier first, then as heading.
One report is one patient (uId); its films share the labels. Views are not in the reports. A DOCTYPE or an entity is refused.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from wetread.domain.finding import FindingName
from wetread.learning.datasets.labelled_film import DatasetError, Label, LabelledFilm
from wetread.learning.datasets.vocabulary import Unmapped, listed, vocabulary

__all__ = ["read_openi"]

_LONGEST_BYTES = 1_000_000
_DOUBT = "borderline"


def read_openi(root: Path, unmapped: Unmapped | None = None) -> Iterator[LabelledFilm]:
    """All films of all reports, in the order of file names. Raises DatasetError."""
    unmapped = Unmapped() if unmapped is None else unmapped
    reports = sorted(root.glob("ecgen-radiology/*.xml"))
    if not reports:
        raise DatasetError("No ecgen-radiology/*.xml in the given folder. Unpack NLMCXR_reports.tgz there.")
    for path in reports:
        yield from _films(path, unmapped)


def _films(path: Path, unmapped: Unmapped) -> Iterator[LabelledFilm]:
    report = _report(path)
    patient = _id(path, report.find("uId"))
    labels = _labels(report, unmapped)
    for image in (_id(path, element) for element in report.iter("parentImage")):
        yield LabelledFilm(
            file=f"NLMCXR_png/{image}.png",
            dataset="openi",
            image_id=image,
            patient_id=f"openi:{patient}",
            labels=labels,
        )


def _report(path: Path) -> ElementTree.Element:
    content = path.read_bytes()
    # Without a DOCTYPE there are no entities to expand; NUL bytes would hide one in UTF-16.
    if len(content) > _LONGEST_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\0" in content:
        raise DatasetError(f"{path.name} is longer than a report or has a DOCTYPE or entity. Fetch the file again.")
    try:
        return ElementTree.fromstring(content)  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError):
        raise DatasetError(f"{path.name} is not well-formed XML. Fetch the file again.") from None


def _id(path: Path, element: ElementTree.Element | None) -> str:
    if element is not None and (value := element.get("id", "").strip()):
        return value
    raise DatasetError(f"{path.name} has no id in uId or parentImage. Fetch the file again.")


def _labels(report: ElementTree.Element, unmapped: Unmapped) -> dict[FindingName, Label]:
    terms = [element.text.lower().strip() for element in report.iterfind(".//MeSH/major") if element.text]
    words = {term: _word(term) for term in terms}
    sure = {word for term, word in words.items() if _DOUBT not in term.split("/")}
    return listed(words.values(), vocabulary("openi"), unmapped, frozenset(words.values()) - sure)


def _word(term: str) -> str:
    heading, *qualifiers = (part.strip() for part in term.split("/"))
    return next(
        (f"{heading}/{each}" for each in qualifiers if f"{heading}/{each}" in vocabulary("openi").findings), heading
    )
