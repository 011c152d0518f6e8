"""A triage policy comes into use by two people in two roles, checked at both acts and never once it is stale; one takes it back; the log says who, and which text."""

from dataclasses import replace

import pytest

from wetread.domain.errors import IllegalTransition, NotPermitted, PermanentError, StaleVersion, WetreadError
from wetread.domain.policy_version import PolicyState, PolicyVersion, policy_sha256
from wetread.domain.role import PERMITTED, Act, Actor, Role
from wetread.governance.policy_desk import PolicyDesk
from wetread.testing.clock import FixedClock
from wetread.testing.memory_database import MemoryDatabase
from wetread.triage.policy import DEFAULT_POLICY

FILE = DEFAULT_POLICY.read_text("utf-8")
NEW, NEWER = (FILE.replace('"default-2"', f'"{name}"') for name in ("north-1", "north-2"))
QUINN, ADA = Actor("quinn", Role.QUALITY), Actor("ada", Role.ADMIN)


class Office:
    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.desk = PolicyDesk(self.database, FixedClock(), lambda: FILE)

    def active(self) -> PolicyVersion | None:
        with self.database.begin(write=False) as unit:
            return unit.active_policy()

    def states(self) -> dict[int, str]:
        with self.database.begin(write=False) as unit:
            return {each.number: each.state.value for each in unit.policies()}

    def in_use(self, text: str) -> PolicyVersion:
        return self.desk.approve(ADA, self.desk.propose(QUINN, text, "why").number, "agreed")


@pytest.fixture
def office() -> Office:
    return Office()


def test_one_proposes_and_another_in_the_other_role_approves(office: Office) -> None:
    asked = office.desk.propose(QUINN, NEW, "too many pages at night")
    assert (asked.number, asked.name, asked.state, office.active()) == (1, "north-1", PolicyState.PROPOSED, None)
    office.desk.approve(ADA, 1, "tried on last week")
    active = office.active()
    assert active is not None
    assert (active.text, [(each.action, each.actor_id) for each in active.acts]) == (
        NEW,
        [("propose", "quinn"), ("approve", "ada")],
    )
    events = [each.event for each in office.database.audit_records()]
    assert [(each.action, each.actor_id) for each in events] == [("policy.propose", "quinn"), ("policy.approve", "ada")]
    assert all(dict(each.detail)["sha256"] == policy_sha256(NEW) for each in events)


@pytest.mark.parametrize("actor", [QUINN, Actor("quirin", Role.QUALITY)], ids=["oneself", "one's own role"])
def test_who_proposed_does_not_approve_nor_does_their_role(office: Office, actor: Actor) -> None:
    office.desk.propose(QUINN, NEW, "why")
    with pytest.raises(NotPermitted) as refused:
        office.desk.approve(actor, 1, "yes")
    assert refused.value.code == "four_eyes"
    assert office.active() is None


@pytest.mark.parametrize("role", list(Role))
def test_every_role_does_what_its_acts_say(role: Role) -> None:
    office, actor = Office(), Actor("x", role)
    other = ADA if role is Role.QUALITY else QUINN
    acts = {
        Act.PROPOSE_POLICY: lambda: office.desk.propose(actor, NEW, "why"),
        Act.APPROVE_POLICY: lambda: office.desk.approve(actor, office.desk.propose(other, NEWER, "why").number, "yes"),
    }
    for act, do in acts.items():
        if act in PERMITTED[role]:
            do()
        else:
            with pytest.raises(NotPermitted):
                do()


def test_a_proposal_made_for_another_policy_is_stale(office: Office) -> None:
    office.desk.propose(QUINN, NEW, "why")
    office.desk.propose(QUINN, NEWER, "why")
    office.desk.approve(ADA, 1, "yes")
    with pytest.raises(StaleVersion):
        office.desk.approve(ADA, 2, "yes")
    assert office.states() == {1: "active", 2: "proposed"}
    changed = replace(office.desk, file_text=lambda: NEWER)
    office.desk.revert(QUINN, 1, "wrong")
    with pytest.raises(StaleVersion):
        changed.approve(ADA, 2, "yes")


@pytest.mark.parametrize(
    "text", ["", "{", FILE.replace("priority: stat", "priority: at_once"), FILE + "\nrubbish: 1\n"]
)
def test_what_cannot_decide_is_not_even_proposed(office: Office, text: str) -> None:
    with pytest.raises(PermanentError) as refused:
        office.desk.propose(QUINN, text, "why")
    assert refused.value.code == "bad_policy"
    assert office.states() == {}


@pytest.mark.parametrize("changed", ["{", NEWER], ids=["broken", "another text"])
def test_a_proposal_that_changed_or_broke_meanwhile_never_decides(office: Office, changed: str) -> None:
    asked = office.desk.propose(QUINN, NEW, "why")
    with office.database.begin() as unit:
        unit.save_policy(replace(asked, text=changed))
        unit.commit()
    with pytest.raises(PermanentError) as refused:
        office.desk.approve(ADA, 1, "yes")
    assert refused.value.code == "bad_policy"
    assert office.active() is None


def test_what_decided_before_decides_again_and_one_person_is_enough(office: Office) -> None:
    office.in_use(NEW)
    second = office.in_use(NEWER)
    assert (second.replaced, office.states()) == (1, {1: "superseded", 2: "active"})
    office.desk.revert(QUINN, 2, "too many pages")
    assert office.states() == {1: "active", 2: "reverted"}
    office.desk.revert(ADA, 1, "back to the file")
    assert (office.states(), office.active()) == ({1: "reverted", 2: "reverted"}, None)
    with pytest.raises(IllegalTransition):
        office.desk.revert(ADA, 1, "again")


def test_a_proposal_is_withdrawn_and_then_nobody_approves_it(office: Office) -> None:
    office.desk.propose(QUINN, NEW, "why")
    office.desk.withdraw(ADA, 1, "no")
    with pytest.raises(IllegalTransition):
        office.desk.approve(ADA, 1, "yes")
    assert office.states() == {1: "withdrawn"}


def test_no_reason_and_nothing_new_are_refused(office: Office) -> None:
    office.in_use(NEW)
    for text, reason in ((NEW, "why"), (NEWER, "  ")):
        with pytest.raises(WetreadError):
            office.desk.propose(QUINN, text, reason)
    assert office.states() == {1: "active"}
