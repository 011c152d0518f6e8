"""The worklist of UPS-RS is kept alike by every store: states without identity in the working database, data sets in the vault, a version at a time."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders_workitems import a_step
from tests.contract.conftest import SQL, Templates

from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import StudyKey
from wetread.domain.workitem import GLOBAL, EventKind, StepState, Subscription, Workitem, WorkitemEvent
from wetread.orders.read_requests import RequestDesk
from wetread.ports.database import Database
from wetread.ports.vault import Search
from wetread.ports.workitem_vault import VaultWorkitem, WorkitemVault
from wetread.storage.database import SqlDatabase
from wetread.storage.workitem_vault import SqlWorkitemVault
from wetread.testing.clock import FixedClock
from wetread.testing.memory_workitems import MemoryWorkitemVault
from wetread.workitems.book import WorkitemBook
from wetread.workitems.desk import WorkitemDesk, transaction_digest

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ITEM = Workitem("w1", 1, StepState.SCHEDULED, "ris", NOW, NOW, StudyKey("s1"))
EVENT = WorkitemEvent(7, 0, "w1", EventKind.STATE_REPORT, 1, StepState.SCHEDULED, NOW)
HELD = VaultWorkitem(
    "w1",
    1,
    "2.25.1",
    '{"00741204": {"vr": "LO", "Value": ["Read"]}}',
    (
        ("PatientID", "P1"),
        ("PatientName", "Müller^Änne"),
        ("ProcedureStepState", "SCHEDULED"),
        ("SOPInstanceUID", "2.25.1"),
        ("ScheduledProcedureStepStartDateTime", "20261129120000"),
        ("ScheduledStationNameCodeSequence.CodeValue", "A"),
        ("ScheduledStationNameCodeSequence.CodeValue", "B"),
    ),
    "20261129120000",
)


@pytest.fixture(params=["memory", *SQL])
def vault(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[WorkitemVault]:
    if request.param == "memory":
        yield MemoryWorkitemVault()
        return
    with templates.copy(request.param, "vault", tmp_path) as url:
        store = SqlWorkitemVault(url)
        yield store
        store.close()


def test_a_workitem_comes_back_and_is_replaced_under_its_key(database: Database) -> None:
    claimed = replace(ITEM, state=StepState.IN_PROGRESS, version=2, transaction_sha256="00", performer_id="ai")
    for each in (ITEM, claimed):
        with database.begin() as unit:
            unit.save_workitem(each)
            unit.commit()
    with database.begin(write=False) as unit:
        assert (unit.workitem("w1"), unit.workitem("w2")) == (claimed, None)
        assert unit.workitems(["w1", "w2"]) == {"w1": claimed}


def test_only_what_ended_long_ago_and_nobody_holds_may_be_forgotten(database: Database) -> None:
    ended = [
        replace(ITEM, workitem_key=f"w{n}", state=StepState.COMPLETED, changed_at=NOW - timedelta(days=n))
        for n in (1, 2, 3, 4)
    ]
    with database.begin() as unit:
        for each in (*ended, replace(ITEM, workitem_key="w9", changed_at=NOW - timedelta(days=9))):
            unit.save_workitem(each)
        unit.save_subscription(Subscription("RIS", "w3", "ris", deletion_lock=True))
        unit.save_subscription(Subscription("RIS", "w4", "ris"))
        assert [each.workitem_key for each in unit.ended_workitems(NOW - timedelta(days=1))] == ["w4", "w2"]
        unit.forget_workitem("w4")
        assert (unit.workitem("w4"), unit.subscriptions_to("w4")) == (None, ())
        assert [each.scope for each in unit.subscriptions_of("RIS")] == ["w3"]
        unit.commit()


def test_a_subscription_is_one_by_subscriber_and_scope(database: Database) -> None:
    with database.begin() as unit:
        for each in (
            Subscription("RIS", GLOBAL, "ris", filtered=True),
            Subscription("RIS", "w1", "ris"),
            Subscription("RIS", "w1", "ris", deletion_lock=True),
            Subscription("EMR", "w1", "emr"),
        ):
            unit.save_subscription(each)
        assert unit.subscriptions_to("w1") == (
            Subscription("EMR", "w1", "emr"),
            Subscription("RIS", "w1", "ris", deletion_lock=True),
        )
        assert [each.filtered for each in unit.subscriptions_of("RIS")] == [True, False]
        assert [unit.end_subscription("RIS", "w1"), unit.end_subscription("RIS", "w1")] == [True, False]
        unit.commit()


def test_events_are_told_in_order_to_who_is_subscribed(database: Database) -> None:
    other = replace(EVENT, sequence=8, workitem_key="w2")
    later = replace(EVENT, sequence=9, kind=EventKind.PROGRESS_REPORT)
    with database.begin() as unit:
        unit.save_workitem(ITEM)
        unit.save_subscription(Subscription("RIS", "w1", "ris"))
        for each in (EVENT, replace(EVENT, number=1), other, later):
            unit.save_event(each, forget_before=NOW - timedelta(days=1))
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.events_for("RIS", after=6) == (EVENT, replace(EVENT, number=1), later)
        assert unit.events_for("RIS", after=7) == (later,)
        assert unit.events_for("RIS", after=0, limit=1) == (EVENT,)
        assert unit.events_for("EMR", after=0) == ()


def test_old_events_are_dropped_when_new_ones_come(database: Database) -> None:
    with database.begin() as unit:
        unit.save_subscription(Subscription("RIS", "w1", "ris"))
        unit.save_event(replace(EVENT, happened_at=NOW - timedelta(days=2)), forget_before=NOW - timedelta(days=3))
        unit.save_event(replace(EVENT, sequence=8), forget_before=NOW - timedelta(days=1))
        assert [each.sequence for each in unit.events_for("RIS", after=0)] == [8]
        unit.commit()


def test_a_data_set_comes_back_with_what_it_is_found_by(vault: WorkitemVault) -> None:
    vault.keep(HELD)
    found = vault.find("w1", 1)
    assert found is not None
    assert (found.workitem_uid, found.body, found.scheduled_at) == (HELD.workitem_uid, HELD.body, HELD.scheduled_at)
    assert (vault.find("w1", 2), vault.find("w2", 1)) == (None, None)


def test_the_version_before_stays_and_a_version_is_replaced(vault: WorkitemVault) -> None:
    for version in (1, 2, 3, 3):
        vault.keep(replace(HELD, version=version, body=f'{{"v": {version}}}'))
    assert [bool(vault.find("w1", each)) for each in (1, 2, 3)] == [False, True, True]
    assert vault.search(Search({"SOPInstanceUID": "2.25.1"})) == (("w1", 2), ("w1", 3))
    vault.forget("w1")
    assert vault.search(Search()) == ()


@pytest.mark.parametrize(
    ("match", "fuzzy", "found"),
    [
        ({}, False, True),
        ({"PatientID": "P1"}, False, True),
        ({"PatientID": "P"}, False, False),
        ({"PatientID": "P*"}, False, True),
        ({"PatientName": "müller^*"}, False, True),
        ({"PatientName": "muller anne"}, True, True),
        ({"PatientName": "muller berta"}, True, False),
        ({"ProcedureStepState": "SCHEDULED", "PatientID": "P1"}, False, True),
        ({"ProcedureStepState": "IN PROGRESS"}, False, False),
        ({"SOPInstanceUID": "2.25.1,2.25.2"}, False, True),
        ({"ScheduledStationNameCodeSequence.CodeValue": "B"}, False, True),
        ({"ScheduledProcedureStepStartDateTime": "20261129"}, False, True),
        ({"ScheduledProcedureStepStartDateTime": "20261129-20261130"}, False, True),
        ({"ScheduledProcedureStepStartDateTime": "-20261128"}, False, False),
        ({"WorklistLabel": "*"}, False, True),
        ({"WorklistLabel": "x"}, False, False),
    ],
)
def test_data_sets_are_found_as_qido_finds_studies(
    vault: WorkitemVault, match: dict[str, str], fuzzy: bool, found: bool
) -> None:
    vault.keep(HELD)
    assert vault.search(Search(match, fuzzy=fuzzy)) == ((("w1", 1),) if found else ())


@pytest.mark.parametrize("match", [{"StudyDate": "20261129"}, {"ScheduledProcedureStepStartDateTime": "today"}])
def test_what_cannot_be_matched_is_refused(vault: WorkitemVault, match: dict[str, str]) -> None:
    vault.keep(HELD)
    with pytest.raises(PermanentError) as caught:
        vault.search(Search(match))
    assert caught.value.code == "bad_query"


def test_answers_are_paged_by_the_time_they_are_scheduled_for(vault: WorkitemVault) -> None:
    for key, at in (("w1", "20261129"), ("w2", "20261128"), ("w3", "20261129")):
        vault.keep(replace(HELD, workitem_key=key, scheduled_at=at))
    assert [key for key, _ in vault.search(Search(limit=2))] == ["w2", "w1"]
    assert [key for key, _ in vault.search(Search(limit=2, offset=2))] == ["w3"]


def test_what_a_filtered_subscription_is_to_stands_in_the_vault(vault: WorkitemVault) -> None:
    vault.keep_filter("RIS", {"PatientID": "P1"})
    vault.keep_filter("RIS", {"PatientID": "P2"})
    assert (vault.filter_of("RIS"), vault.filter_of("EMR")) == ({"PatientID": "P2"}, {})


def test_of_performers_that_claim_at_once_exactly_one_wins(sql_database: SqlDatabase) -> None:
    clock = FixedClock(NOW)
    book = WorkitemBook(MemoryWorkitemVault(), b"s" * 32)
    desk = WorkitemDesk(sql_database, book, clock, RequestDesk(sql_database, clock), lambda: "2.25.9")
    desk.create("2.25.9", a_step(), "ris")
    start, outcomes = threading.Barrier(4), list[str]()

    def claim(number: int) -> None:
        start.wait(60)
        try:
            outcomes.append(desk.change_state("2.25.9", StepState.IN_PROGRESS, f"2.25.{number}", f"ai{number}").status)
        except PermanentError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(1, 5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
    assert sorted(outcomes) == ["0000", "C301", "C301", "C301"]
    held = desk.retrieve("2.25.9").workitem
    assert held.transaction_sha256 == transaction_digest(f"2.25.{held.performer_id.removeprefix('ai')}")
