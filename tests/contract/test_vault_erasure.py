"""Removing a study from the vault: everything of it, nothing of others, no byte left in the files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract.conftest import SQL
from contract.test_snippet_erasure import analyse, files_of
from sqlalchemy import inspect

from wetread.domain.erasure import Leftovers
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import InstanceKey, SeriesInstanceUID, SOPInstanceUID, StudyInstanceUID, StudyKey
from wetread.domain.order import Merge, Order, PatientNumber, Person
from wetread.ports.commitment_vault import AskedCommitment, CommitmentVault
from wetread.ports.order_store import OrderStore
from wetread.ports.vault import Vault, VaultInstance
from wetread.ports.vault_eraser import VaultEraser
from wetread.ports.workitem_vault import VaultWorkitem, WorkitemVault
from wetread.storage.commitment_vault import SqlCommitmentVault
from wetread.storage.engine import make_engine
from wetread.storage.orders import SqlOrderStore
from wetread.storage.vault import SqlVault
from wetread.storage.vault_erasure import TELLS_OF_NO_STUDY, WITH_WHAT_WAS_SAID, SqlVaultEraser
from wetread.storage.workitem_vault import SqlWorkitemVault
from wetread.testing.builders import NOON, a_header, an_identity
from wetread.testing.memory_commitments import MemoryCommitmentVault
from wetread.testing.memory_erasure import MemoryVaultEraser
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault
from wetread.testing.memory_workitems import MemoryWorkitemVault

if TYPE_CHECKING:
    from contract.conftest import Templates

FIRST, SECOND, OTHER = map(StudyKey, ("first", "second", "other"))
JANE, JOHN, OLD = PatientNumber("PAT-JANE", "H"), PatientNumber("PAT-JOHN", "H"), PatientNumber("OLD-JANE", "H")
NAME = "Unforgettable^Jane"


@dataclass
class Shelf:
    vault: Vault
    orders: OrderStore
    eraser: VaultEraser
    workitems: WorkitemVault
    commitments: CommitmentVault
    url: str = ""


@pytest.fixture(params=["memory", *SQL])
def shelf(request: pytest.FixtureRequest, templates: "Templates", tmp_path: Path) -> Iterator[Shelf]:
    if request.param == "memory":
        vault = MemoryVault()
        orders = MemoryOrderStore(vault)
        workitems, commitments = MemoryWorkitemVault(), MemoryCommitmentVault()
        eraser = MemoryVaultEraser(vault, orders, workitems, commitments)
        yield Shelf(vault, orders, eraser, workitems, commitments)
        return
    with _on_disk(request.param, templates, tmp_path) as made:
        yield made


@pytest.fixture(params=SQL)
def sql_shelf(request: pytest.FixtureRequest, templates: "Templates", tmp_path: Path) -> Iterator[Shelf]:
    with _on_disk(request.param, templates, tmp_path) as made:
        yield made


@contextmanager
def _on_disk(engine: str, templates: "Templates", folder: Path) -> Iterator[Shelf]:
    with templates.copy(engine, "vault", folder) as url:
        made = SqlVault(url), SqlOrderStore(url), SqlVaultEraser(url), SqlWorkitemVault(url), SqlCommitmentVault(url)
        yield Shelf(*made, url)
        for each in made:
            each.close()


def a_film(key: StudyKey, number: PatientNumber, name: str, accession: str, at: int = 1) -> VaultInstance:
    uid = f"1.2.{sum(key.encode())}"
    identity = an_identity(
        patient_id=number.patient_id,
        issuer_of_patient_id=number.issuer_of_patient_id,
        patient_name=name,
        accession_number=accession,
    )
    header = replace(
        a_header(identity=identity, study_instance_uid=StudyInstanceUID(uid)),
        series_instance_uid=SeriesInstanceUID(f"{uid}.1"),
        sop_instance_uid=SOPInstanceUID(f"{uid}.1.{at}"),
    )
    return VaultInstance(InstanceKey(f"{key}-{at}"), key, f"{at}" * 64, header)


def fill(shelf: Shelf) -> None:
    """Jane has two studies, the first under a number that was merged; John has one."""
    shelf.vault.admit([a_film(FIRST, OLD, NAME, "ACC-1"), a_film(FIRST, OLD, NAME, "ACC-1", 2)])
    shelf.vault.admit([a_film(SECOND, JANE, NAME, "ACC-2"), a_film(OTHER, JOHN, "Doe^John", "ACC-3")])
    for key, number, accession in (
        ("o1", OLD, "ACC-1"),
        ("o2", JANE, "ACC-2"),
        ("o9", JANE, ""),
        ("o3", JOHN, "ACC-3"),
    ):
        shelf.orders.keep_order(Order(key, accession, Person(number, NAME if number != JOHN else "Doe^John"), NOON))
    shelf.orders.keep_claim("claim-first", Person(OLD, NAME))
    shelf.orders.keep_claim("claim-other", Person(JOHN, "Doe^John"))
    shelf.orders.merge(Merge("merge", OLD, JANE, NOON))


def erase(shelf: Shelf, key: StudyKey, *, whole_patient: bool = False) -> dict[str, int]:
    return shelf.eraser.erase(key, Leftovers((), (f"claim-{key}",), (), ()), whole_patient=whole_patient)


def test_one_study_goes_with_what_was_said_for_it(shelf: Shelf) -> None:
    fill(shelf)
    assert shelf.eraser.numbers(FIRST) == (JANE, OLD)
    counts = erase(shelf, FIRST)
    assert (counts["instances"], counts["orders"], counts["identity_claims"]) == (2, 1, 1)
    with pytest.raises(StudyNotFound):
        shelf.vault.study(FIRST)
    assert shelf.vault.instances(FIRST) == ()
    assert (shelf.orders.order("o1"), shelf.orders.claim("claim-first")) == (None, None)
    assert shelf.orders.merges()[0].study_keys == ()
    assert shelf.eraser.numbers(FIRST) == ()
    assert erase(shelf, FIRST) == {}


def test_others_stay_as_they_were(shelf: Shelf) -> None:
    fill(shelf)
    erase(shelf, FIRST)
    assert shelf.vault.study(SECOND).identity.patient_name == NAME
    assert shelf.vault.priors(SECOND) == ()
    assert shelf.vault.study(OTHER).identity.patient_name == "Doe^John"
    assert [shelf.orders.order(key) is not None for key in ("o2", "o9", "o3")] == [True, True, True]
    assert shelf.orders.claim("claim-other") is not None
    assert len(shelf.orders.merges()) == 1


def test_what_was_asked_for_goes_by_its_keys_and_is_found_by_what_it_names(shelf: Shelf) -> None:
    fill(shelf)
    uid = shelf.vault.study(FIRST).study_instance_uid
    for key, body, patient in (
        ("names-study", f'["{uid}"]', "NOBODY"),
        ("of-patient", "[]", "PAT-JANE"),
        ("other", f'["{uid}0"]', "PAT-JOHN"),
    ):
        shelf.workitems.keep(VaultWorkitem(key, 1, f"2.25.{len(key)}", body, (("PatientID", patient),), ""))
    assert shelf.eraser.workitems(FIRST, whole_patient=False) == ("names-study",)
    assert shelf.eraser.workitems(FIRST, whole_patient=True) == ("names-study", "of-patient")
    shelf.eraser.erase(FIRST, Leftovers((), (), ("names-study",), ("o9",)), whole_patient=False)
    assert [shelf.workitems.find(key, 1) is not None for key in ("names-study", "of-patient", "other")] == [
        False,
        True,
        True,
    ]
    assert (shelf.orders.order("o9"), shelf.orders.order("o2") is not None) == (None, True)
    assert shelf.eraser.workitems(FIRST, whole_patient=True) == ()


def test_what_was_asked_about_a_film_of_it_goes_whole(shelf: Shelf) -> None:
    """A list that lacks some would be answered as if nobody had asked for these."""
    fill(shelf)
    uids = {key: shelf.vault.instances(key)[0].header.sop_instance_uid for key in (FIRST, SECOND, OTHER)}
    for name, keys in (("both", (OTHER, FIRST)), ("others", (OTHER, SECOND))):
        asked = AskedCommitment("2.25.1", tuple(("1.2.9", str(uids[key])) for key in keys))
        shelf.commitments.keep(name, asked, NOON)
    assert erase(shelf, FIRST)["commitment_references"] == 2
    assert shelf.commitments.find("both") is None
    assert shelf.commitments.find("others") is not None


def test_an_accession_number_of_two_studies_keeps_its_order_until_the_last(shelf: Shelf) -> None:
    shelf.vault.admit([a_film(FIRST, JANE, NAME, "ACC-1"), a_film(SECOND, JANE, NAME, "ACC-1")])
    shelf.orders.keep_order(Order("o1", "ACC-1", Person(JANE, NAME), NOON))
    assert "orders" not in erase(shelf, FIRST)
    assert shelf.orders.order("o1") is not None
    assert erase(shelf, SECOND)["orders"] == 1


def test_a_whole_patient_goes_with_orders_and_merges_once_no_study_is_left(shelf: Shelf) -> None:
    fill(shelf)
    erase(shelf, FIRST, whole_patient=True)
    assert shelf.orders.order("o9") is not None, "Jane has a study yet"
    erase(shelf, SECOND, whole_patient=True)
    assert [shelf.orders.order(key) for key in ("o1", "o2", "o9")] == [None, None, None]
    assert shelf.orders.merges() == ()
    assert shelf.orders.order("o3") is not None


def test_no_byte_of_a_patient_remains_in_the_files(sql_shelf: Shelf, request: pytest.FixtureRequest) -> None:
    fill(sql_shelf)
    analyse(sql_shelf.url)
    words = ["unforgettable", "OLD-JANE", "PAT-JANE", "ACC-1", "ACC-2", f"1.2.{sum(FIRST.encode())}"]

    def found() -> list[str]:
        files = files_of(sql_shelf.url, request, "postgres")
        content = b"".join(each.read_bytes() for each in files).lower()
        return [each for each in words if each.lower().encode() in content]

    assert found() == words
    for key in (FIRST, SECOND):
        erase(sql_shelf, key, whole_patient=True)
    sql_shelf.eraser.rewrite()
    assert found() == []
    assert sql_shelf.vault.study(OTHER).identity.patient_name == "Doe^John"


def test_every_table_of_the_real_vault_is_known_to_the_erasure(sql_shelf: Shelf) -> None:
    engine = make_engine(sql_shelf.url)
    there = set(inspect(engine).get_table_names()) - {"vault_schema_version"}
    by_study = {
        name for name in there if any(each["name"] == "study_key" for each in inspect(engine).get_columns(name))
    }
    engine.dispose()
    said = (set(WITH_WHAT_WAS_SAID), set(TELLS_OF_NO_STUDY), by_study)
    assert there == set().union(*said)
    assert sum(map(len, said)) == len(there), "a table is said to be two things"
