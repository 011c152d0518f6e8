"""Accounts: who may change them, what nobody may, and what ends with them."""

from datetime import timedelta

import pytest

from wetread.domain.errors import NotPermitted, PermanentError
from wetread.domain.role import CONSOLE, PERMITTED, Act, Actor, Role
from wetread.governance.account_desk import AccountDesk
from wetread.governance.external_accounts import NO_PASSWORD
from wetread.ports.database import Account, Session
from wetread.ports.identity_store import ExternalIdentity
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase

ROOT, SECOND, READER = Actor("root", Role.ADMIN), Actor("second", Role.ADMIN), Actor("ann", Role.RADIOLOGIST, "Dr. Ann")


def hashed(password: str) -> str:
    if len(password) < 12:
        raise PermanentError("too short", code="weak_password")
    return f"hash of {password}"


def a_desk(*actors: Actor) -> AccountDesk:
    desk = AccountDesk(MemoryDatabase(), FixedClock(), hashed)
    with desk.database.begin() as unit:
        for actor in actors:
            unit.save_account(Account(actor, "hash"))
            for number, hours in enumerate((1, -1)):
                ends = desk.clock.now() + timedelta(hours=hours)
                unit.save_session(Session(f"{actor.actor_id}{number}".ljust(64, "0"), actor.actor_id, ends))
        unit.commit()
    return desk


def account(desk: AccountDesk, actor_id: str) -> Account:
    with desk.database.begin(write=False) as unit:
        found = unit.account(actor_id)
    assert found is not None
    return found


def acts(desk: AccountDesk) -> list[tuple[str, str, dict[str, str]]]:
    events = [each.event for each in desk.database.audit_records()]
    return [(each.actor_id, each.action, dict(each.detail)) for each in events]


def test_a_new_account_is_hashed_audited_and_never_replaces_another() -> None:
    desk = a_desk(ROOT)
    desk.add(ROOT, READER, "a long password")
    assert account(desk, "ann") == Account(READER, "hash of a long password")
    assert acts(desk) == [("root", "account.save", {"account": "ann", "role": "radiologist"})]
    with pytest.raises(PermanentError, match="there is an account ann already"):
        desk.add(ROOT, READER, "another password")
    with pytest.raises(PermanentError, match="there is an account ann already"):
        desk.add(ROOT, READER, "another password", may_replace=True)
    desk.add(CONSOLE, Actor("ann", Role.RESIDENT), "the way back in", may_replace=True)
    assert account(desk, "ann").actor.role is Role.RESIDENT


def test_losing_role_password_or_account_ends_every_session() -> None:
    desk = a_desk(ROOT, READER)
    desk.set_role(ROOT, "ann", Role.RESIDENT)
    assert [each.actor_id for each in desk.sessions(ROOT)] == ["root"]
    assert acts(desk)[-1] == (
        "root", "account.role", {"account": "ann", "before": "radiologist", "role": "resident", "sessions_ended": "2"},
    )  # fmt: skip
    desk.set_password(ROOT, "ann", "something else")
    desk.set_disabled(ROOT, "ann", disabled=True)
    assert account(desk, "ann").disabled
    desk.set_disabled(ROOT, "ann", disabled=False)
    assert [action for _, action, _ in acts(desk)[1:]] == ["account.password", "account.disable", "account.enable"]


def test_the_same_role_again_is_no_act() -> None:
    desk = a_desk(ROOT, READER)
    desk.set_role(ROOT, "ann", Role.RADIOLOGIST)
    assert (acts(desk), len(desk.sessions(ROOT))) == ([], 2)


def test_nobody_changes_their_own_role_or_locks_themselves_out() -> None:
    desk = a_desk(ROOT, SECOND)
    for change in (
        lambda: desk.set_role(ROOT, "root", Role.RADIOLOGIST),
        lambda: desk.set_disabled(ROOT, "root", disabled=True),
    ):
        with pytest.raises(PermanentError, match="for another administrator"):
            change()
    assert acts(desk) == []


def test_the_last_administrator_who_can_sign_in_stays() -> None:
    desk = a_desk(ROOT, SECOND)
    desk.set_disabled(ROOT, "second", disabled=True)
    with pytest.raises(PermanentError, match="last administrator"):
        desk.set_disabled(SECOND, "root", disabled=True)
    with pytest.raises(PermanentError, match="last administrator"):
        desk.set_role(SECOND, "root", Role.QUALITY)
    with pytest.raises(PermanentError, match="last administrator"):
        desk.add(CONSOLE, Actor("root", Role.QUALITY), "a long password", may_replace=True)
    desk.add(CONSOLE, ROOT, "a new password", may_replace=True)
    assert account(desk, "root").password_hash == "hash of a new password"


