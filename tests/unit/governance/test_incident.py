"""An incident record is complete or refused, and its deadlines are those of the rules."""

from datetime import date

import pytest

from wetread.domain.errors import PermanentError
from wetread.governance.incident import EventType, deadlines, read_incident

RECORD = {
    "report_number": "1", "event_type": "injury", "date_of_event": "2026-11-02", "date_aware": "2026-11-04",
    "event_description": "Not called.", "device_problem": "finding not called",
}  # fmt: skip


def due(**changes: object) -> dict[str, date]:
    return {each.rule: each.by for each in deadlines(read_incident(RECORD | changes))}


def test_a_serious_injury() -> None:
    assert due() == {
        "MDR art. 87 (3)": date(2026, 11, 19),
        "AI Act art. 73 (2)": date(2026, 11, 19),
        "21 CFR 803.50": date(2026, 12, 4),
        "21 CFR 803.30": date(2026, 11, 18),
    }


def test_a_death_is_sooner_and_a_threat_to_many_soonest() -> None:
    assert due(event_type="death")["MDR art. 87 (5)"] == date(2026, 11, 14)
    assert due(event_type="death")["AI Act art. 73 (4)"] == date(2026, 11, 14)
    threat = due(event_type="death", public_health_threat=True)
    assert threat["MDR art. 87 (4)"] == threat["AI Act art. 73 (3)"] == date(2026, 11, 6)


def test_a_malfunction_is_the_manufacturers_in_thirty_days_and_other_nobodys() -> None:
    assert due(event_type="malfunction") == {"21 CFR 803.50": date(2026, 12, 4)}
    assert due(event_type="other") == {}


def test_five_work_days_skip_the_weekend() -> None:
    found = due(event_type="malfunction", unexpected_remedy=True, date_aware="2026-11-06")
    assert found["21 CFR 803.53"] == date(2026, 11, 13)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event_type": ""}, "event_type is"),
        ({"event_description": " "}, "needs event_description"),
        ({"date_of_event": "yesterday"}, "a day like"),
        ({"date_aware": "2026-11-01"}, "before date_of_event"),
        ({"devise_problem": "x"}, "unknown field: devise_problem"),
        ({"public_health_threat": "no"}, "true or false"),
        ({"patient_outcome": 3}, "is a text"),
    ],
)
def test_a_record_with_a_fault_is_refused_by_name(changes: dict[str, object], said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        read_incident(RECORD | changes)


@pytest.mark.parametrize("record", [[], "text", None, {}])
def test_what_is_no_record_is_refused(record: object) -> None:
    with pytest.raises(PermanentError):
        read_incident(record)


def test_a_whole_record_is_read() -> None:
    found = read_incident(RECORD | {"study_key": "s1", "unexpected_remedy": True})
    assert (found.event_type, found.study_key, found.unexpected_remedy) == (EventType.INJURY, "s1", True)
