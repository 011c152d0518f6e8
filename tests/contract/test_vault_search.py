"""QIDO matching (PS3.18 §8.3.4.1): the same table for every vault."""

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.ports.vault import Search, Vault, VaultInstance
from wetread.testing.builders import a_header, a_vault_instance, an_identity, image_traits
from wetread.testing.memory_vault import MemoryVault

STUDIES = {
    "1": ("P1", "Doe^Jane", "A1", "20260301", ("DX",)),
    "2": ("P2", "DOE^JOHN^^^", "A2", "20260302", ("CR", "SR")),
    "3": ("p1", "Müller^Jürgen", "a1", "20260303", ("DX",)),
    "4": ("P_1", "O'Neil^Pat", "A%", "20251231", ("DX",)),
    "5": ("P[1]", "Doerr^Jan", "A\\1", "", ("DX",)),
    "6": ("", "", "", "20260303", ("",)),
}


def instances_of(
    key: str, patient_id: str, name: str, accession: str, date: str, modalities: Iterable[str]
) -> list[VaultInstance]:
    identity = an_identity(patient_id=patient_id, patient_name=name, accession_number=accession, study_date=date)
    return [
        a_vault_instance(
            study_key=StudyKey(key),
            instance_key=InstanceKey(f"{key}{modality}"),
            header=a_header(
                study_instance_uid=f"2.25.{key}",
                series_instance_uid=f"2.25.{key}.{number}",
                sop_instance_uid=f"2.25.{key}.{number}.1",
                identity=identity,
                traits=image_traits(modality=modality),
            ),
        )
        for number, modality in enumerate(modalities)
    ]


def fill(vault: Vault) -> None:
    vault.admit([each for key, facts in STUDIES.items() for each in instances_of(key, *facts)])


def keys(vault: Vault, match: dict[str, str], *, limit: int = 100, offset: int = 0) -> str:
    return "".join(study.study_key for study in vault.search_studies(Search(match, limit, offset)))


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("PatientID", "P1", "1"),
        ("PatientID", "p1", "3"),
        ("PatientID", "P*", "2145"),
        ("PatientID", "P?1", "4"),
        ("PatientID", "P_1", "4"),
        ("PatientID", "P_*", "4"),
        ("PatientID", "P[1]", "5"),
        ("PatientID", "P[1*", "5"),
        ("PatientID", "?[1]", "5"),
        ("PatientID", "P2 ", ""),
        ("PatientID", "", "632145"),
        ("PatientID", "*", "632145"),
        ("PatientName", "Doe^Jane", "1"),
        ("PatientName", "doe^jane^^", "1"),
        ("PatientName", "Doe^John", "2"),
        ("PatientName", "doe*", "215"),
        ("PatientName", "doe^*", "21"),
        ("PatientName", "*JAN*", "15"),
        ("PatientName", "müller*", "3"),
        ("PatientName", "MÜLLER^JÜRGEN", "3"),
        ("PatientName", "o'neil*", "4"),
        ("PatientName", "Doe^J??e", "1"),
        ("PatientName", "Doe", ""),
        ("PatientName", "' OR 1=1 --", ""),
        ("AccessionNumber", "A1", "1"),
        ("AccessionNumber", "A%", "4"),
        ("AccessionNumber", "A%*", "4"),
        ("AccessionNumber", "A\\1", "5"),
        ("AccessionNumber", "A\\*", "5"),
        ("AccessionNumber", "a*", "3"),
        ("StudyDate", "20260302", "2"),
        ("StudyDate", "20260301-20260302", "21"),
        ("StudyDate", "20260302-", "632"),
        ("StudyDate", "-20260101", "4"),
        ("StudyDate", "19000101", ""),
        ("StudyInstanceUID", "2.25.4", "4"),
        ("StudyInstanceUID", "2.25.4,2.25.1", "14"),
        ("StudyInstanceUID", "2.25.4\\2.25.9", "4"),
        ("StudyInstanceUID", "2.25.", ""),
        ("ModalitiesInStudy", "SR", "2"),
        ("ModalitiesInStudy", "DX", "3145"),
        ("ModalitiesInStudy", "SR,DX", "32145"),
        ("ModalitiesInStudy", "MR", ""),
    ],
)
def test_a_key_matches(vault: Vault, keyword: str, value: str, expected: str) -> None:
    fill(vault)
    assert keys(vault, {keyword: value}) == expected


def test_all_keys_must_match(vault: Vault) -> None:
    fill(vault)
    assert keys(vault, {"PatientName": "doe*", "StudyDate": "20260302-", "ModalitiesInStudy": "CR"}) == "2"
    assert keys(vault, {"PatientName": "doe*", "AccessionNumber": "a1"}) == ""


def test_pages_join_up(vault: Vault) -> None:
    fill(vault)
    assert "".join(keys(vault, {}, limit=2, offset=offset) for offset in (0, 2, 4, 6)) == keys(vault, {}) == "632145"


@pytest.mark.parametrize(
    "match",
    [
        {"StudyDate": "2026"},
        {"StudyDate": "-"},
        {"StudyDate": "20260101-20260102-"},
        {"StudyDate": "2026010*"},
        {"PatientWeight": "70"},
        {"SeriesNumber": "1"},
        {"StudyTime": "25:00"},
        {"StudyTime": "1"},
        {"PatientBirthDate": "1970*"},
        {"study_key": "1"},
    ],
)
def test_what_cannot_be_matched_is_refused(vault: Vault, match: dict[str, str]) -> None:
    fill(vault)
    with pytest.raises(PermanentError) as refusal:
        vault.search_studies(Search(match))
    assert refusal.value.code == "bad_query"


def test_found_studies_are_whole(vault: Vault) -> None:
    fill(vault)
    (found,) = vault.search_studies(Search({"PatientID": "P2"}))
    assert found == vault.study(StudyKey("2"))
    assert (found.modalities, found.number_of_instances, found.number_of_series) == (("CR", "SR"), 2, 2)


@given(
    keyword=st.sampled_from(["PatientID", "PatientName", "AccessionNumber"]),
    value=st.text("Pp1DdOoEeAa%_[]\\^ '*?ü", max_size=6),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_pattern_means_the_same_everywhere(vault: Vault, keyword: str, value: str) -> None:
    twin = MemoryVault()
    for each in (vault, twin):
        fill(each)
    assert keys(vault, {keyword: value}) == keys(twin, {keyword: value})
