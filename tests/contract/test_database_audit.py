"""The audit log: one unbroken chain, whoever writes and whatever is tampered with."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone

import pytest
from sqlalchemy import text

from wetread.domain.acting_from import acting_from
from wetread.domain.audit import GENESIS, AuditEvent, AuditQuery, record_hash, verify_chain
from wetread.domain.errors import PermanentError
from wetread.domain.report import ReportStatus
from wetread.ports.database import Database
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import make_engine, translated
from wetread.testing.builders import NOON, STUDY_KEY, a_report, a_signature, a_study


def append(database: Database, count: int = 1) -> None:
    with database.begin() as uow:
        for number in range(count):
            uow.audit(AuditEvent("admit", "wetread", "success", STUDY_KEY, (("number", str(number)),)), NOON)
        uow.commit()


def test_records_come_back_as_they_were_returned(database: Database) -> None:
    event = AuditEvent("sign", "dr.roe", "stale_version", STUDY_KEY, (("version", "1"), ("note", 'ü "quoted"')))
    zoned = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with database.begin() as uow:
        written = [uow.audit(event, zoned), uow.audit(AuditEvent("open", "dr.roe"), NOON)]
        uow.commit()
    assert list(database.audit_records()) == written
    assert list(database.audit_records(start=2)) == written[1:]
    assert written[0].previous_hash == GENESIS
    assert written[1].previous_hash == written[0].hash == record_hash(1, NOON, event, GENESIS)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with database.begin() as uow, pytest.raises(ValueError, match="zone"):
        uow.audit(AuditEvent("sign", "dr.roe"), NOON.replace(tzinfo=None))


def test_the_change_token_grows_with_every_record(database: Database) -> None:
    tokens = [database.change_token()]
    for count in (1, 3):
        append(database, count)
        tokens.append(database.change_token())
    assert tokens[0] < tokens[1] < tokens[2]


def test_concurrent_writers_leave_one_unbroken_chain(database: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: append(database, 3), range(20)))
    records = list(database.audit_records())
    assert len(records) == 60
    assert verify_chain(records) is None


def test_a_long_log_is_read_to_its_end(sql_database: SqlDatabase) -> None:
    append(sql_database, 2_500)
    assert sum(1 for _ in sql_database.audit_records()) == 2_500
    assert verify_chain(sql_database.audit_records()) is None


@pytest.mark.parametrize("act", ["UPDATE audit SET actor_id = 'somebody else' WHERE sequence = 2", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(sql_url: str, sql_database: SqlDatabase, act: str) -> None:
    append(sql_database, 3)
    with pytest.raises(PermanentError):
        execute(sql_url, act)
    assert verify_chain(sql_database.audit_records()) is None
    assert sql_database.change_token() == 3


@pytest.mark.parametrize("act", ["UPDATE reports SET author_id = 'somebody else'", "DELETE FROM reports"])
def test_the_database_itself_refuses_to_change_a_signed_report(
    sql_url: str, sql_database: SqlDatabase, act: str
) -> None:
    with sql_database.begin() as uow:
        uow.save_study(a_study())
        signed = uow.save_report(a_report(status=ReportStatus.FINAL, signature=a_signature()), expected_etag=None)
        uow.commit()
    with pytest.raises(PermanentError):
        execute(sql_url, act)
    with sql_database.begin(write=False) as uow:
        assert uow.report(STUDY_KEY) == signed


@pytest.mark.parametrize(
    ("act", "where"),
    [
        ("UPDATE audit SET actor_id = 'somebody else' WHERE sequence = 2", 2),
        ('UPDATE audit SET detail = \'[["number", "7"]]\' WHERE sequence = 1', 1),
        ("DELETE FROM audit WHERE sequence = 2", 2),
        ("UPDATE audit SET sequence = sequence + 10 WHERE sequence >= 2", 2),
    ],
)
def test_tampering_behind_the_triggers_is_found(sql_url: str, sql_database: SqlDatabase, act: str, where: int) -> None:
    append(sql_database, 3)
    execute(sql_url, *disarm(sql_url), act)
    found = verify_chain(sql_database.audit_records())
    assert found is not None
    assert found.sequence == where


def test_a_cut_tail_shows_at_the_next_record(sql_url: str, sql_database: SqlDatabase) -> None:
    append(sql_database, 3)
    execute(sql_url, *disarm(sql_url), "DELETE FROM audit WHERE sequence = 3")
    append(sql_database)
    found = verify_chain(sql_database.audit_records())
    assert found is not None
    assert found.sequence == 3


def test_a_log_without_its_head_takes_no_records(sql_url: str, sql_database: SqlDatabase) -> None:
    execute(sql_url, "DELETE FROM audit_head")
    with pytest.raises(PermanentError) as refusal:
        append(sql_database)
    assert refusal.value.code == "audit_broken"


def disarm(url: str) -> list[str]:
    if url.startswith("sqlite"):
        return ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
    return ["DROP TRIGGER audit_no_change ON audit"]


def execute(url: str, *statements: str) -> None:
    engine = make_engine(url)
    try:
        with translated(), engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def test_records_are_searched_newest_first_and_page_by_page(database: Database) -> None:
    events = [
        AuditEvent("login", "ann"),
        AuditEvent("report.sign", "ann", study_key=STUDY_KEY),
        AuditEvent("report.save", "ben", study_key=STUDY_KEY),
        AuditEvent("report_x", "ben"),
        AuditEvent("login", "ben"),
    ]
    with database.begin() as uow:
        for hour, event in enumerate(events):
            uow.audit(event, NOON + timedelta(hours=hour))
        uow.commit()

    def found(**asked: object) -> list[int]:
        return [each.sequence for each in database.search_audit(AuditQuery(**asked))]  # type: ignore[arg-type]

    assert found() == [5, 4, 3, 2, 1]
    assert found(limit=2) == [5, 4]
    assert found(limit=2, before=4) == [3, 2]
    assert found(actor_id="ann") == [2, 1]
    assert found(action="report.") == [3, 2]
    assert found(action="report_") == [4]
    assert found(action="%") == []
    assert found(study_key=STUDY_KEY, actor_id="ben") == [3]
    assert found(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3)) == [3, 2]
    assert found(actor_id="nobody") == []
    assert database.search_audit(AuditQuery(action="report.sign"))[0].event == events[1]


def test_records_are_found_by_where_they_were_done(database: Database) -> None:
    with database.begin() as uow, acting_from("10.0.0.1"):
        here = uow.audit(AuditEvent("login", "dr.roe", detail=(("by", "hand"),)), NOON)
        uow.commit()
    with database.begin() as uow:
        for note in ("10.0.0.1", '["address","10.0.0.1"]'):
            uow.audit(AuditEvent("login", "dr.roe", detail=(("note", note),)), NOON)
        with acting_from("10.0.0.12"):
            uow.audit(AuditEvent("login", "dr.roe"), NOON)
        uow.commit()
    assert database.search_audit(AuditQuery(address="10.0.0.1")) == (here,)
    assert (here.event.address, database.search_audit(AuditQuery(address="10.0.0.%"))) == ("10.0.0.1", ())
    assert verify_chain(database.audit_records()) is None
