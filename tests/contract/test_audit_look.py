"""A look through a long audit log: an index where there is one, and otherwise an end."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, text
from sqlalchemy.dialects import postgresql, sqlite

from wetread.domain.audit import AuditEvent, AuditQuery
from wetread.governance.audit_look import look, looks
from wetread.ports.database import Database
from wetread.storage.audit_search import audit_statement
from wetread.storage.engine import make_engine
from wetread.testing.builders import NOON, STUDY_KEY


def a_log(database: Database) -> None:
    """Ten records: 3 by ann, the others by ben."""
    with database.begin() as uow:
        for number in range(1, 11):
            uow.audit(AuditEvent("login", "ann" if number == 3 else "ben"), NOON + timedelta(hours=number))
        uow.commit()


def test_what_has_no_index_is_looked_for_in_parts(database: Database) -> None:
    a_log(database)
    early = AuditQuery(until=NOON + timedelta(hours=4))
    assert look(database, early, 4) == look(database, replace(early, before=11), 4)
    assert (look(database, early, 4).records, look(database, early, 4).before) == ((), 7)
    found = [(tuple(row.sequence for row in each.records), each.before) for each in looks(database, early, 4)]
    assert found == [((), 7), ((3,), 3), ((2, 1), None)]


def test_what_has_one_is_looked_for_at_once(database: Database) -> None:
    a_log(database)
    found = look(database, AuditQuery(actor_id="ann"), 4)
    assert ([each.sequence for each in found.records], found.before) == ([3], None)


def test_a_look_ends_with_as_many_as_were_asked_for(database: Database) -> None:
    a_log(database)
    assert look(database, AuditQuery(limit=2), 4).before == 9
    found = [[row.sequence for row in each.records] for each in looks(database, AuditQuery(limit=6), 4)]
    assert found == [[10, 9, 8, 7], [6, 5]]
    found = [[row.sequence for row in each.records] for each in looks(database, AuditQuery(after=8), 1)]
    assert found == [[10], [9]]


def test_an_address_and_a_study_are_found_by_their_indexes(sql_url: str) -> None:
    """On SQLite as its planner chooses; PostgreSQL's would read an empty table through unless told not to."""
    engine = make_engine(sql_url)
    try:
        assert "ix_audit_address" in plan(engine, AuditQuery(address="10.0.0.7"))
        assert "ix_audit_study_key_sequence" in plan(engine, AuditQuery(study_key=STUDY_KEY))
        assert "ix_audit_address" not in plan(engine, AuditQuery(action="login"))
    finally:
        engine.dispose()


def plan(engine: Engine, query: AuditQuery) -> str:
    on_sqlite = engine.dialect.name == "sqlite"
    dialect = sqlite.dialect() if on_sqlite else postgresql.dialect()
    asked = audit_statement(query).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        if not on_sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        return repr(connection.exec_driver_sql(f"{'EXPLAIN QUERY PLAN' if on_sqlite else 'EXPLAIN'} {asked}").all())
