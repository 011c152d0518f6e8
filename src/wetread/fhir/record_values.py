"""FHIR R4 datatypes from outside to domain values: concepts, days, quantities, references (https://hl7.org/fhir/R4/datatypes.html). What does not fit is absent, never guessed."""

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date

from wetread.domain.finding import Code
from wetread.domain.record import DayRange, Quantity
from wetread.fhir.datatypes import Json, clean

__all__ = [
    "DESIGNATORS",
    "codes_of",
    "concept_text",
    "days_of",
    "first_code",
    "objects",
    "part",
    "quantity_of",
    "quantity_text",
    "text_of",
]

_LONGEST_TEXT = 2000
DESIGNATORS = {
    "http://snomed.info/sct": "SCT",
    "http://loinc.org": "LN",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://hl7.org/fhir/sid/icd-10": "I10",
    "http://hl7.org/fhir/sid/icd-10-cm": "I10C",
    "http://hl7.org/fhir/sid/icd-9-cm": "I9C",
    "http://dicom.nema.org/resources/ontology/DCM": "DCM",
}
"""DICOM's coding scheme designators by FHIR's code systems."""
_UCUM = "http://unitsofmeasure.org"
_COMPARATORS = ("<", "<=", ">=", ">")
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T.{4,40})?)?)?", re.ASCII)
_MOST_CODES = 20


def text_of(value: object, longest: int = _LONGEST_TEXT) -> str:
    """A FHIR string without control characters, cut at `longest` characters."""
    return clean(value[:longest]) if isinstance(value, str) else ""


def objects(value: object) -> Iterator[Json]:
    """The objects of a list, or the one object that stands alone."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield each


def part(resource: Json, *names: str) -> object:
    """The first of a choice of elements that is there: `value[x]`, `onset[x]`."""
    return next((resource[name] for name in names if resource.get(name) not in (None, "", [], {})), None)


def codes_of(concepts: object) -> tuple[Code, ...]:
    """The codings of a CodeableConcept or of a list of them."""
    found = []
    for concept in objects(concepts):
        for coding in objects(concept.get("coding")):
            system, value = text_of(coding.get("system"), 200), text_of(coding.get("code"), 100)
            if system and value:
                scheme = DESIGNATORS.get(system, system)
                found.append(Code(value, scheme, text_of(coding.get("display"), 200)))
    return tuple(found[:_MOST_CODES])


def first_code(concepts: object) -> str:
    """The bare code of the first coding, in lower case; for the small value sets of R4 itself."""
    return next(
        (
            text_of(coding.get("code"), 40).lower()
            for each in objects(concepts)
            for coding in objects(each.get("coding"))
        ),
        "",
    )


def concept_text(concepts: object) -> str:
    """The words of concepts: their text, else a display, else a code."""
    words = []
    for concept in objects(concepts):
        codings = list(objects(concept.get("coding")))
        shown = [text_of(each.get(name), 200) for name in ("display", "code") for each in codings]
        words.append(text_of(concept.get("text"), 500) or next(filter(None, shown), ""))
    return ", ".join(filter(None, words[:_MOST_CODES]))


def days_of(value: object) -> DayRange | None:
    """The days that a date, dateTime or instant can mean, as its author wrote it: a study's date has no zone either."""
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    try:
        first = date(year, month or 1, day or 1)
        last_month = month or 12
        return DayRange(first, date(year, last_month, day or calendar.monthrange(year, last_month)[1]))
    except (ValueError, calendar.IllegalMonthError):
        return None


def quantity_of(value: object) -> Quantity | None:
    """A Quantity with a number; an unknown comparator makes it none."""
    if not isinstance(value, Mapping):
        return None
    number, comparator = value.get("value"), value.get("comparator") or ""
    if isinstance(number, bool) or not isinstance(number, int | float) or comparator not in ("", *_COMPARATORS):
        return None
    unit = value.get("code") if value.get("system") == _UCUM else value.get("unit") or value.get("code")
    return Quantity(float(number), text_of(unit, 40), str(comparator))


def quantity_text(quantity: Quantity) -> str:
    unit = "" if quantity.unit == "1" else quantity.unit
    return f"{quantity.comparator}{quantity.value:.10g} {unit}".rstrip()
