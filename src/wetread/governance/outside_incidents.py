"""Incidents that others reported (MAUDE, AIAAIC), brought to one shape and matched to the devices and findings that we have.

A match is by words: a device's name, maker or product code, and a finding's name. It is a reason to read the record, not a finding of fact; what has no match is counted.
Layouts: openFDA device/event JSON, the MAUDE search's CSV, the AIAAIC repository's sheet as CSV (title lines above the header, names with and without "(s)").
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wetread.domain.errors import PermanentError
from wetread.domain.finding import VOCABULARY, FindingName

__all__ = ["Device", "Match", "OutsideIncident", "from_aiaaic", "from_maude_csv", "from_openfda", "match_incident"]

_SHOWN = 240
# what stands in MAUDE's fields where nobody stated anything
_SILENT = ("", "*", "UNK", "UNKNOWN", "NI", "NA", "N/A")


@dataclass(frozen=True, slots=True)
class Device:
    """A product that we run or stand beside; `product_codes` are FDA's three letters."""

    name: str
    manufacturer: str = ""
    product_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutsideIncident:
    """One record of another's list; texts as they stand there, "" where it is silent."""

    source: str
    incident_id: str
    occurred: str
    kind: str
    products: tuple[str, ...]
    makers: tuple[str, ...]
    product_codes: tuple[str, ...]
    text: str

    @property
    def excerpt(self) -> str:
        return self.text if len(self.text) <= _SHOWN else f"{self.text[: _SHOWN - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Match:
    """Why a record concerns us: the devices (with what matched) and the findings that its text names."""

    devices: tuple[tuple[str, str], ...]
    findings: tuple[FindingName, ...]

    def __bool__(self) -> bool:
        return bool(self.devices)


def from_openfda(document: object) -> list[OutsideIncident]:
    """Records of an openFDA device/event answer: {"results": [...]}. Raises PermanentError ('bad_incidents')."""
    if not isinstance(document, Mapping) or not isinstance(document.get("results"), list):
        raise _bad('a MAUDE JSON file has a list "results", as openFDA answers')
    return [_openfda(each) for each in document["results"]]


def _openfda(record: object) -> OutsideIncident:
    if not isinstance(record, Mapping):
        raise _bad("every result is an object")
    incident_id = str(record.get("mdr_report_key") or record.get("report_number") or "").strip()
    if not incident_id:
        raise _bad("a result has neither mdr_report_key nor report_number")
    devices = [each for each in record.get("device") or () if isinstance(each, Mapping)]
    texts = [str(each.get("text") or "") for each in record.get("mdr_text") or () if isinstance(each, Mapping)]
    problems = [str(each) for each in record.get("product_problems") or ()]
    return OutsideIncident(
        "maude",
        incident_id,
        str(record.get("date_of_event") or record.get("date_received") or ""),
        str(record.get("event_type") or ""),
        _named(devices, "brand_name", "generic_name"),
        _named(devices, "manufacturer_d_name"),
        _named(devices, "device_report_product_code"),
        " ".join(filter(None, [*problems, *texts])),
    )


def from_maude_csv(rows: Iterable[Sequence[str]]) -> list[OutsideIncident]:
    """Records of the MAUDE search's export; the header is the first row that names a report number and an event type. Raises PermanentError ('bad_incidents')."""
    return [
        OutsideIncident(
            "maude",
            row["report number"],
            row.get("event date", "") or row.get("date received", ""),
            row.get("event type", ""),
            _some(row.get("brand name", "")),
            _some(row.get("manufacturer", "")),
            _some(row.get("product code", "")),
            " ".join(filter(None, (row.get("device problem"), row.get("patient problem"), row.get("event text")))),
        )
        for row in _records(rows, "report number", "event type")
    ]


def from_aiaaic(rows: Iterable[Sequence[str]]) -> list[OutsideIncident]:
    """Records of the AIAAIC sheet; the header is the first row that names an id and a headline. Raises PermanentError ('bad_incidents')."""
    return [
        OutsideIncident(
            "aiaaic",
            row["aiaaic id#"],
            row.get("occurred", ""),
            row.get("type", ""),
            _some(row.get("system name", "")),
            _some(row.get("developer", "")),
            (),
            " ".join(filter(None, (row["headline"], row.get("purpose"), row.get("issue"), row.get("sector")))),
        )
        for row in _records(rows, "aiaaic id#", "headline")
    ]


def match_incident(incident: OutsideIncident, devices: Iterable[Device]) -> Match:
    """A device matches by its product code, by its name in product or text, or by its maker's name; words, not parts of words."""
    found = []
    names, makers = " ".join((*incident.products, incident.text)), " ".join(incident.makers)
    for device in devices:
        if codes := sorted(set(device.product_codes) & set(incident.product_codes)):
            found.append((device.name, f"product code {codes[0]}"))
        elif _says(names, device.name):
            found.append((device.name, "name"))
        elif device.manufacturer and _says(makers, device.manufacturer):
            found.append((device.name, "maker"))
    named = [
        name
        for name, each in VOCABULARY.items()
        if any(_says(incident.text, words, plural=True) for words in (each.display, name.value))
    ]
    return Match(tuple(found), tuple(named))


def _says(text: str, words: str, *, plural: bool = False) -> bool:
    spelt = r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", words.strip())))
    ending = "(?:e?s)?" if plural else ""
    return bool(words.strip()) and re.search(rf"(?<!\w){spelt}{ending}(?!\w)", text, re.IGNORECASE) is not None


def _records(rows: Iterable[Sequence[str]], *needed: str) -> list[dict[str, str]]:
    header: list[str] | None = None
    found = []
    for row in rows:
        if header is None:
            names = [_column(each) for each in row]
            header = names if set(needed) <= set(names) else None
            continue
        record = {name: cell.strip() for name, cell in zip(header, row, strict=False) if name}
        if record.get(needed[0]):  # the sheet has a second header line, and blank ones
            found.append(record)
    if header is None:
        raise _bad(f"no line names the columns {' and '.join(needed)}")
    return found


def _column(name: str) -> str:
    return (
        re.sub(r"\((?:s|ies|y)\)", "", name)
        .strip()
        .lower()
        .removesuffix(" (taxonomy)")
        .replace("ethical issue", "issue")
    )


def _named(devices: Iterable[Mapping[str, object]], *fields: str) -> tuple[str, ...]:
    values = (str(each.get(name) or "").strip() for each in devices for name in fields)
    return tuple(dict.fromkeys(value for value in values if value not in _SILENT))


def _some(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _bad(message: str) -> PermanentError:
    return PermanentError(message, code="bad_incidents")
