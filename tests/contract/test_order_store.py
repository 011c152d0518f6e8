"""What the hospital said is kept alike by every store, and a merge moves studies in the vault beside it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.contract.conftest import SQL, Templates

from wetread.domain.errors import PermanentError
from wetread.domain.finding import Code
from wetread.domain.identifiers import InstanceKey, SOPInstanceUID, StudyInstanceUID, StudyKey
from wetread.domain.order import Merge, Order, OrderStatus, PatientNumber, Person, number_of
from wetread.domain.priority import Priority
from wetread.domain.study import Indication, Sex
from wetread.ports.order_store import Answered, OrderStore
from wetread.ports.vault import Search, Vault, VaultInstance
from wetread.storage.orders import SqlOrderStore
from wetread.storage.vault import SqlVault
from wetread.testing.builders import a_header, a_vault_instance, an_identity
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PRIOR, SURVIVING = PatientNumber("OLD", "HOSPITAL"), PatientNumber("NEW", "HOSPITAL")
ORDER = Order(
    "o1", "ACC1", Person(PRIOR, "Müller^Änne", "19700102", Sex.FEMALE), NOW, OrderStatus.ACTIVE, Priority.STAT,
    Indication("Cough", (Code("R05", "I10", "Cough"),)), Code("30745-4", "LN", "XR Chest Views"),
)  # fmt: skip
MERGE = Merge("m1", PRIOR, SURVIVING, NOW)


@pytest.fixture(params=["memory", *SQL])
def kept(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[tuple[OrderStore, Vault]]:
    if request.param == "memory":
        vault = MemoryVault()
        yield MemoryOrderStore(vault), vault
        return
    with templates.copy(request.param, "vault", tmp_path) as url:
        store, sql = SqlOrderStore(url), SqlVault(url)
        yield store, sql
        store.close()
        sql.close()


def film(number: PatientNumber, study: int, instance: int = 1) -> VaultInstance:
    identity = an_identity(patient_id=number.patient_id, issuer_of_patient_id=number.issuer_of_patient_id)
    header = a_header(
        study_instance_uid=StudyInstanceUID(f"2.25.{study}"),
        sop_instance_uid=SOPInstanceUID(f"2.25.{study}.{instance}"),
        identity=identity,
    )
    return a_vault_instance(header=header, study_key=key(study), instance_key=InstanceKey(f"i{study}-{instance}"))


def key(study: int) -> StudyKey:
    return StudyKey(f"s{study}")


def test_an_order_comes_back_as_it_was_kept(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    assert store.keep_order(ORDER)
    assert (store.order("o1"), store.orders_of("ACC1")) == (ORDER, (ORDER,))
    assert (store.order("other"), store.orders_of("ACC"), store.orders_of("")) == (None, (), ())


def test_an_older_message_never_overrules_a_newer_one(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    newer = replace(ORDER, said_at=NOW + timedelta(seconds=1), status=OrderStatus.CANCELLED, accession_number="ACC2")
    assert [store.keep_order(each) for each in (ORDER, newer, ORDER, newer)] == [True, True, False, True]
    assert store.order("o1") == newer
    assert (store.orders_of("ACC1"), store.orders_of("ACC2")) == ((), (newer,))


def test_orders_of_an_accession_are_the_newest_first_and_no_pattern(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    later = replace(ORDER, order_key="o2", said_at=NOW + timedelta(hours=1))
    for each in (ORDER, later, replace(ORDER, order_key="o3", accession_number="*")):
        store.keep_order(each)
    assert [each.order_key for each in store.orders_of("ACC1")] == ["o2", "o1"]
    assert [each.order_key for each in store.orders_of("*")] == ["o3"]


def test_an_answer_is_remembered_for_its_sender(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    answer = Answered("RIS^H", "1", "d", "accept", "", NOW)
    store.remember(answer)
    again = replace(answer, digest="e", answered_at=NOW + timedelta(days=40))
    assert (store.answered("RIS^H", "1"), store.answered("RIS^H", "2"), store.answered("HIS^H", "1")) == (
        answer,
        None,
        None,
    )
    store.remember(again)
    assert store.answered("RIS^H", "1") == again


def test_the_first_claim_stays(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    store.keep_claim("h", ORDER.person)
    store.keep_claim("h", Person(SURVIVING))
    assert (store.claim("h"), store.claim("other")) == (ORDER.person, None)


def test_a_merge_moves_the_studies_of_exactly_that_number(kept: tuple[OrderStore, Vault]) -> None:
    store, vault = kept
    others = [PatientNumber("OLD", ""), PatientNumber("OLD", "ELSEWHERE"), PatientNumber("OLD2", "HOSPITAL"), SURVIVING]
    vault.admit([film(PRIOR, 1), film(PRIOR, 2), *(film(each, 10 + n) for n, each in enumerate(others))])
    merged = store.merge(MERGE)
    assert merged.study_keys == (key(1), key(2))
    assert {number_of(vault.study(key(each)).identity) for each in (1, 2)} == {SURVIVING}
    assert [number_of(vault.study(key(10 + n)).identity) for n in range(4)] == others
    assert vault.identities([key(1)])[key(1)].patient_id == "NEW"
    assert set(vault.priors(key(1))) == {key(2), key(13)}
    assert [each.study_key for each in vault.search_studies(Search({"PatientID": "OLD"}))] != [key(1)]
    assert {each.header.identity.patient_id for each in vault.instances(key(1))} == {"OLD"}


def test_a_merge_that_comes_again_moves_what_has_come_since_and_tells_all(kept: tuple[OrderStore, Vault]) -> None:
    store, vault = kept
    vault.admit([film(PRIOR, 1)])
    store.merge(MERGE)
    vault.admit([film(PRIOR, 2)])
    assert store.merge(MERGE).study_keys == (key(1), key(2))
    assert store.merge(MERGE).study_keys == (key(1), key(2))
    assert store.merges(of=PRIOR) == (replace(MERGE, study_keys=(key(1), key(2))),)
    assert store.merges(of=SURVIVING) == ()


def test_late_films_of_a_moved_study_are_taken_under_either_number_and_no_third(kept: tuple[OrderStore, Vault]) -> None:
    store, vault = kept
    vault.admit([film(PRIOR, 1)])
    store.merge(MERGE)
    vault.admit([film(PRIOR, 1, 2), film(SURVIVING, 1, 3)])
    with pytest.raises(PermanentError) as caught:
        vault.admit([film(PatientNumber("THIRD", "HOSPITAL"), 1, 4)])
    assert caught.value.code == "identity_conflict"
    assert len(vault.instances(key(1))) == 3
    assert number_of(vault.study(key(1)).identity) == SURVIVING


def test_an_undone_merge_moves_back_what_it_moved_and_nothing_else(kept: tuple[OrderStore, Vault]) -> None:
    store, vault = kept
    vault.admit([film(PRIOR, 1), film(PRIOR, 2), film(SURVIVING, 3)])
    store.merge(MERGE)
    store.merge(Merge("m2", SURVIVING, PatientNumber("THIRD", "H"), NOW))
    with pytest.raises(PermanentError) as caught:
        store.undo_merge("unknown", NOW)
    assert caught.value.code == "no_merge"
    assert store.undo_merge("m1", NOW).study_keys == ()
    assert store.undo_merge("m2", NOW).study_keys == (key(1), key(2), key(3))
    assert number_of(vault.study(key(3)).identity) == SURVIVING
    with pytest.raises(PermanentError) as caught:
        store.undo_merge("m2", NOW)
    assert caught.value.code == "merge_undone"
    assert store.merges(of=SURVIVING) == ()
    assert {each.undone_at for each in store.merges()} == {NOW}
    assert store.merge(MERGE).study_keys == ()


def test_a_patient_without_a_number_is_nobody(kept: tuple[OrderStore, Vault]) -> None:
    store, vault = kept
    vault.admit([film(PatientNumber(""), 1)])
    assert store.merge(Merge("m", PatientNumber(""), SURVIVING, NOW)).study_keys == ()


def test_old_orders_are_listed_by_key_and_removed_unless_said_anew(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    day = timedelta(days=1)
    for number in range(4):
        store.keep_order(replace(ORDER, order_key=f"o{number}", said_at=NOW - number * day))
    assert [each.order_key for each in store.orders_before(NOW)] == ["o1", "o2", "o3"]
    assert [each.order_key for each in store.orders_before(NOW, after="o1", limit=1)] == ["o2"]
    store.keep_order(replace(ORDER, order_key="o2", said_at=NOW))
    assert store.remove_orders(["o1", "o2", "o9"], NOW) == 1
    assert [each.order_key for each in store.orders_of("ACC1")] == ["o0", "o2", "o3"]


def test_an_answer_that_was_forgotten_is_not_known(kept: tuple[OrderStore, Vault]) -> None:
    store, _ = kept
    for number in range(2):
        store.remember(Answered("ris", f"c{number}", "d", "accept", "", NOW - timedelta(days=number)))
    assert (store.forget_answers(NOW), store.forget_answers(NOW)) == (1, 0)
    assert store.answered("ris", "c1") is None
    assert store.answered("ris", "c0") is not None
