"""The vault: who a study belongs to, never mixed up."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from wetread.domain.errors import PermanentError, StudyNotFound
from wetread.domain.identifiers import InstanceKey, StudyKey
from wetread.domain.study import InstanceHeader, Sex
from wetread.ports.vault import Search, Vault, VaultInstance
from wetread.testing.builders import STUDY_KEY, a_header, a_vault_instance, an_identity, image_traits


def instance_of(
    study: str, number: int = 1, *, series: int = 1, modality: str = "DX", **identity: str
) -> VaultInstance:
    """Instance `number` of the study whose key and UID end in `study`."""
    header = a_header(
        study_instance_uid=f"2.25.{study}",
        series_instance_uid=f"2.25.{study}.{series}",
        sop_instance_uid=f"2.25.{study}.{series}.{number}",
        identity=an_identity(**identity),
        traits=image_traits(modality=modality),
    )
    key = f"{study}/{series}/{number}"
    return a_vault_instance(study_key=StudyKey(study), instance_key=InstanceKey(key), header=header)


def test_an_instance_comes_back_with_its_whole_header(vault: Vault) -> None:
    identity = an_identity(patient_name="Müller^Jürgen=山田^太郎", patient_sex=Sex.UNKNOWN)
    traits = image_traits(pixel_spacing_mm=None, patient_orientation=(), image_type=("DERIVED", "SECONDARY", ""))
    header = a_header(identity=identity, traits=traits, patient_age_years=None, specific_character_set=("ISO_IR 192",))
    instance = a_vault_instance(header=header)
    vault.admit([instance])
    assert vault.instances(STUDY_KEY) == (instance,)
    assert vault.study(STUDY_KEY).identity == identity


def test_text_that_no_database_likes_is_kept(vault: Vault) -> None:
    identity = an_identity(patient_name="nul\0 and \ud800", accession_number="\0'; DROP TABLE studies; --")
    vault.admit([a_vault_instance(header=a_header(identity=identity))])
    assert vault.study(STUDY_KEY).identity == identity


def test_admitting_again_changes_nothing(vault: Vault) -> None:
    first = a_vault_instance()
    later = replace(first, content_sha256="f" * 64, header=replace(first.header, station_name="ROOM2"))
    vault.admit([first])
    vault.admit([first, later])
    vault.admit([])
    assert vault.instances(STUDY_KEY) == (first,)
    assert vault.study(STUDY_KEY).number_of_instances == 1


def test_a_study_knows_its_series_instances_and_modalities(vault: Vault) -> None:
    vault.admit(
        [instance_of("1", 1), instance_of("1", 2), instance_of("1", 1, series=2, modality="CR"), instance_of("2")]
    )
    study = vault.study(StudyKey("1"))
    assert (study.modalities, study.number_of_series, study.number_of_instances) == (("CR", "DX"), 2, 3)
    assert [each.header.sop_instance_uid for each in vault.instances(StudyKey("1"))] == [
        "2.25.1.1.1",
        "2.25.1.1.2",
        "2.25.1.2.1",
    ]


def test_many_are_named_at_once(vault: Vault) -> None:
    vault.admit([instance_of(f"{n}", number, patient_id=f"P{n}") for n in range(1, 701) for number in (1, 2)][:900])
    found = vault.identities([StudyKey(f"{n}") for n in range(440, 1400)])
    assert {key: who.patient_id for key, who in found.items()} == {f"{n}": f"P{n}" for n in range(440, 451)}
    assert vault.identities([]) == {}


def test_an_unknown_study_is_not_found(vault: Vault) -> None:
    with pytest.raises(StudyNotFound):
        vault.study(STUDY_KEY)
    assert (vault.instances(STUDY_KEY), vault.priors(STUDY_KEY)) == ((), ())


@pytest.mark.parametrize("other", [{"patient_id": "PAT002"}, {"issuer_of_patient_id": "CLINIC"}, {"patient_id": ""}])
@pytest.mark.parametrize("at_once", [False, True])
def test_a_study_is_never_given_to_another_patient(vault: Vault, other: dict[str, str], at_once: bool) -> None:
    mine, theirs, innocent = instance_of("1"), instance_of("1", 2, **other), instance_of("2")
    calls = [[mine, theirs, innocent]] if at_once else [[mine], [innocent, theirs]]
    for harmless in calls[:-1]:
        vault.admit(harmless)
    with pytest.raises(PermanentError) as refusal:
        vault.admit(calls[-1])
    assert refusal.value.code == "identity_conflict"
    assert "PAT" not in str(refusal.value)
    assert len(vault.instances(StudyKey("1"))) == (0 if at_once else 1)
    assert vault.instances(StudyKey("2")) == ()


def test_an_instance_is_never_moved_to_another_study(vault: Vault) -> None:
    first = instance_of("1")
    vault.admit([first])
    with pytest.raises(PermanentError) as refusal:
        vault.admit([replace(instance_of("2"), instance_key=first.instance_key)])
    assert refusal.value.code == "identity_conflict"
    assert vault.search_studies(Search()) == (vault.study(StudyKey("1")),)


def test_of_two_patients_racing_for_a_study_one_gets_it(vault: Vault) -> None:
    def admit(number: int) -> str:
        try:
            vault.admit([instance_of("1", number, patient_id=f"PAT{number % 2}")])
        except PermanentError as refusal:
            return refusal.code
        return "stored"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(admit, range(16)))
    assert sorted(outcomes) == ["identity_conflict"] * 8 + ["stored"] * 8
    assert {each.header.identity for each in vault.instances(StudyKey("1"))} == {vault.study(StudyKey("1")).identity}


def test_many_instances_are_admitted_at_once(vault: Vault) -> None:
    vault.admit([instance_of(str(study), number) for number in (2, 1) for study in range(600)])
    assert len(vault.search_studies(Search(limit=1000))) == 600
    assert vault.study(StudyKey("599")).number_of_instances == 2


def test_priors_are_the_same_patients_other_studies_newest_first(vault: Vault) -> None:
    days = {"old": "20200101", "new": "20260101", "now": "20260302", "mid": "20230101"}
    vault.admit([instance_of(study, study_date=date) for study, date in days.items()])
    vault.admit([instance_of("ann", patient_id="PAT002"), instance_of("far", issuer_of_patient_id="CLINIC")])
    assert vault.priors(StudyKey("now")) == ("new", "mid", "old")


def test_patients_without_an_id_are_not_each_others_priors(vault: Vault) -> None:
    vault.admit([instance_of("1", patient_id=""), instance_of("2", patient_id="")])
    assert vault.priors(StudyKey("1")) == ()


def test_an_instance_is_found_only_in_its_place(vault: Vault) -> None:
    instance = a_vault_instance()
    vault.admit([instance])
    place = _place(instance.header)
    assert vault.find_instance(*place) == instance
    for level in range(3):
        assert vault.find_instance(*place[:level], "2.25.9", *place[level + 1 :]) is None


def _place(header: InstanceHeader) -> tuple[str, str, str]:
    return header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid


def test_a_dropped_study_is_gone_with_its_words_and_the_others_stay(vault: Vault) -> None:
    vault.admit([instance_of("1", 1), instance_of("1", 2), instance_of("2")])
    vault.drop(StudyKey("1"))
    vault.drop(StudyKey("1"))
    with pytest.raises(StudyNotFound):
        vault.study(StudyKey("1"))
    assert vault.instances(StudyKey("1")) == ()
    assert [each.study_key for each in vault.search_studies(Search({"PatientName": "doe jane"}, fuzzy=True))] == ["2"]
    vault.admit([instance_of("1", 1)])
    assert vault.study(StudyKey("1")).number_of_instances == 1
