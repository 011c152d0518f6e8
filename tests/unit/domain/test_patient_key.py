"""The patient's pseudonym and time axis."""

from datetime import date, timedelta

import pytest

from wetread.domain.identifiers import patient_day, patient_key

SECRET = b"s" * 32


def test_the_same_patient_has_the_same_key_and_another_another() -> None:
    keys = {patient_key(SECRET, pid, issuer) for pid, issuer in [("P1", ""), ("P1", "A"), ("P1A", ""), ("P2", "")]}
    assert len(keys) == 4
    assert patient_key(SECRET, "P1", "A") == patient_key(SECRET, "P1", "A")
    assert patient_key(SECRET, "P1", "A") != patient_key(b"t" * 32, "P1", "A")
    assert all(len(key) == 24 and "P1" not in key for key in keys)


@pytest.mark.parametrize("nobody", ["", " "])
def test_patients_without_an_id_have_no_common_key(nobody: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        patient_key(SECRET, nobody, "A")


def test_intervals_are_kept_and_the_calendar_is_not() -> None:
    day = date(2026, 3, 2)
    shifts = set()
    for number in range(200):
        patient = patient_key(SECRET, f"P{number}", "")
        first = patient_day(SECRET, patient, day)
        assert patient_day(SECRET, patient, day + timedelta(days=40)) == first + 40
        shifts.add(first - day.toordinal())
    assert len(shifts) > 190
    assert min(shifts) >= 0
    assert max(shifts) < 36525