def test_a_session_is_ended_once_and_expired_ones_are_not_listed() -> None:
    desk = a_desk(ROOT, READER)
    (of_ann,) = [each for each in desk.sessions(ROOT) if each.actor_id == "ann"]
    desk.end_session(ROOT, of_ann.token_sha256)
    assert acts(desk) == [("root", "session.revoke", {"account": "ann"})]
    with pytest.raises(PermanentError, match="ended already"):
        desk.end_session(ROOT, of_ann.token_sha256)


@pytest.mark.parametrize("role", [each for each in Role if Act.MANAGE_ACCOUNTS not in PERMITTED[each]])
def test_no_other_role_may(role: Role) -> None:
    desk, actor = a_desk(ROOT, READER), Actor("other", role)
    for act in (
        lambda: desk.add(actor, Actor("new", Role.ADMIN), "a long password"),
        lambda: desk.set_role(actor, "ann", Role.ADMIN),
        lambda: desk.set_disabled(actor, "ann", disabled=True),
        lambda: desk.set_password(actor, "ann", "a long password"),
        lambda: desk.sessions(actor),
        lambda: desk.end_session(actor, "ann0".ljust(64, "0")),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert acts(desk) == []


def test_what_is_not_there_is_said() -> None:
    desk = a_desk(ROOT)
    with pytest.raises(PermanentError, match="no account ann"):
        desk.set_password(ROOT, "ann", "a long password")
    with pytest.raises(PermanentError, match="too short"):
        desk.set_password(ROOT, "root", "short")


ELSEWHERE = ExternalIdentity("https://id.example", "u-ann", "ann")


def linked(desk: AccountDesk) -> tuple[ExternalIdentity, ...]:
    with desk.database.begin(write=False) as unit:
        return unit.external_identities()


def test_a_linked_account_has_no_password_and_no_session() -> None:
    desk = a_desk(ROOT, READER)
    desk.link(ROOT, "ann", ELSEWHERE)
    assert (linked(desk), account(desk, "ann").password_hash) == ((ELSEWHERE,), NO_PASSWORD)
    assert [each.actor_id for each in desk.sessions(ROOT)] == ["root"]
    facts = {"account": "ann", "issuer": ELSEWHERE.issuer, "subject": "u-ann", "sessions_ended": "2"}
    assert acts(desk)[-1] == ("root", "account.link", facts)
    for give in (
        lambda: desk.set_password(ROOT, "ann", "a long password"),
        lambda: desk.add(CONSOLE, READER, "a long password", may_replace=True),
    ):
        with pytest.raises(PermanentError) as refused:
            give()
        assert refused.value.code == "no_password"


def test_an_account_that_is_unlinked_opens_to_nobody_until_it_has_a_password() -> None:
    desk = a_desk(ROOT, READER)
    desk.link(ROOT, "ann", ELSEWHERE)
    desk.unlink(ROOT, "ann")
    assert (linked(desk), account(desk, "ann").password_hash) == ((), NO_PASSWORD)
    assert acts(desk)[-1][:2] == ("root", "account.unlink")
    desk.set_password(ROOT, "ann", "a long password")
    assert account(desk, "ann").password_hash == "hash of a long password"


@pytest.mark.parametrize(
    ("actor_id", "identity", "code"),
    [
        ("root", ELSEWHERE, "own_account"),
        ("nobody", ELSEWHERE, "no_account"),
        ("scanner", ELSEWHERE, "system_account"),
        ("ann", ExternalIdentity("https://id.example", " ", "ann"), "no_subject"),
        ("ann", ExternalIdentity("https://id.example", "u-second", "ann"), "identity_taken"),
        ("second", ExternalIdentity("https://id.example", "u-other", "second"), "linked"),
    ],
)
def test_who_is_not_linked(actor_id: str, identity: ExternalIdentity, code: str) -> None:
    desk = a_desk(ROOT, SECOND, READER, Actor("scanner", Role.SERVICE))
    desk.link(ROOT, "second", ExternalIdentity("https://id.example", "u-second", "second"))
    with pytest.raises(PermanentError) as refused:
        desk.link(ROOT, actor_id, identity)
    assert refused.value.code == code
    assert [each.actor_id for each in linked(desk)] == ["second"]


@pytest.mark.parametrize(("actor_id", "code"), [("ann", "not_linked"), ("root", "own_account")])
def test_who_is_not_unlinked(actor_id: str, code: str) -> None:
    with pytest.raises(PermanentError) as refused:
        a_desk(ROOT, READER).unlink(ROOT, actor_id)
    assert refused.value.code == code


def test_only_who_manages_accounts_links_them() -> None:
    desk = a_desk(ROOT, READER)
    for act in (lambda: desk.link(READER, "root", ELSEWHERE), lambda: desk.unlink(READER, "root")):
        with pytest.raises(NotPermitted):
            act()
