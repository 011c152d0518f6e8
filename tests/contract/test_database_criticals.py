"""Critical results in the database: one that is not closed per study, nobody overwrites a colleague, and what is due is found."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from wetread.domain.critical import (
    Acknowledgement,
    Closure,
    ClosureReason,
    Communication,
    CriticalResult,
    CriticalState,
)
from wetread.domain.errors import PermanentError, StaleVersion
from wetread.domain.identifiers import StudyKey
from wetread.ports.database import Database
from wetread.storage.database import SqlDatabase
from wetread.testing.builders import NOON, STUDY_KEY, a_study
from wetread.testing.critical_builders import a_critical_result

MINUTE = timedelta(minutes=1)
OTHER = StudyKey("o" * 24)


@pytest.fixture(autouse=True)
def studies(request: pytest.FixtureRequest) -> None:
    name = "sql_database" if "sql_database" in request.fixturenames else "database"
    database: Database = request.getfixturevalue(name)
    with database.begin() as uow:
        for key in (STUDY_KEY, OTHER):
            uow.save_study(a_study(study_key=key))
        uow.commit()


def save(database: Database, result: CriticalResult, expected_etag: int | None = None) -> CriticalResult:
    with database.begin() as uow:
        saved = uow.save_critical(result, expected_etag=expected_etag)
        uow.commit()
    return saved


def close(database: Database, result: CriticalResult) -> CriticalResult:
    closed = replace(result, state=CriticalState.CLOSED, next_due_at=None)
    return save(database, closed, expected_etag=result.etag)


def test_a_result_comes_back_as_it_was_saved_with_its_etag(database: Database) -> None:
    full = a_critical_result(
        state=CriticalState.CLOSED,
        next_due_at=None,
        step=3,
        acknowledgement=Acknowledgement("dr.roe", NOON, "pneumothorax\0, left \ud800"),
        communication=Communication("dr.roe", NOON + MINUTE, "Dr. Doe", "phone", read_back_confirmed=True),
        closure=Closure("dr.roe", NOON + 2 * MINUTE, ClosureReason.COMMUNICATED, "tube placed"),
    )
    assert save(database, a_critical_result()) == a_critical_result(etag=1)
    assert save(database, full, expected_etag=1) == replace(full, etag=2)
    with database.begin(write=False) as uow:
        assert uow.critical(full.critical_key) == uow.critical_of(STUDY_KEY) == replace(full, etag=2)
        assert (uow.critical("other"), uow.critical_of(OTHER)) == (None, None)


@pytest.mark.parametrize("expected_etag", [None, 0, 1, 3])
def test_a_stale_save_is_refused_and_changes_nothing(database: Database, expected_etag: int | None) -> None:
    first = save(database, a_critical_result())
    second = save(database, replace(first, step=1), expected_etag=1)
    with database.begin() as uow:
        with pytest.raises(StaleVersion):
            uow.save_critical(replace(first, step=9), expected_etag=expected_etag)
        assert uow.critical(first.critical_key) == second


def test_a_result_that_is_not_there_cannot_be_updated(database: Database) -> None:
    with database.begin() as uow:
        with pytest.raises(StaleVersion):
            uow.save_critical(a_critical_result(), expected_etag=1)
        assert uow.critical_of(STUDY_KEY) is None


def test_a_study_has_one_result_that_is_not_closed(database: Database) -> None:
    first = save(database, a_critical_result())
    another = a_critical_result(critical_key="another", opened_at=NOON + MINUTE)
    with database.begin() as uow:
        with pytest.raises(PermanentError) as refusal:
            uow.save_critical(another, expected_etag=None)
        assert refusal.value.code == "critical_open"
        uow.save_critical(a_critical_result(study_key=OTHER), expected_etag=None)
        uow.commit()
    closed = close(database, first)
    save(database, another)
    with database.begin() as uow:
        assert uow.critical_of(STUDY_KEY) == replace(another, etag=1)
        with pytest.raises(PermanentError) as refusal:
            uow.save_critical(replace(first, state=CriticalState.OPEN), expected_etag=closed.etag)
        assert refusal.value.code == "critical_open"
        noted = uow.save_critical(replace(closed, reason="corrected"), expected_etag=closed.etag)
        assert uow.critical(first.critical_key) == noted


def test_of_many_openers_of_one_study_exactly_one_opens(database: Database) -> None:
    def open_one(number: int) -> str:
        try:
            save(database, a_critical_result(critical_key=f"result/{number}"))
        except PermanentError as refusal:
            return refusal.code
        return "opened"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(open_one, range(8)))
    assert outcomes == ["critical_open"] * 7 + ["opened"]


def test_of_many_acknowledgements_exactly_one_is_saved(database: Database) -> None:
    def acknowledge(number: int) -> str:
        taken = Acknowledgement(f"dr.{number}", NOON, "")
        try:
            save(database, a_critical_result(state=CriticalState.ACKNOWLEDGED, acknowledgement=taken), expected_etag=1)
        except StaleVersion as refusal:
            return refusal.code
        return "saved"

    save(database, a_critical_result())
    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(acknowledge, range(8)))
    assert outcomes == ["saved"] + ["stale_version"] * 7


def test_open_results_come_oldest_first_and_closed_ones_newest_first(database: Database) -> None:
    made = []
    for number, key in enumerate("aBcD"):
        with database.begin() as uow:
            uow.save_study(a_study(study_key=StudyKey(key)))
            opened_at = NOON + (number // 2) * MINUTE
            result = a_critical_result(critical_key=key, study_key=StudyKey(key), opened_at=opened_at)
            made.append(uow.save_critical(result, expected_etag=None))
            uow.commit()
    a, b, c, d = made
    with database.begin(write=False) as uow:
        assert uow.criticals() == (b, a, d, c)
        assert uow.criticals(limit=1) == (b,)
        assert uow.criticals(closed=True) == ()
    a, b, c = (close(database, each) for each in (a, b, c))
    with database.begin(write=False) as uow:
        assert uow.criticals() == (d,)
        assert uow.criticals(closed=True) == (c, a, b)
        assert uow.criticals(closed=True, limit=2) == (c, a)


def test_what_is_due_comes_oldest_due_first(database: Database) -> None:
    opened_at = NOON - timedelta(minutes=5)
    late = save(database, a_critical_result(opened_at=opened_at, next_due_at=NOON))
    early = save(
        database,
        a_critical_result(study_key=OTHER, opened_at=opened_at, next_due_at=NOON - timedelta(microseconds=1)),
    )
    with database.begin(write=False) as uow:
        assert uow.due_criticals(NOON - timedelta(microseconds=2)) == ()
        assert uow.due_criticals(NOON - timedelta(microseconds=1)) == (early,)
        assert uow.due_criticals(NOON) == uow.due_criticals(NOON + timedelta(days=1)) == (early, late)
    save(database, replace(early, state=CriticalState.COMMUNICATED, next_due_at=None), expected_etag=1)
    with database.begin(write=False) as uow:
        assert uow.due_criticals(NOON) == (late,)


def test_a_new_result_is_due_though_the_clock_of_its_machine_is_ahead(database: Database) -> None:
    new = save(database, a_critical_result(opened_at=NOON + timedelta(days=3), next_due_at=NOON + timedelta(days=3)))
    save(database, a_critical_result(study_key=OTHER, next_due_at=NOON + timedelta(minutes=5)))
    with database.begin(write=False) as uow:
        assert uow.due_criticals(NOON) == (new,)


def test_a_result_needs_its_study_at_the_commit(database: Database) -> None:
    with database.begin() as uow:
        uow.save_critical(a_critical_result(study_key=StudyKey("later")), expected_etag=None)
        with pytest.raises(PermanentError) as refusal:
            uow.commit()
    assert refusal.value.code == "database_refused"


def test_an_uncommitted_result_never_was(database: Database) -> None:
    with database.begin() as uow:
        uow.save_critical(a_critical_result(), expected_etag=None)
        assert uow.critical_of(STUDY_KEY) is not None
    with database.begin(write=False) as uow:
        assert uow.critical_of(STUDY_KEY) is None
        with pytest.raises(PermanentError) as refusal:
            uow.save_critical(a_critical_result(), expected_etag=None)
    assert refusal.value.code == "read_only"


def test_the_database_itself_keeps_a_study_to_one_open_result(sql_database: SqlDatabase, sql_url: str) -> None:
    """Behind the code's own check: a row written past it is refused."""
    from sqlalchemy import insert
    from sqlalchemy.exc import IntegrityError

    from wetread.storage import schema
    from wetread.storage.engine import make_engine

    save(sql_database, a_critical_result())
    row = {"critical_key": "past", "study_key": STUDY_KEY, "site": "", "state": "notified", "etag": 1, "body": "{}"}
    engine = make_engine(sql_url)
    with pytest.raises(IntegrityError), engine.connect() as connection:
        connection.execute(insert(schema.critical_results), row | {"opened_at": NOON})
    engine.dispose()
