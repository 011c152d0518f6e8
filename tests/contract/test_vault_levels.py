"""QIDO at every level, fuzzy names and order: the same table for every vault."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import ProcedureStep
from wetread.ports.vault import INSTANCE_KEYS, SERIES_KEYS, STUDY_KEYS, Search, Vault, VaultInstance
from wetread.testing.builders import a_header, a_vault_instance, an_identity, image_traits
from wetread.testing.memory_vault import MemoryVault

FILM, REPORT = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.88.33"
PEOPLE = {
    "1": ("Müller^Jürgen", "Roe^Richard", "1130", "19400101", "S1", "20260301"),
    "2": ("Mueller^Anna", "Doe^Ann", "113015.25", "19850615", "S2", "20260303"),
    "3": ("Schmidt^Jo=美^恵", "Doe^Ann", "2359", "", "S2", "20260302"),
}


def an_instance_of(study: str, series: int, number: int) -> VaultInstance:
    name, doctor, time, born, study_id, day = PEOPLE[study]
    is_report = series == 2
    header = a_header(
        study_instance_uid=f"2.25.{study}",
        series_instance_uid=f"2.25.{study}.{series}",
        sop_instance_uid=f"2.25.{study}.{series}.{number}",
        identity=an_identity(
            patient_name=name, referring_physician_name=doctor, study_time=time, patient_birth_date=born, study_id=study_id,
            study_date=day, patient_id=f"P{study}", accession_number=f"A{4 - int(study)}",
        ),
        traits=image_traits(modality="SR" if is_report else "DX", sop_class_uid=REPORT if is_report else FILM),
        series_number=f"0{series}",
        instance_number=str(number),
        procedure_step=ProcedureStep(day, "1145" if series == 1 else "", f"RP{study}", f"SPS{study}.{series}"),
        timezone_offset_from_utc="+0100",
    )  # fmt: skip
    key = InstanceKey(f"{study}/{series}/{number}")
    return a_vault_instance(study_key=StudyKey(study), instance_key=key, header=header)


HELD = [an_instance_of(*at) for at in (("1", 1, 1), ("1", 1, 2), ("1", 2, 1), ("2", 1, 1), ("3", 1, 3))]


@pytest.fixture(autouse=True)
def _filled(vault: Vault) -> None:
    vault.admit(HELD)


def studies(vault: Vault, search: Search) -> str:
    return "".join(each.study_key for each in vault.search_studies(search))


def series(vault: Vault, **match: str) -> str:
    found = vault.search_series(Search(match))
    return " ".join(each.first.header.series_instance_uid.removeprefix("2.25.") for each in found)


def instances(vault: Vault, **match: str) -> str:
    found = vault.search_instances(Search(match))
    return " ".join(each.header.sop_instance_uid.removeprefix("2.25.") for each in found)


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("StudyTime", "1130", "21"), ("StudyTime", "113015", "2"), ("StudyTime", "11-12", "21"), ("StudyTime", "1131-", "3"), ("StudyTime", "-1130", "21"),
        ("PatientBirthDate", "19850615", "2"), ("PatientBirthDate", "-19500101", "1"), ("PatientBirthDate", "19000101-", "21"),
        ("ReferringPhysicianName", "doe^ann", "23"), ("ReferringPhysicianName", "roe*", "1"), ("StudyID", "S2", "23"), ("StudyID", "s2", ""),
        ("IssuerOfPatientID", "HOSPITAL", "231"), ("IssuerOfPatientID", "CLINIC", ""), ("ModalitiesInStudy", "SR", "1"),
    ],
)  # fmt: skip
def test_a_study_is_found_by_every_required_key(vault: Vault, keyword: str, value: str, expected: str) -> None:
    assert studies(vault, Search({keyword: value})) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Müller", "21"), ("muller", "21"), ("Mueler", "21"), ("jurgen muller", "1"), ("Jürgen^Mül", "1"), ("schm", "3"), ("shmit", "3"),
        ("美", "3"), ("恵^美", "3"), ("anna", "2"), ("*anna*", "2"), ("Jones", ""), ("müller schmidt", ""), ("^", "231"), ("' OR 1=1", ""),
    ],
)  # fmt: skip
def test_a_fuzzy_name_is_found_by_beginning_and_sound_in_any_order(vault: Vault, value: str, expected: str) -> None:
    assert studies(vault, Search({"PatientName": value}, fuzzy=True)) == expected


def test_fuzzy_matching_is_for_names_only_and_off_unless_asked(vault: Vault) -> None:
    assert studies(vault, Search({"PatientName": "muller"})) == ""
    assert studies(vault, Search({"ReferringPhysicianName": "an do"}, fuzzy=True)) == "23"
    assert studies(vault, Search({"PatientID": "p1"}, fuzzy=True)) == ""


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "231"), (("StudyDate",), "132"), (("-StudyDate",), "231"), (("PatientName",), "213"), (("-AccessionNumber",), "123"), (("PatientID",), "123"),
        (("-PatientID", "StudyDate"), "321"),
    ],
)  # fmt: skip
def test_answers_come_in_the_order_asked_for(vault: Vault, order: tuple[str, ...], expected: str) -> None:
    assert studies(vault, Search(order=order)) == expected
    assert "".join(dict.fromkeys(each.study_key for each in vault.search_instances(Search(order=order)))) == expected


def test_no_other_order_is_guessed(vault: Vault) -> None:
    for search in (vault.search_studies, vault.search_series, vault.search_instances):
        with pytest.raises(PermanentError) as refusal:
            search(Search(order=("StudyDate", "PatientWeight")))
        assert refusal.value.code == "bad_query"


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, "2.1 3.1 1.1 1.2"), ({"Modality": "SR"}, "1.2"), ({"Modality": "D*", "PatientID": "P1"}, "1.1"), ({"SeriesNumber": "2"}, "1.2"), ({"SeriesNumber": "+02"}, "1.2"),
        ({"SeriesInstanceUID": "2.25.1.2,2.25.3.1"}, "3.1 1.2"), ({"StudyInstanceUID": "2.25.1"}, "1.1 1.2"), ({"RequestedProcedureID": "RP2"}, "2.1"),
        ({"ScheduledProcedureStepID": "SPS1*"}, "1.1 1.2"), ({"PerformedProcedureStepStartDate": "20260302-"}, "2.1 3.1"), ({"PerformedProcedureStepStartTime": "1145"}, "2.1 3.1 1.1"),
        ({"PatientName": "schmidt*"}, "3.1"), ({"SeriesInstanceUID": "2.25.9"}, ""),
    ],
)  # fmt: skip
def test_series_are_found_across_studies(vault: Vault, match: dict[str, str], expected: str) -> None:
    assert series(vault, **match) == expected


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({}, "2.1.1 3.1.3 1.1.1 1.1.2 1.2.1"), ({"SOPInstanceUID": "2.25.1.1.2"}, "1.1.2"), ({"SOPClassUID": REPORT}, "1.2.1"), ({"InstanceNumber": "1", "StudyInstanceUID": "2.25.1"}, "1.1.1 1.2.1"),
        ({"Modality": "DX", "PatientID": "P1"}, "1.1.1 1.1.2"), ({"SeriesInstanceUID": "2.25.1.1", "InstanceNumber": "2"}, "1.1.2"), ({"InstanceNumber": "9"}, ""),
    ],
)  # fmt: skip
def test_instances_are_found_across_studies(vault: Vault, match: dict[str, str], expected: str) -> None:
    assert instances(vault, **match) == expected


def test_a_series_says_how_many_instances_it_has(vault: Vault) -> None:
    found = vault.search_series(Search({"PatientID": "P1"}))
    assert [(each.number_of_instances, each.study_key) for each in found] == [(2, "1"), (1, "1")]
    assert found[0].first == HELD[0]
    assert vault.search_instances(Search({"SOPInstanceUID": "2.25.1.1.2"})) == (HELD[1],)


def test_pages_join_up_at_every_level(vault: Vault) -> None:
    for search in (vault.search_studies, vault.search_series, vault.search_instances):
        pages = [each for offset in range(0, 8, 2) for each in search(Search(limit=2, offset=offset))]  # type: ignore[attr-defined]
        assert pages == list(search(Search()))


@pytest.mark.parametrize("match", [{"InstanceNumber": "x"}, {"SeriesNumber": "1.5"}, {"SeriesNumber": "1" * 13}, {"PatientWeight": "1"}])  # fmt: skip
def test_what_cannot_be_matched_is_refused_at_every_level(vault: Vault, match: dict[str, str]) -> None:
    with pytest.raises(PermanentError) as refusal:
        vault.search_instances(Search(match))
    assert refusal.value.code == "bad_query"


def test_a_key_belongs_to_its_level(vault: Vault) -> None:
    for keyword in SERIES_KEYS | INSTANCE_KEYS:
        with pytest.raises(PermanentError):
            vault.search_studies(Search({keyword: "1"}))
    for keyword in INSTANCE_KEYS:
        with pytest.raises(PermanentError):
            vault.search_series(Search({keyword: "1"}))
    assert len(STUDY_KEYS | SERIES_KEYS | INSTANCE_KEYS) == 21


def test_many_studies_are_had_at_once(vault: Vault) -> None:
    found = vault.studies([StudyKey("1"), StudyKey("3"), StudyKey("9")])
    assert found == {StudyKey(key): vault.study(StudyKey(key)) for key in ("1", "3")}
    assert vault.studies([]) == {}


@given(
    name=st.text("MmUuÜüLlEeRr^ =*?~'%", max_size=8),
    time=st.sampled_from(["11", "1130", "113015", "113015.2", "-1130", "12-", "0-1", "-"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_name_and_time_mean_the_same_everywhere(vault: Vault, name: str, time: str) -> None:
    twin = MemoryVault()
    twin.admit(HELD)
    for match, fuzzy in (({"PatientName": name}, True), ({"StudyTime": time}, False)):
        answers = []
        for each in (vault, twin):
            try:
                answers.append(studies(each, Search(match, fuzzy=fuzzy)))
            except PermanentError as refusal:
                answers.append(refusal.code)
        assert answers[0] == answers[1]
