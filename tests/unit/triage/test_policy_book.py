"""Which policy decides, at any time: the saved one in use, else the file; a saved one that is broken never does."""

from dataclasses import replace
from pathlib import Path

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.policy_version import PolicyState, PolicyVersion, policy_sha256
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.policy import BUILT_IN_PATH, DEFAULT_POLICY
from wetread.triage.policy_book import LivePaths, PolicyBook

FILE = DEFAULT_POLICY.read_text("utf-8")
SAVED = FILE.replace('"default-2"', '"north-1"').replace(
    "escalation_paths:\n", "escalation_paths:\n  night: {steps: [{duty: everyone, wait_minutes: 5}]}\n"
)


def saved(text: str = SAVED, **changes: object) -> PolicyVersion:
    version = PolicyVersion(1, "north-1", text, policy_sha256(text), "", PolicyState.ACTIVE, ())
    return replace(version, **changes)  # type: ignore[arg-type]


def keep(database: MemoryDatabase, version: PolicyVersion) -> None:
    with database.begin() as unit:
        unit.save_policy(version)
        unit.commit()


def test_a_saved_version_decides_from_its_commit_on_and_the_file_again_after_it() -> None:
    database = MemoryDatabase()
    book = PolicyBook(database, DEFAULT_POLICY)
    paths = LivePaths(book)
    assert dict(paths) == {BUILT_IN_PATH.name: BUILT_IN_PATH}
    assert (book.deciding().policy.policy_version, book.deciding().number) == ("default-2", None)
    keep(database, saved())
    assert (book.deciding().policy.policy_version, book.deciding().number, book.deciding().problem) == (
        "north-1",
        1,
        "",
    )
    assert "night" in paths
    keep(database, saved(state=PolicyState.REVERTED))
    assert book.deciding().policy.policy_version == "default-2"
    assert "night" not in paths


@pytest.mark.parametrize(
    "broken",
    [saved("{"), saved(sha256="0" * 64), saved(SAVED.replace("schema: 2", "schema: 9"))],
    ids=["no policy", "not what was approved", "of a later release"],
)
def test_a_saved_version_that_is_broken_never_decides_and_it_is_said(broken: PolicyVersion) -> None:
    database = MemoryDatabase()
    keep(database, broken)
    deciding = PolicyBook(database, DEFAULT_POLICY).deciding()
    assert deciding.policy.policy_version == "default-2"
    assert deciding.problem.startswith("saved triage policy 1 cannot decide, the file does: ")


def test_a_file_that_cannot_be_read_is_not_needed_while_a_saved_version_decides(tmp_path: Path) -> None:
    database = MemoryDatabase()
    book = PolicyBook(database, tmp_path / "none.yaml")
    with pytest.raises(PermanentError):
        book.deciding()
    keep(database, saved())
    assert book.deciding().policy.policy_version == "north-1"
