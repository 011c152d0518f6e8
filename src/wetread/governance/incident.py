"""An incident in the shape of a MAUDE report (FDA form 3500A's blocks), and by when whom must be told.

The record is written by people; it is checked for what must be there and for nothing else. Deadlines: Regulation (EU) 2017/745 art. 87 (2)-(5), Regulation (EU) 2024/1689 art. 73 (2)-(4),
21 CFR 803.30, 803.50, 803.53. Not legal advice: whether an event is reportable is for a person to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from wetread.domain.errors import PermanentError

__all__ = ["Deadline", "EventType", "Incident", "deadlines", "read_incident"]


class EventType(StrEnum):
    DEATH = "death"
    INJURY = "injury"
    MALFUNCTION = "malfunction"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Incident:
    """What people report. Texts are shown as given: they must not name the patient. "" means not stated. `study_key` links to our records of the study.

    `public_health_threat`: serious and to many; `unexpected_remedy`: an action was needed to prevent an unreasonable risk of substantial harm.
    """

    report_number: str
    event_type: EventType
    date_of_event: date
    date_aware: date
    event_description: str
    device_problem: str
    patient_problem: str = ""
    patient_outcome: str = ""
    brand_name: str = ""
    device_version: str = ""
    manufacturer: str = ""
    product_code: str = ""
    reporter_occupation: str = ""
    user_facility: str = ""
    remedial_action: str = ""
    manufacturer_narrative: str = ""
    study_key: str = ""
    public_health_threat: bool = False
    unexpected_remedy: bool = False


@dataclass(frozen=True, slots=True)
class Deadline:
    """Who must be told by when at the latest, and by which rule."""

    whom: str
    by: date
    rule: str


_DATES = ("date_of_event", "date_aware")
_FLAGS = ("public_health_threat", "unexpected_remedy")


def read_incident(record: object) -> Incident:
    """An incident from parsed JSON. Raises PermanentError ('bad_incident') that names the field: missing, unknown, empty, no date, an event after somebody knew of it."""
    if not isinstance(record, Mapping):
        raise _bad("is one JSON object")
    known = {each.name for each in fields(Incident)}
    if unknown := sorted(set(record) - known):
        raise _bad(f"has an unknown field: {unknown[0]}")
    values: dict[str, object] = {}
    for name, value in record.items():
        if name in _FLAGS:
            if not isinstance(value, bool):
                raise _bad(f"{name} is true or false")
            values[name] = value
        elif not isinstance(value, str):
            raise _bad(f"{name} is a text")
        else:
            values[name] = _parsed(name, value.strip())
    for name in ("report_number", "event_type", *_DATES, "event_description", "device_problem"):
        if not values.get(name):
            raise _bad(f"needs {name}")
    made = Incident(**values)  # type: ignore[arg-type]
    if made.date_aware < made.date_of_event:
        raise _bad("date_aware lies before date_of_event")
    return made


def deadlines(incident: Incident) -> tuple[Deadline, ...]:
    """The latest days by each rule, earliest first; counted from the day somebody knew. Work days are Monday to Friday: public holidays are not known here."""
    aware, grave = incident.date_aware, incident.event_type is EventType.DEATH
    serious = incident.event_type in (EventType.DEATH, EventType.INJURY)
    found = []
    if incident.public_health_threat:
        found.append(Deadline("EU competent authority", aware + timedelta(days=2), "MDR art. 87 (4)"))
    elif serious:
        days, paragraph = (10, 5) if grave else (15, 3)
        found.append(Deadline("EU competent authority", aware + timedelta(days=days), f"MDR art. 87 ({paragraph})"))
    if serious or incident.public_health_threat:
        days, paragraph = (2, 3) if incident.public_health_threat else (10, 4) if grave else (15, 2)
        found.append(
            Deadline(
                "EU market surveillance (AI Act, once it applies)",
                aware + timedelta(days=days),
                f"AI Act art. 73 ({paragraph})",
            )
        )
    if incident.unexpected_remedy:
        found.append(Deadline("FDA, by the manufacturer", _work_days(aware, 5), "21 CFR 803.53"))
    if incident.event_type is not EventType.OTHER:
        found.append(Deadline("FDA, by the manufacturer", aware + timedelta(days=30), "21 CFR 803.50"))
    if serious:
        whom = "FDA and manufacturer, by the user facility" if grave else "manufacturer, by the user facility"
        found.append(Deadline(whom, _work_days(aware, 10), "21 CFR 803.30"))
    return tuple(sorted(found, key=lambda each: (each.by, each.whom)))


def _parsed(name: str, value: str) -> object:
    try:
        if name in _DATES:
            return date.fromisoformat(value)
        return EventType(value) if name == "event_type" else value
    except ValueError:
        allowed = "a day like 2026-11-02" if name in _DATES else ", ".join(EventType)
        raise _bad(f"{name} is {allowed}") from None


def _work_days(start: date, count: int) -> date:
    day = start
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _bad(message: str) -> PermanentError:
    return PermanentError(f"the incident record {message}", code="bad_incident")
