"""The instances that somebody asks us to answer for are kept alike beside every vault, until they are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.contract.conftest import SQL, Templates

from wetread.ports.commitment_vault import AskedCommitment, CommitmentVault
from wetread.storage.commitment_vault import SqlCommitmentVault
from wetread.testing.memory_commitments import MemoryCommitmentVault

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKED = AskedCommitment("2.25.1", (("1.2.9", "2.25.8"), ("1.2.9", "2.25.7"), ("1.2.9", "2.25.8")))


@pytest.fixture(params=["memory", *SQL])
def vault(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[CommitmentVault]:
    if request.param == "memory":
        yield MemoryCommitmentVault()
        return
    with templates.copy(request.param, "vault", tmp_path) as url:
        store = SqlCommitmentVault(url)
        yield store
        store.close()


def test_what_was_asked_comes_back_in_its_order_and_is_replaced(vault: CommitmentVault) -> None:
    shorter = AskedCommitment("2.25.2", ASKED.instances[1:2])
    for each in (ASKED, shorter):
        vault.keep("k", each, NOW)
        vault.keep("other", ASKED, NOW)
        assert vault.find("k") == each
    assert vault.find("other") == ASKED
    assert vault.find("nobody's") is None


def test_as_many_as_one_request_may_name(vault: CommitmentVault) -> None:
    asked = AskedCommitment("2.25.1", tuple(("1.2.9", f"2.25.{n}") for n in range(2000)))
    vault.keep("k", asked, NOW)
    assert vault.find("k") == asked


def test_what_is_forgotten_is_gone_and_the_rest_stays(vault: CommitmentVault) -> None:
    for key in ("a", "b", "c"):
        vault.keep(key, ASKED, NOW)
    vault.forget(["a", "c", "nobody's"])
    vault.forget([])
    assert [vault.find(key) for key in ("a", "b", "c")] == [None, ASKED, None]


def test_the_old_ones_are_found_page_by_page(vault: CommitmentVault) -> None:
    for n, key in enumerate(("c", "a", "b")):
        vault.keep(key, ASKED, NOW + timedelta(seconds=n))
    assert vault.kept_before(NOW) == ()
    assert vault.kept_before(NOW + timedelta(seconds=2)) == ("a", "c")
    assert vault.kept_before(NOW + timedelta(hours=1), limit=2) == ("a", "b")
    assert vault.kept_before(NOW + timedelta(hours=1), after="b") == ("c",)
