"""When film and order are of one person, of two, or of one whose data somebody should look at."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread.domain.identity_hold import HoldKind
from wetread.domain.order import PatientNumber, Person
from wetread.domain.study import Sex
from wetread.orders.matching import Difference, compared

JANE = Person(PatientNumber("7", "H"), "Müller^Änne^Maria", "19700102", Sex.FEMALE)
NOBODY = Person(PatientNumber(""))
MISMATCH, DEMOGRAPHICS = HoldKind.PATIENT_MISMATCH, HoldKind.DEMOGRAPHICS


@pytest.mark.parametrize(
    "same",
    [
        JANE,
        replace(JANE, number=PatientNumber("7", "")),
        replace(JANE, name="MUELLER^ANNE"),
        replace(JANE, name="Muller^Anne"),
        replace(JANE, name="müller^ä."),
        replace(JANE, name="Müller"),
        replace(JANE, name="", birth_date="", sex=Sex.UNKNOWN),
        replace(JANE, sex=Sex.OTHER),
        replace(JANE, number=PatientNumber("")),
        replace(NOBODY, birth_date="19700102"),
    ],
)
def test_the_same_person_written_in_another_way(same: Person) -> None:
    assert compared(JANE, same) == compared(same, JANE) == Difference(None)


@pytest.mark.parametrize(
    ("other", "kind", "differs"),
    [
        (replace(JANE, number=PatientNumber("8", "H")), MISMATCH, ("patient_id",)),
        (replace(JANE, number=PatientNumber("07", "H")), MISMATCH, ("patient_id",)),
        (replace(JANE, number=PatientNumber("7", "ELSEWHERE")), MISMATCH, ("issuer_of_patient_id",)),
        (replace(JANE, name="Roe^Jane", birth_date="19800101"), MISMATCH, ("birth_date", "name")),
        (replace(JANE, birth_date="19700201"), DEMOGRAPHICS, ("birth_date",)),
        (replace(JANE, name="Meier^Änne"), DEMOGRAPHICS, ("name",)),
        (replace(JANE, name="Müller^Berta"), DEMOGRAPHICS, ("name",)),
        (replace(JANE, sex=Sex.MALE), DEMOGRAPHICS, ("sex",)),
        (replace(JANE, number=PatientNumber(""), birth_date="19800101"), MISMATCH, ("birth_date",)),
        (replace(JANE, number=PatientNumber(""), name="Roe^Jane"), MISMATCH, ("name",)),
        (NOBODY, MISMATCH, ("nothing_in_common",)),
        (replace(NOBODY, sex=Sex.FEMALE), MISMATCH, ("nothing_in_common",)),
    ],
)
def test_another_person_or_other_data(other: Person, kind: HoldKind, differs: tuple[str, ...]) -> None:
    assert compared(JANE, other) == compared(other, JANE) == Difference(kind, differs)


PEOPLE = st.builds(
    Person,
    st.builds(PatientNumber, st.sampled_from(["", "1", "2"]), st.sampled_from(["", "A", "B"])),
    st.text("aAäß^=. ", max_size=8),
    st.sampled_from(["", "19700101", "19800101"]),
    st.sampled_from(Sex),
)


@given(PEOPLE, PEOPLE)
def test_two_numbers_of_one_issuer_are_never_one_person(one: Person, other: Person) -> None:
    found = compared(one, other)
    assert found == compared(other, one)
    if one.number.patient_id and other.number.patient_id and one.number.patient_id != other.number.patient_id:
        assert found.kind is MISMATCH
    if one == other and one.number.patient_id:
        assert found.kind is None
