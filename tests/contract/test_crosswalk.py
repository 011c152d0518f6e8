"""The crosswalk of research exports: begun once, remembered durably, gone with the study."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract.conftest import SQL
from contract.test_vault_erasure import FIRST, JANE, JOHN, NAME, OTHER, a_film

from wetread.domain.erasure import Leftovers
from wetread.domain.errors import StudyNotFound
from wetread.domain.identifiers import StudyKey
from wetread.ports.crosswalk import Crosswalk, CrosswalkEntry, ResearchExport
from wetread.ports.vault import Vault
from wetread.ports.vault_eraser import VaultEraser
from wetread.storage.crosswalk import SqlCrosswalk
from wetread.storage.vault import SqlVault
from wetread.storage.vault_erasure import SqlVaultEraser
from wetread.testing.memory_crosswalk import MemoryCrosswalk
from wetread.testing.memory_erasure import MemoryVaultEraser
from wetread.testing.memory_orders import MemoryOrderStore
from wetread.testing.memory_vault import MemoryVault

if TYPE_CHECKING:
    from contract.conftest import Templates

EXPORT = ResearchExport("lungs", bytes(range(32)), ("clean-pixels", "shift-dates"))


@dataclass
class Shelf:
    vault: Vault
    eraser: VaultEraser
    crosswalk: Crosswalk


@pytest.fixture(params=["memory", *SQL])
def shelf(request: pytest.FixtureRequest, templates: "Templates", tmp_path: Path) -> Iterator[Shelf]:
    if request.param == "memory":
        vault = MemoryVault()
        yield Shelf(vault, MemoryVaultEraser(vault, MemoryOrderStore(vault)), MemoryCrosswalk(vault))
        return
    with templates.copy(request.param, "vault", tmp_path) as url:
        made = SqlVault(url), SqlVaultEraser(url), SqlCrosswalk(url)
        yield Shelf(*made)
        for each in made:
            each.close()


def test_an_export_is_as_it_was_begun(shelf: Shelf) -> None:
    assert shelf.crosswalk.begun(EXPORT) == EXPORT
    assert shelf.crosswalk.begun(ResearchExport("lungs", bytes(32), ())) == EXPORT
    assert shelf.crosswalk.begun(ResearchExport("others", bytes(32), ())).key == bytes(32)
    assert "00010203" not in repr(EXPORT)


def test_entries_are_remembered_by_export_and_go_with_their_study(shelf: Shelf) -> None:
    shelf.vault.admit([a_film(FIRST, JANE, NAME, "ACC-1"), a_film(OTHER, JOHN, "Doe^John", "ACC-3")])
    first, other = CrosswalkEntry(FIRST, "P-1", "2.25.1"), CrosswalkEntry(OTHER, "P-2", "2.25.2")
    for name in ("lungs", "hearts"):
        shelf.crosswalk.begun(ResearchExport(name, bytes(32), ()))
        for each in (other, first, first):
            shelf.crosswalk.remember(name, each)
    assert shelf.crosswalk.entries("lungs") == (first, other)
    shelf.eraser.erase(FIRST, Leftovers((), (), (), ()), whole_patient=False)
    assert shelf.crosswalk.entries("lungs") == shelf.crosswalk.entries("hearts") == (other,)
    assert shelf.crosswalk.entries("nowhere") == ()
    with pytest.raises(StudyNotFound):
        shelf.crosswalk.remember("lungs", CrosswalkEntry(StudyKey("first"), "P-1", "2.25.1"))
