"""A report that we owe is in one pair of hands, is told once, and does not get lost between them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.delivery.owed_desk import OwedDesk
from wetread.delivery.owed_reports import OwedReports
from wetread.domain.commitment import OwedReport, OwedState
from wetread.domain.errors import NotPermitted, TransientError
from wetread.domain.role import Actor, Role
from wetread.ports.commitment_vault import AskedCommitment
from wetread.testing.builders import NOON
from wetread.testing.clock import FixedClock
from wetread.testing.memory_commitments import MemoryCommitmentVault
from wetread.testing.memory_database import MemoryDatabase

ASKED = AskedCommitment("2.25.1", (("1.2.9", "2.25.7"), ("1.2.9", "2.25.8")))
ADMIN, DOCTOR = Actor("ada", Role.ADMIN), Actor("dr", Role.RADIOLOGIST)
CT1 = "CT1", "10.0.0.5"


@pytest.fixture
def owed() -> OwedReports:
    lease, tried_for = timedelta(seconds=60), timedelta(hours=2)
    return OwedReports(MemoryDatabase(), MemoryCommitmentVault(), FixedClock(NOON), b"s" * 32, lease, tried_for, 2)


def wait(owed: OwedReports, **how_long: float) -> None:
    assert isinstance(owed.clock, FixedClock)
    owed.clock.advance(timedelta(**how_long).total_seconds())


def asked(owed: OwedReports, uid: str = "2.25.1", title: str = "CT1") -> OwedReport:
    held = owed.ask(title, "10.0.0.5", replace(ASKED, transaction_uid=uid))
    assert held is not None
    return held


def claimed(owed: OwedReports) -> OwedReport:
    held = owed.claim()
    assert held is not None
    return held


def standing(owed: OwedReports, held: OwedReport) -> OwedReport:
    with owed.database.begin(write=False) as unit:
        found = unit.owed_report(held.request_key)
    assert found is not None
    return found


def audited(owed: OwedReports) -> list[tuple[str, str, str, dict[str, str]]]:
    events = [each.event for each in owed.database.audit_records()]
    return [(each.action, each.actor_id, each.outcome, dict(each.detail)) for each in events]


def test_what_was_asked_outlives_whoever_had_it_in_hand(owed: OwedReports) -> None:
    held = asked(owed)
    assert owed.claim() is None  # its asker's association has it
    wait(owed, seconds=61)
    again = claimed(owed)
    assert (again.request_key, again.attempt) == (held.request_key, 2)
    assert owed.asked(again) == ASKED
    assert not owed.renew(held)
    assert owed.renew(again)


def test_renewed_it_stays_in_hand(owed: OwedReports) -> None:
    held = asked(owed)
    for _ in range(3):
        wait(owed, seconds=50)
        assert owed.renew(held)
        assert owed.claim() is None


def test_no_uid_and_no_list_is_in_the_working_database(owed: OwedReports) -> None:
    asked(owed)
    assert isinstance(owed.database, MemoryDatabase)
    for uid in ("2.25.1", "2.25.7", "2.25.8"):
        assert uid not in repr(owed.database.state.owed_reports)


def test_told_is_told_once_and_what_was_asked_is_forgotten(owed: OwedReports) -> None:
    held = asked(owed)
    owed.told(held, committed=1, failed=1)
    owed.told(held, committed=1, failed=1)
    assert standing(owed, held).state is OwedState.TOLD
    assert owed.vault.find(held.request_key) is None
    facts = {"committed": "1", "failed": "1", "address": "10.0.0.5"}
    assert audited(owed) == [("dimse.commit", "dimse@CT1", "incomplete", facts)]
    wait(owed, days=1)
    assert owed.claim() is None


def test_who_heard_it_from_a_slow_hand_is_not_told_again(owed: OwedReports) -> None:
    slow = asked(owed)
    wait(owed, seconds=61)
    claimed(owed)
    owed.told(slow, committed=2, failed=0)
    wait(owed, seconds=61)
    assert owed.claim() is None


def test_an_asker_who_comes_again_takes_it_over_unless_it_is_in_hand(owed: OwedReports) -> None:
    first = asked(owed)
    assert owed.ask(*CT1, ASKED) is None
    owed.release(first)
    second = asked(owed)
    assert (second.request_key, second.attempt) == (first.request_key, first.attempt + 1)
    owed.release(first)  # too late: it is not first's any more
    assert owed.claim() is None
    owed.told(second, committed=2, failed=0)
    third = asked(owed)
    assert (third.request_key, owed.asked(third)) == (first.request_key, ASKED)


def test_another_list_under_a_uid_in_use_is_a_duplicate_of_its_own(owed: OwedReports) -> None:
    first, shorter = asked(owed), replace(ASKED, instances=ASKED.instances[:1])
    other = owed.ask(*CT1, shorter)
    assert other is not None
    assert (first.duplicate, other.duplicate) == (False, True)
    assert [owed.asked(each) for each in (first, other)] == [ASKED, shorter]
    owed.told(other, committed=0, failed=1)
    again = owed.ask(*CT1, shorter)
    assert again is not None
    assert again.request_key == other.request_key
    assert not asked(owed, title="XA1").duplicate


def test_a_failure_is_tried_again_later_and_put_aside_when_its_time_is_up(owed: OwedReports) -> None:
    owed.release(asked(owed))
    waits = []
    for _ in range(3):
        held = claimed(owed)
        owed.later(held, "CT1 does not answer", 1.0)
        waits.append(standing(owed, held).due_at)
        wait(owed, hours=1)
    assert owed.claim() is None
    assert waits == [NOON + timedelta(seconds=5), NOON + timedelta(hours=1, seconds=10), None]
    assert (standing(owed, held).state, standing(owed, held).problem) == (OwedState.ASIDE, "CT1 does not answer")
    assert [each[2] for each in audited(owed)] == ["not_told"]
    assert owed.asked(held) == ASKED  # for whoever puts it back


def test_what_kills_whoever_takes_it_is_put_aside(owed: OwedReports) -> None:
    held = asked(owed)
    for _ in range(3):
        wait(owed, seconds=61)
        claimed(owed)
    wait(owed, seconds=61)
    assert owed.claim() is None
    assert standing(owed, held).state is OwedState.ASIDE
    assert "died each time" in standing(owed, held).problem


def test_a_person_puts_it_back(owed: OwedReports) -> None:
    held, other = asked(owed), asked(owed, title="XA1")
    for each in (held, other):
        owed.put_aside(each, "away")
    desk = OwedDesk(owed.database, owed.clock, owed.tried_for)
    with pytest.raises(NotPermitted):
        desk.put_back(DOCTOR)
    assert [(each.ae_title, each.reports, each.problem) for each in desk.totals()] == [
        ("CT1", 1, "away"),
        ("XA1", 1, "away"),
    ]
    assert desk.put_back(ADMIN, ["CT1"]) == 1
    assert (desk.put_back(ADMIN, ["CT1"]), desk.put_back(ADMIN)) == (0, 1)
    wait(owed, hours=1)
    owed.later(claimed(owed), "away", 1.0)  # it has all its time again
    assert not desk.put_back(ADMIN)
    facts = {"ae_titles": "XA1", "reports": "1"}
    assert audited(owed)[-1] == ("dimse.commit_again", "ada", "success", facts)


def test_more_than_one_transaction_holds_is_put_back_whole_and_of_that_neighbour_alone(owed: OwedReports) -> None:
    aside = OwedReport("", "CT1", "10.0.0.5", "l", 1, NOON, None, NOON, state=OwedState.ASIDE, ended_at=NOON)
    with owed.database.begin() as unit:
        for title in ("CT1", "XA1"):
            for number in range(501):
                unit.save_owed_report(replace(aside, request_key=f"{title} {number}", ae_title=title))
        unit.commit()
    desk = OwedDesk(owed.database, owed.clock, owed.tried_for)
    assert desk.put_back(ADMIN, ["XA1"]) == 501
    assert [(each.ae_title, each.state, each.reports) for each in desk.totals()] == [
        ("CT1", OwedState.ASIDE, 501),
        ("XA1", OwedState.OWED, 501),
    ]
    assert [each[3]["reports"] for each in audited(owed)] == ["500", "1"]


def test_whose_films_were_erased_is_told_nothing(owed: OwedReports) -> None:
    held = asked(owed)
    owed.vault.forget([held.request_key])  # as the eraser does
    assert owed.asked(held) is None
    assert standing(owed, held).state is OwedState.VOID
    assert [each[2] for each in audited(owed)] == ["void"]
    assert owed.asked(asked(owed)) == ASKED


def test_who_takes_no_reports_cannot_ask_without_end(owed: OwedReports) -> None:
    first = asked(owed, "2.25.1")
    asked(owed, "2.25.2")
    with pytest.raises(TransientError, match="has not taken 2 reports") as caught:
        asked(owed, "2.25.3")
    assert caught.value.code == "too_many_owed"
    asked(owed, "2.25.3", title="XA1")
    owed.release(first)
    asked(owed, "2.25.1")  # one that is owed may be asked for again
    owed.told(first, committed=2, failed=0)
    asked(owed, "2.25.3")


def test_the_old_ones_go_with_what_a_crash_left(owed: OwedReports) -> None:
    told, aside, still = (asked(owed, "2.25.1"), asked(owed, "2.25.2", "XA1"), asked(owed, "2.25.3", "XA2"))
    owed.told(told, committed=2, failed=0)
    owed.put_aside(aside, "away")
    owed.vault.keep("left by a crash", ASKED, owed.clock.now())
    wait(owed, days=1)
    young = asked(owed, "2.25.4", "XA3")
    owed.told(young, committed=2, failed=0)
    assert owed.purge(owed.clock.now() - timedelta(days=2)) == 0
    assert owed.asked(aside) is not None
    assert owed.purge(owed.clock.now()) == 2
    with owed.database.begin(write=False) as unit:
        kept = [unit.owed_report(each.request_key) is not None for each in (told, aside, still, young)]
    assert kept == [False, False, True, True]
    assert [owed.vault.find(each) for each in (aside.request_key, "left by a crash")] == [None, None]
    assert owed.vault.find(still.request_key) is not None
