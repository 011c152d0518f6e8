"""Erasures, legal holds, tombstones; and that every table which tells of a study lets it go."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Boolean, DateTime, Engine, LargeBinary, Numeric, inspect
from sqlalchemy.engine import make_url

from wetread.domain.audit import AuditEvent
from wetread.domain.erasure import (
    Erasure,
    ErasureAct,
    ErasureReason,
    ErasureState,
    Leftovers,
    SentOut,
    Tombstone,
    TombstoneState,
)
from wetread.domain.errors import PermanentError
from wetread.domain.identifiers import InstanceKey, PatientKey, StudyKey
from wetread.domain.job import JobKind, JobRequest
from wetread.domain.legal_hold import HoldReason, HoldScope, LegalHold
from wetread.domain.role import Role
from wetread.ports.database import Database
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import make_engine, writing
from wetread.storage.erasure_rows import ASKED_BY, KEPT, SENT_OF, TELLS_OF_NO_STUDY
from wetread.storage.schema import metadata_of
from wetread.testing.builders import NOON, a_report, a_signature, a_study, an_instance

ONE, TWO = StudyKey("one"), StudyKey("two")
ACT = ErasureAct("ask", "quinn", Role.QUALITY, NOON)
ASKED = Erasure(1, (ONE,), ErasureReason.PATIENT_REQUEST, ErasureState.ASKED, (ACT,), PatientKey("p"), "DPO-7")
STONE = Tombstone(
    ONE,
    1,
    TombstoneState.ERASING,
    ErasureReason.WRONG_UPLOAD,
    "quinn",
    "ada",
    NOON,
    (("films", 2),),
    "e" * 64,
    (SentOut("pacs", 1, "acknowledged", NOON),),
    Leftovers(("a" * 64,), ("hold",), ("request",), ("order",)),
)
HOLD = LegalHold(1, HoldScope.STUDY, ONE, HoldReason.LITIGATION, "quinn", Role.QUALITY, NOON, "L 1/26")


def test_erasures_come_back_and_the_one_that_is_due_longest_is_taken_first(database: Database) -> None:
    first = replace(ASKED, state=ErasureState.APPROVED, due_at=NOON + timedelta(minutes=1))
    second = replace(first, number=2, due_at=NOON)
    over = replace(ASKED, number=3, state=ErasureState.ERASED)
    with database.begin() as unit:
        assert (unit.erasures(), unit.erasure(1), unit.due_erasure(NOON)) == ((), None, None)
        for each in (replace(first, due_at=None), first, second, over):
            unit.save_erasure(each)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.erasures() == (over, second, first)
        assert unit.erasures(only_open=True, limit=1) == (second,)
        assert unit.due_erasure(NOON - timedelta(seconds=1)) is None
        assert unit.due_erasure(NOON + timedelta(hours=1)) == second


def test_holds_stand_until_they_are_lifted(database: Database) -> None:
    patient = replace(HOLD, number=2, scope=HoldScope.PATIENT, subject="patient")
    with database.begin() as unit:
        assert (unit.last_legal_hold(), unit.legal_holds()) == (0, ())
        unit.save_legal_hold(HOLD)
        unit.save_legal_hold(patient)
        unit.commit()
    with database.begin() as unit:
        assert unit.legal_holds_on([ONE, "patient"]) == (HOLD, patient)
        gone = replace(HOLD, lifted_by="ada", lifted_at=NOON)
        unit.save_legal_hold(gone)
        unit.commit()
    with database.begin(write=False) as unit:
        assert unit.legal_holds_on([ONE]) == ()
        assert unit.legal_holds() == (patient,)
        assert unit.legal_holds(lifted=True) == (gone,)
        assert (unit.legal_hold(1), unit.legal_hold(9), unit.last_legal_hold()) == (gone, None, 2)


def test_a_tombstone_stays_and_tells_when_its_study_came_again(database: Database) -> None:
    erased = replace(STONE, state=TombstoneState.ERASED, leftovers=None, erased_at=NOON)
    with database.begin() as unit:
        unit.save_tombstone(STONE)
        unit.save_tombstone(replace(erased, study_key=TWO, began_at=NOON + timedelta(days=1)))
        unit.commit()
    with database.begin() as unit:
        assert unit.tombstone(ONE) == STONE
        assert set(unit.tombstones_of([ONE, TWO, StudyKey("never erased")])) == {ONE, TWO}
        assert [each.study_key for each in unit.tombstones()] == [TWO, ONE]
        assert unit.returned() == ()
        unit.save_study(a_study(study_key=TWO))
        unit.commit()
    with database.begin(write=False) as unit:
        assert [each.study_key for each in unit.returned()] == [TWO]


def test_rows_go_only_while_the_tombstone_says_so_and_others_stay(database: Database) -> None:
    with database.begin() as unit:
        for key in (ONE, TWO):
            unit.save_study(a_study(study_key=key))
            film, shared = an_instance(study_key=key, instance_key=InstanceKey(f"{key}-film")), "c" * 64
            unit.admit_instance(replace(film, content_sha256=("a" if key == ONE else "b") * 64))
            unit.admit_instance(replace(film, instance_key=InstanceKey(f"{key}-both"), content_sha256=shared))
            report = a_report(study_key=key)
            unit.save_report(replace(report, signature=a_signature(report.content)), expected_etag=None)
            unit.enqueue(JobRequest(JobKind.ANALYSE, key, f"analyse:{key}:1"))
            unit.audit(AuditEvent("study.admit", "ct", study_key=key), NOON)
        unit.commit()
    with database.begin() as unit, pytest.raises(PermanentError) as refusal:
        unit.erase_rows(ONE)
    assert refusal.value.code == "not_erasing"
    with database.begin() as unit:
        assert unit.open_jobs(ONE) == 1
        assert unit.films_of_it_alone(ONE) == ("a" * 64,)
        unit.save_tombstone(STONE)
        counts = unit.erase_rows(ONE)
        assert (counts["studies"], counts["instances"], counts["reports"], counts["jobs"]) == (1, 2, 1, 1)
        assert unit.erase_rows(ONE) == {}
        unit.commit()
    database.rewrite()
    with database.begin(write=False) as unit:
        assert (unit.find_study(ONE), unit.instances(ONE), unit.reports(ONE), unit.open_jobs(ONE)) == (None, (), (), 0)
        assert unit.study(TWO).study_key == TWO
        assert (len(unit.instances(TWO)), len(unit.reports(TWO)), unit.open_jobs(TWO)) == (2, 1, 1)
        assert unit.films_of_it_alone(TWO) == ("b" * 64, "c" * 64)
    assert [each.event.study_key for each in database.audit_records()] == [ONE, TWO]


def test_what_was_signed_is_deleted_by_nothing_but_an_erasure(sql_url: str) -> None:
    database, engine = SqlDatabase(sql_url), make_engine(sql_url)
    with database.begin() as unit:
        unit.save_study(a_study(study_key=ONE))
        report = a_report(study_key=ONE)
        unit.save_report(replace(report, signature=a_signature(report.content)), expected_etag=None)
        unit.save_tombstone(replace(STONE, state=TombstoneState.ERASED))
        unit.commit()
    for statement in ("DELETE FROM reports", "UPDATE reports SET author_id = 'x'"):
        with pytest.raises(PermanentError), writing(engine) as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    database.close()


@pytest.fixture
def engine(sql_url: str) -> Iterator[Engine]:
    made = make_engine(sql_url)
    yield made
    made.dispose()


def test_every_table_of_the_real_schema_is_known_to_the_erasure(engine: Engine) -> None:
    """A new table fails here until somebody says what it tells of."""
    there = set(inspect(engine).get_table_names()) - {"work_schema_version"}
    by_study = {
        name for name in there if any(each["name"] == "study_key" for each in inspect(engine).get_columns(name))
    }
    said = (set(KEPT), set(ASKED_BY), set(SENT_OF), set(TELLS_OF_NO_STUDY), by_study - set(KEPT))
    assert there == set().union(*said)
    assert sum(map(len, said)) == len(there), "a table is said to be two things"


def test_a_row_in_every_table_and_nothing_of_the_study_is_left(engine: Engine, sql_url: str) -> None:
    """One row per table, whatever it is for, whose every text names the study; what stays is what is declared to stay."""
    mark = StudyKey(f"mark-of-{make_url(sql_url).get_backend_name()}")
    tables = [each for each in metadata_of("work").sorted_tables if each.name not in TELLS_OF_NO_STUDY]
    with writing(engine) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        rounds = metadata_of("work").tables["relabel_rounds"]
        connection.execute(rounds.insert().values({"round_id": mark, "drawn_at": NOON, "body": "-"}))
        for table in tables:
            values = {each.name: _value(each.type, mark) for each in table.c}
            values |= {SENT_OF[table.name]: f"{mark}:1"} if table.name in SENT_OF else {}
            connection.execute(table.insert().values(values))
    database = SqlDatabase(sql_url)
    with database.begin() as unit:
        unit.save_tombstone(replace(STONE, study_key=mark))
        unit.erase_rows(mark)
        unit.commit()
    database.close()
    with engine.connect() as connection:
        named = {
            table.name
            for table in tables
            for row in connection.execute(table.select()).all()
            if any(mark in str(each) for each in row)
        }
    assert named == set(KEPT)


def _value(kind: object, mark: str) -> object:
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, LargeBinary):
        return mark.encode()
    if isinstance(kind, DateTime) or "DateTime" in type(kind).__name__:
        return datetime(2026, 3, 1, tzinfo=UTC)
    return 1 if isinstance(kind, Numeric) or "Integer" in type(kind).__name__ else mark
