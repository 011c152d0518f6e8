"""What receivers were asked to answer for, and what we owe to who asked us, is kept by every database alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wetread.delivery.owed_reports import OwedReports
from wetread.domain.commitment import Commitment, CommitmentState, OwedReport, OwedState, OwedTotal
from wetread.ports.commitment_vault import AskedCommitment
from wetread.ports.database import Database
from wetread.testing.clock import FixedClock
from wetread.testing.memory_commitments import MemoryCommitmentVault

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ASKED = Commitment("2.25.1", "cstore-PACS", "k:1", "PACS", ("2.25.7", "2.25.8"), NOW)


def keep(database: Database, *commitments: Commitment) -> None:
    with database.begin() as unit:
        for each in commitments:
            unit.save_commitment(each)
        unit.commit()


def test_a_transaction_is_kept_and_its_answer_replaces_it(database: Database) -> None:
    keep(database, ASKED)
    told = replace(ASKED, state=CommitmentState.FAILED, answered_at=NOW + timedelta(hours=1), failed=1, reason="0112")
    for each in (ASKED, told):
        keep(database, each)
        with database.begin(write=False) as unit:
            assert unit.commitment("2.25.1") == each
            assert unit.commitment("2.25.2") is None


def test_the_last_of_what_was_sent_where(database: Database) -> None:
    again = replace(ASKED, transaction_uid="2.25.0", asked_at=NOW + timedelta(hours=1))
    others = replace(again, transaction_uid="2.25.3", sink="cstore"), replace(again, transaction_uid="2.25.4", of="k:2")
    keep(database, ASKED, again, *others)
    with database.begin(write=False) as unit:
        assert unit.last_commitment("cstore-PACS", "k:1") == again
        assert unit.last_commitment("cstore-PACS", "k:3") is None


OWED = OwedReport("r1", "CT1", "10.0.0.5", "listed", 2, NOW, NOW, NOW + timedelta(days=7))
TOLD = replace(OWED, request_key="r2", state=OwedState.TOLD, due_at=None, ended_at=NOW)


def owe(database: Database, *reports: OwedReport) -> None:
    with database.begin() as unit:
        for each in reports:
            unit.save_owed_report(each)
        unit.commit()


def test_a_report_that_we_owe_is_kept_and_replaced(database: Database) -> None:
    for each in (OWED, replace(OWED, held=True, attempt=2, due_at=NOW + timedelta(minutes=1), problem="away")):
        owe(database, each)
        with database.begin(write=False) as unit:
            assert unit.owed_report("r1") == each
            assert unit.owed_report("r9") is None


def test_the_one_that_is_due_longest_and_of_nobody_who_rests(database: Database) -> None:
    others = (
        replace(OWED, request_key="r0", due_at=NOW + timedelta(seconds=1)),
        replace(OWED, request_key="r3", ae_title="XA1", due_at=NOW - timedelta(seconds=1)),
    )
    owe(database, OWED, TOLD, *others)
    later = NOW + timedelta(seconds=1)
    with database.begin(write=False) as unit:
        assert unit.due_owed_report(NOW - timedelta(minutes=1)) is None
        assert unit.due_owed_report(later) == others[1]
        assert unit.due_owed_report(later, but_not=["XA1"]) == OWED
        assert unit.due_owed_report(later, but_not=["XA1", "CT1"]) is None


def test_those_in_a_state_are_counted_and_listed_by_title_and_age(database: Database) -> None:
    earlier = replace(OWED, request_key="r3", asked_at=NOW - timedelta(hours=1))
    owe(database, OWED, earlier, TOLD, replace(OWED, request_key="r4", ae_title="AX1"))
    with database.begin(write=False) as unit:
        assert (unit.count_owed("CT1"), unit.count_owed("AX1"), unit.count_owed("XA1")) == (2, 1, 0)
        assert [each.request_key for each in unit.owed_reports(OwedState.OWED)] == ["r4", "r3", "r1"]
        assert [each.request_key for each in unit.owed_reports(OwedState.OWED, limit=1)] == ["r4"]
        assert unit.owed_reports(OwedState.TOLD) == (TOLD,)
        assert [each.request_key for each in unit.owed_reports(OwedState.OWED, of=["CT1", "XA1"])] == ["r3", "r1"]


def test_what_is_owed_or_aside_is_summed_by_title_and_state(database: Database) -> None:
    earlier = replace(OWED, request_key="r3", asked_at=NOW - timedelta(hours=1), problem="long ago")
    aside = replace(OWED, request_key="r5", ae_title="AX1", state=OwedState.ASIDE, due_at=None, ended_at=NOW)
    owe(database, replace(OWED, problem="away"), earlier, TOLD, replace(aside, request_key="r6", state=OwedState.VOID))
    owe(database, replace(aside, problem="gone"), replace(OWED, request_key="r7", ae_title="AX1"))
    with database.begin(write=False) as unit:
        assert unit.owed_totals() == (
            OwedTotal("AX1", OwedState.ASIDE, 1, NOW, "gone"),
            OwedTotal("AX1", OwedState.OWED, 1, NOW, ""),
            OwedTotal("CT1", OwedState.OWED, 2, NOW - timedelta(hours=1), "away"),
        )


def test_what_ended_long_ago_is_found_and_forgotten(database: Database) -> None:
    aside = replace(TOLD, request_key="r0", state=OwedState.ASIDE, ended_at=NOW + timedelta(seconds=1))
    owe(database, OWED, aside, TOLD)
    with database.begin() as unit:
        assert unit.ended_owed_reports(NOW) == ()
        assert unit.ended_owed_reports(NOW + timedelta(hours=1)) == (TOLD, aside)
        assert unit.ended_owed_reports(NOW + timedelta(hours=1), limit=1) == (TOLD,)
        unit.forget_owed_reports(["r2", "r9"])
        unit.forget_owed_reports([])
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.ended_owed_reports(NOW + timedelta(hours=1)) == (aside,)


def test_of_many_hands_each_report_is_in_one(database: Database) -> None:
    clock, minute = FixedClock(NOW), timedelta(minutes=1)
    owed = OwedReports(database, MemoryCommitmentVault(), clock, b"s" * 32, minute, minute)
    asked = [AskedCommitment(f"2.25.{n}", (("1.2.9", f"2.25.{n}"),)) for n in range(12)]
    with ThreadPoolExecutor(4) as hands:
        held = list(hands.map(lambda each: owed.ask("CT1", "", each), [*asked, *asked]))
        keys = [each.request_key for each in held if each is not None]
        clock.advance(61)
        again = list(hands.map(lambda _: owed.claim(), range(24)))
    taken = [each.request_key for each in again if each is not None]
    assert (len(keys), sorted(taken)) == (12, sorted(keys))
