"""What SR, GSPS, SEG and parametric map say alike of a finding: its place on the film, its side, its site (PS3.16 CID 6102, CID 244)."""

from dataclasses import dataclass

from wetread.domain.analysis import Finding, Region
from wetread.domain.finding import Code, FindingName, concept
from wetread.domain.report import ReportFinding
from wetread.ports.sink import ReportPackage

__all__ = ["PlacedFinding", "placed_findings", "region_of", "side_of", "site_of"]

_SIDES = {
    "left": Code("7771000", "SCT", "Left"),
    "right": Code("24028007", "SCT", "Right"),
    "bilateral": Code("51440002", "SCT", "Bilateral"),
}
_SITES = {
    "lungs": Code("39607008", "SCT", "Lung"),
    "heart": Code("80891009", "SCT", "Heart"),
    "pleura": Code("3120008", "SCT", "Pleura"),
    "mediastinum": Code("72410000", "SCT", "Mediastinum"),
    "diaphragm": Code("5798000", "SCT", "Diaphragm"),
}
_CHEST = Code("51185008", "SCT", "Thoracic structure")


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding with a place: `index` is where its heat map stands among those of the analysis."""

    said: ReportFinding
    machine: Finding
    region: Region
    index: int


def placed_findings(package: ReportPackage) -> tuple[PlacedFinding, ...]:
    """The report's present findings that the model drew a box for, in the report's order."""
    machine = {each.name: (at, each) for at, each in enumerate(package.analysis.findings)} if package.analysis else {}
    both = [(said, *machine[said.name]) for said in package.report.content.findings if said.name in machine]
    return tuple(
        PlacedFinding(said, finding, region, at) for said, at, finding in both if (region := region_of(said, finding))
    )


def region_of(said: ReportFinding, machine: Finding | None) -> Region | None:
    """The model's box, where the author calls the finding present and does not put it on the other side."""
    if machine is None or not said.present:
        return None
    moved = {said.laterality, machine.laterality} == {"left", "right"}
    return None if moved else machine.region


def side_of(said: ReportFinding) -> Code | None:
    return _SIDES.get(said.laterality)


def site_of(name: FindingName) -> Code:
    return _SITES.get(concept(name).anatomy, _CHEST)
