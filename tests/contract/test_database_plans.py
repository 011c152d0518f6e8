"""What is asked every second looks at the few rows that matter, however many are over."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Executable, event, insert, text

from wetread.storage import alarms, commitment_rows, criticals, pages, schema
from wetread.storage.database import SqlDatabase
from wetread.storage.engine import begin, make_engine
from wetread.testing.builders import NOON, STUDY_KEY, a_study

OVER = 3000
"""Enough for PostgreSQL's planner to prefer an index to reading the whole table."""


@pytest.fixture
def connection(sql_url: str, sql_database: SqlDatabase) -> Iterator[Connection]:
    """A database in which everything is over, with its statistics taken."""
    with sql_database.begin() as uow:
        uow.save_study(a_study())
        uow.commit()
    engine = make_engine(sql_url)
    with engine.connect() as connection:
        begin(connection, write=True)
        for table, row in ROWS.items():
            connection.execute(insert(schema.work.tables[table]), [row | {KEYS[table]: f"{n}"} for n in range(OVER)])
        connection.execute(text("ANALYZE"))
        yield connection
    engine.dispose()


BODY = {"body": "{}" * 200}
KEYS = {
    "critical_results": "critical_key",
    "pages": "page_key",
    "alarms": "alarm_key",
    "owed_reports": "request_key",
}
ROWS: dict[str, dict[str, object]] = {
    "critical_results": BODY
    | {"study_key": STUDY_KEY, "site": "", "state": "closed", "opened_at": NOON, "next_due_at": None, "etag": 1},
    "pages": BODY
    | {"subject": "s", "study_key": STUDY_KEY, "urgency": 0, "state": "sent", "attempt": 1, "queued_at": NOON},
    "alarms": BODY | {"raised_at": NOON, "cleared_at": NOON},
    "owed_reports": BODY | {"ae_title": "CT1", "state": "told", "asked_at": NOON, "ended_at": NOON},
}


LOOKS: list[tuple[Executable, dict[str, object], str]] = [
    (criticals.DUE, {"now": NOON}, "ix_critical_results_due"),
    (criticals.OPEN, {"most": 500}, "critical_results_open"),
    (criticals.CLOSED, {"most": 50}, "ix_critical_results_closed"),
    (pages.CLAIM_PAGE, dict(pages.claim_until(NOON, 30)), "ix_pages_queued"),
    (alarms.OPEN, {"most": 500}, "ix_alarms_open"),
    (commitment_rows.DUE_REPORT, {"now": NOON}, "ix_owed_reports_due"),
]


def test_a_look_goes_through_the_index_of_what_matters(connection: Connection) -> None:
    how = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    event.listen(connection, "before_cursor_execute", lambda *call: (how + call[2], call[3]), retval=True)
    for statement, parameters, index in LOOKS:
        plan = [str(row[-1]) for row in connection.execute(statement, parameters).cursor]
        looked = [step for step in plan if " on " in step or step.startswith(("SCAN", "SEARCH"))]
        assert any(index in step for step in looked), plan
        assert not any("Seq Scan" in step or ("SCAN" in step and "INDEX" not in step) for step in looked), plan
