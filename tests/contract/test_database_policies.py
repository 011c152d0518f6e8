"""Saved triage policies: their text is written once, and one of them at most decides."""

from dataclasses import replace

import pytest

from wetread.domain.errors import PermanentError
from wetread.domain.policy_version import PolicyAct, PolicyState, PolicyVersion, policy_sha256
from wetread.domain.role import Role
from wetread.ports.database import Database
from wetread.testing.builders import NOON

ACT = PolicyAct("propose", "quinn", Role.QUALITY, NOON, "zu viele Rufe ❦")
ONE = PolicyVersion(1, "north-1", "schema: 2\n", policy_sha256("schema: 2\n"), "b" * 64, PolicyState.PROPOSED, (ACT,))
TWO = replace(ONE, number=2, state=PolicyState.ACTIVE, replaced=1)


def save(database: Database, *versions: PolicyVersion) -> None:
    with database.begin() as uow:
        for each in versions:
            uow.save_policy(each)
        uow.commit()


def test_versions_come_back_newest_first_and_one_is_active(database: Database) -> None:
    with database.begin(write=False) as uow:
        assert (uow.policies(), uow.policy(1), uow.active_policy()) == ((), None, None)
    save(database, ONE, TWO)
    with database.begin(write=False) as uow:
        assert uow.policies() == (TWO, ONE)
        assert uow.policies(1) == (TWO,)
        assert (uow.policy(1), uow.policy(3), uow.active_policy()) == (ONE, None, TWO)
    save(database, replace(TWO, state=PolicyState.REVERTED))
    with database.begin(write=False) as uow:
        assert uow.active_policy() is None


def test_two_never_decide_and_a_text_never_changes(database: Database) -> None:
    save(database, ONE, TWO)
    with pytest.raises(PermanentError):
        save(database, replace(ONE, state=PolicyState.ACTIVE))
    save(database, replace(ONE, text="other", sha256=policy_sha256("other")))
    with database.begin(write=False) as uow:
        assert (uow.policy(1), uow.active_policy()) == (ONE, TWO)
