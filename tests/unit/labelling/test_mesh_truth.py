"""How benchmarks/labeller.py reads truth from hand-coded headings; the archive is made here."""

import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from benchmarks.labeller_reports import Report, mapping, read_reports

from wetread.domain.finding import FindingName


def _archive(folder: Path, *headings: tuple[str, ...]) -> Path:
    path = folder / "reports.tgz"
    with tarfile.open(path, "w:gz") as members:
        for number, terms in enumerate(headings):
            majors = "".join(f"<major>{term}</major>" for term in terms)
            content = (
                f'<eCitation><uId id="R{number}"/><AbstractText Label="FINDINGS">No effusion.</AbstractText>'
                f"<MeSH>{majors}</MeSH></eCitation>"
            ).encode()
            entry = tarfile.TarInfo(f"ecgen-radiology/{number}.xml")
            entry.size = len(content)
            members.addfile(entry, BytesIO(content))
    return path


def _report(folder: Path, *terms: str) -> Report:
    (report,), _ = read_reports(_archive(folder, terms))
    return report


@pytest.mark.parametrize(
    ("term", "name", "truth"),
    [
        ("Pleural Effusion/left/small", "effusion", True),
        ("normal", "effusion", False),
        ("Cardiomegaly/borderline", "cardiomegaly", None),
        ("Cardiac Shadow/enlarged/mild", "cardiomegaly", True),
        ("Cardiac Shadow/irregular", "cardiomegaly", False),
        ("Opacity/lung/round", "nodule", True),
        ("Opacity/lung/round", "lung_opacity", False),
        ("Opacity/lung/base/left", "lung_opacity", True),
        ("Cicatrix/pleura", "fibrosis", False),
        ("Pulmonary Congestion", "edema", None),
        ("Implanted Medical Device/humerus/right", "support_devices", False),
    ],
)
def test_a_heading_says_present_open_or_nothing(term: str, name: str, truth: bool | None, tmp_path: Path) -> None:
    assert _report(tmp_path, term).truth[FindingName(name)] is truth


def test_present_outweighs_open(tmp_path: Path) -> None:
    assert _report(tmp_path, "Cardiomegaly/borderline", "Cardiomegaly/mild").truth[FindingName.CARDIOMEGALY] is True


@pytest.mark.parametrize(
    ("terms", "side"),
    [
        (("Pleural Effusion/left",), "left"),
        (("Pleural Effusion/left", "Pleural Effusion/right"), "bilateral"),
        (("Pleural Effusion/bilateral/small",), "bilateral"),
        (("Pleural Effusion", "Opacity/lung/left"), ""),
    ],
)
def test_sides_are_those_of_the_findings_own_headings(terms: tuple[str, ...], side: str, tmp_path: Path) -> None:
    assert _report(tmp_path, *terms).sides[FindingName.EFFUSION] == side


def test_reports_that_were_not_coded_are_counted_and_left_out(tmp_path: Path) -> None:
    reports, uncoded = read_reports(_archive(tmp_path, ("normal",), ("No Indexing",), ()))
    assert ([each.uid for each in reports], uncoded) == (["R0"], 2)


def test_every_finding_has_a_mapping_and_the_halves_are_halves(tmp_path: Path) -> None:
    assert set(mapping()) == set(FindingName)
    reports, _ = read_reports(_archive(tmp_path, *[("normal",)] * 400))
    assert 150 < sum(each.development for each in reports) < 250
